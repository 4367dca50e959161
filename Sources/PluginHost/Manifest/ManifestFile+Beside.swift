public import PluginCore

extension ManifestFile {
    /// The manifest beside a plugin's file, if there is one.
    ///
    /// For `DIR/NAME.so` the first of `DIR/NAME.plugin.json` and `DIR/NAME.plugin.toml`; else `DIR/keyway.plugin.json` or
    /// `DIR/plugin.toml` if its `main` is this file, or if it has none and this is the folder's only `.so`.
    ///
    /// - Throws: ``PluginError`` if there is one that cannot be read, or is wrong.
    public static func beside(pluginFile path: String) throws(PluginError) -> ManifestFile? {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { String(path[...$0]) } ?? ""
        let file = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let name = file.hasSuffix(".so") ? String(file.dropLast(3)) : file
        for own in ["\(name).plugin.json", "\(name).plugin.toml"] where Folders.exists(folder + own) {
            return try ManifestFile(reading: folder + own)
        }
        for shared in ["keyway.plugin.json", "plugin.toml"] where Folders.exists(folder + shared) {
            let found = try ManifestFile(reading: folder + shared)
            if let main = found.manifest.main {
                if main == file { return found }
            } else if Folders.files(in: folder.isEmpty ? "." : folder).filter({ $0.hasSuffix(".so") }) == [file] {
                return found
            }
        }
        return nil
    }
}
