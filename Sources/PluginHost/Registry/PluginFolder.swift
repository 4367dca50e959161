internal import Glibc
internal import PluginCore

/// A folder in which plugins are looked for, as it was found.
struct PluginFolder: Sendable {
    /// A shared object of a folder.
    struct File: Sendable, Hashable {
        var name: String
        /// Does the listing say that it is a regular file? If not, it may still be a link to one.
        var isRegular: Bool
        /// Files of the folder that could be its manifest.
        var manifests: [String]
    }

    var path: String
    /// Taken before the folder was listed, so that what changes meanwhile shows the next time.
    var stamp: FileStamp
    /// Is it inside one of the folders that were named? A package has its libraries beside the plugin.
    var isNested: Bool
    /// By name.
    var files: [File] = []
    /// Why nothing of it could be read, or nil.
    var problem: String?

    /// Files that are a manifest for a folder's only plugin, or for the one that they name.
    static let manifestNames = ["keyway.plugin.json", "plugin.toml"]

    /// A folder, whatever name it is called by.
    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// The named folders and, to the depth that is asked for, those in them, each followed by its own.
    ///
    /// - Parameter depth: 1 takes a folder's own files alone. Hidden folders are left out, and one that was listed by
    ///   another name.
    static func list(_ paths: [String], depth: Int) -> [PluginFolder] {
        var found: [PluginFolder] = []
        var seen: Set<Identity> = []
        for path in paths { append(path, isNested: false, depth: depth, seen: &seen, to: &found) }
        return found
    }

    private static func append(
        _ path: String, isNested: Bool, depth: Int, seen: inout Set<Identity>, to found: inout [PluginFolder]
    ) {
        var folder = PluginFolder(path: path, stamp: FileStamp(at: path), isNested: isNested)
        if folder.stamp != .absent,
            !seen.insert(Identity(device: folder.stamp.device, inode: folder.stamp.inode)).inserted
        {
            return
        }
        var inner: [String] = []
        folder.problem = folder.read(&inner)
        // A nested folder without a plugin still counts: one may be put there.
        found.append(folder)
        guard depth > 1 else { return }
        for name in inner.sorted() {
            append("\(path)/\(name)", isNested: true, depth: depth - 1, seen: &seen, to: &found)
        }
    }

    private mutating func read(_ inner: inout [String]) -> String? {
        guard stamp != .absent else { return "there is no such folder" }
        guard stamp.isFolder else { return "it is not a folder" }
        guard let directory = unsafe opendir(path) else {
            return errno == EACCES ? "it may not be read by this user" : "it cannot be read (error \(errno))"
        }
        defer { unsafe closedir(directory) }
        let descriptor = unsafe dirfd(directory)
        var plugins: [File] = []
        var manifests: Set<String> = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name.hasPrefix(".") { continue }
            if name.hasSuffix(".so") {
                let isRegular = unsafe Int32(entry.pointee.d_type) == Int32(DT_REG)
                plugins.append(File(name: name, isRegular: isRegular, manifests: []))
            } else if name.hasSuffix(".plugin.json") || name.hasSuffix(".plugin.toml") || name == "plugin.toml" {
                manifests.insert(name)
            } else {
                let kind = unsafe Int32(entry.pointee.d_type)
                let isLink = kind == Int32(DT_LNK) || kind == Int32(DT_UNKNOWN)
                if kind == Int32(DT_DIR) || isLink && FileStamp(of: name, in: descriptor).isFolder {
                    inner.append(name)
                }
            }
        }
        let shared = Self.manifestNames.filter(manifests.contains)
        files = plugins.sorted { $0.name < $1.name }
        // Most folders have no such file, and most plugins need none.
        for index in files.indices where !manifests.isEmpty {
            let stem = files[index].name.dropLast(3)
            let own = ["json", "toml"].map { "\(stem).plugin.\($0)" }.filter(manifests.contains)
            files[index].manifests = own + shared.filter { !own.contains($0) }
        }
        return nil
    }
}
