internal import Glibc
internal import PluginCore

/// What a name stands for just now.
enum FileKind {
    case absent
    /// A folder, or a link to one.
    case folder
    /// A regular file without contents that has no other name.
    case empty
    /// A file that has contents or another name, or a link.
    case file
    /// A socket, a pipe or a device.
    case other

    init(at path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            // What may not be looked at is there, for all that is known.
            self = errno == ENOENT ? .absent : .file
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: self = .folder
        case S_IFLNK: self = FileStamp(at: path).isFolder ? .folder : .file
        case S_IFREG: self = status.st_nlink == 1 && status.st_size == 0 ? .empty : .file
        default: self = .other
        }
    }
}

extension WatchedFolders {
    static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// Files and folders of a folder; `isLink` where one may be a link. Names that are no UTF-8 cannot be plugins' and are left out.
    static func list(_ path: String) -> [(name: String, isFolder: Bool, isLink: Bool)] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var found: [(String, Bool, Bool)] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(validatingCString: $0) }
            }
            guard let name, name != ".", name != ".." else { continue }
            let kind = unsafe Int32(entry.pointee.d_type)
            let isLink = kind == Int32(DT_LNK) || kind == Int32(DT_UNKNOWN)
            let isFolder = kind == Int32(DT_DIR) || isLink && FileStamp(of: name, in: unsafe dirfd(directory)).isFolder
            found.append((name, isFolder, isLink))
        }
        return found
    }

    /// Why a folder cannot be watched.
    func failure(_ path: String, _ number: Int32) -> PluginError {
        let without = "changes in it will not be seen"
        switch number {
        case EMFILE:
            return PluginError(
                .resourceExhausted, "there are more than \(rules.folderLimit) folders to watch; \(path) is not watched",
                remedy: "Name fewer folders, watch them less deep, or allow more",
                facts: .limit(
                    name: "folderLimit", value: Int64(rules.folderLimit), unit: "folders", source: "configuration"))
        case ENOSPC, ENOMEM:
            return PluginError(
                .resourceExhausted,
                "the system gives no more watches of folders (fs.inotify.max_user_watches); \(path) is not watched",
                remedy: "Raise it with sysctl fs.inotify.max_user_watches, or end what watches many folders",
                facts: .errno(number, call: "inotify_add_watch"))
        case EACCES:
            return PluginError(
                .permissionDenied, "\(path) may not be read by this user; \(without)",
                remedy: "Give this user the right to read it", facts: .file(path: path))
        default:
            return PluginError(
                .unavailable, "\(path) cannot be watched (error \(number)); \(without)",
                remedy: "Check the file system it is on", facts: .file(path: path))
        }
    }
}
