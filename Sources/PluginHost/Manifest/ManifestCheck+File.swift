internal import PluginCore
internal import PluginELF
internal import PluginLoader

extension ManifestCheck {
    /// What is wrong between a manifest in a file of its own and the plugin that it is for.
    /// - Parameters:
    ///   - path: of the manifest.
    ///   - folder: its folder, with a slash at its end, or empty.
    static func file(of manifest: Manifest, at path: String, in folder: String) -> [ManifestProblem] {
        if let main = manifest.main {
            let member = manifest.member(among: ManifestField.main.spellings)
            // Of what is no shared object the reader has said so.
            guard main.hasSuffix(".so") else { return [] }
            guard Folders.exists(folder + main) else {
                return [ManifestProblem(.warning, member, "names \(main), which is not there")]
            }
            return digest(of: folder + main, named: main, manifest, at: member)
        }
        guard let plugin = plugin(of: path, in: folder) else { return [] }
        return digest(of: folder + plugin, named: plugin, manifest, at: manifest.member(among: ["sha256"]))
    }

    /// The file that a manifest without `main` is for; see ``ManifestFile/beside(pluginFile:)``.
    private static func plugin(of path: String, in folder: String) -> String? {
        let name = String(path.dropFirst(folder.count))
        for ending in [".plugin.json", ".plugin.toml"] where name.hasSuffix(ending) && name != "keyway.plugin.json" {
            let plugin = "\(name.dropLast(ending.count)).so"
            return Folders.exists(folder + plugin) ? plugin : nil
        }
        guard ["keyway.plugin.json", "plugin.toml"].contains(name) else { return nil }
        let plugins = Folders.files(in: folder.isEmpty ? "." : folder).filter { $0.hasSuffix(".so") }
        return plugins.count == 1 ? plugins[0] : nil
    }

    /// - Parameter place: of what names the file.
    private static func digest(
        of plugin: String, named name: String, _ manifest: Manifest, at place: String
    ) -> [ManifestProblem] {
        let digest: String
        do throws(PluginError) {
            digest = try FileImage(opening: plugin).digest()
        } catch {
            return [ManifestProblem(.error, place, "is for \(name), but \(error.what)")]
        }
        guard let stated = manifest.sha256 else {
            // A manifest in the plugin itself counts before this one.
            if let object = try? SharedObject(opening: plugin), object.notes.manifestText != nil { return [] }
            return [
                ManifestProblem(
                    .warning, "/sha256",
                    "is missing, so \(name) cannot be loaded with this manifest; that of the file is \(digest)")
            ]
        }
        guard stated != digest else { return [] }
        return [
            ManifestProblem(
                .error, manifest.member(among: ["sha256"]), "is \(stated), but \(name) has \(digest)")
        ]
    }
}

extension Manifest {
    /// Where a member of one of these spellings stands.
    fileprivate func member(among spellings: [String]) -> String {
        spellings.map(member).first { $0.json != nil }?.pointer ?? "/\(spellings[0])"
    }
}
