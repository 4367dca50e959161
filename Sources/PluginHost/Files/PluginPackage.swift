internal import PluginCore
internal import PluginELF

/// The files that lie beside a plugin and belong to it: its private libraries, and the manifest beside it.
struct PluginPackage: Sendable {
    struct Companion: Sendable {
        /// The way from the plugin's folder, such as "libparse.so", "lib/libparse.so" or "../lib/libparse.so".
        let name: String
        let path: String

        /// Is it in the plugin's folder, or below?
        var isInside: Bool { !name.hasPrefix("/") && !name.split(separator: "/").contains("..") }
    }

    /// Libraries in the order in which they are found, then the manifest.
    let companions: [Companion]

    /// Reads the files. What is loaded in this process does not matter: another may load the plugin.
    /// - Throws: ``PluginError`` if one of them is gone, or cannot be read.
    init(_ path: String) throws(PluginError) {
        var companions: [Companion] = []
        let object = try SharedObject(opening: path)
        // Without the word there are none, and the search is not cheap.
        if [object.needed, object.rpath, object.runpath].joined().contains(where: { $0.contains("ORIGIN") }) {
            // The dynamic linker's $ORIGIN is the folder of the file that a link leads to.
            let origin = (Folders.realPath(path) ?? path).parent
            for library in Verifier(resolver: try LibraryResolver(root: "/")).verify(object).libraries {
                guard case .besidePlugin(let path) = library.origin else { continue }
                companions.append(Companion(name: path.seen(from: origin), path: path))
            }
        }
        if let manifest = try ManifestFile.beside(pluginFile: path) {
            companions.append(Companion(name: FileName.last(of: manifest.path), path: manifest.path))
        }
        self.companions = companions
    }

    /// As a lock has them: "sha256:" and 64 hexadecimal digits, by their names.
    func digests() throws(PluginError) -> [String: String] {
        var digests: [String: String] = [:]
        for companion in companions {
            digests[companion.name] = "sha256:\(try FileImage(opening: companion.path).digest())"
        }
        return digests
    }
}

extension String {
    fileprivate var parent: String { lastIndex(of: "/").map { String(self[..<$0]) } ?? "." }

    /// What follows a folder that it begins with.
    fileprivate func seen(from folder: String) -> String {
        guard hasPrefix(folder + "/") else { return self }
        return dropFirst(folder.count).split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
