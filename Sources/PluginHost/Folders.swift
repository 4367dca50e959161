internal import Glibc
internal import PluginCore

/// The few things that a host does with folders.
enum Folders {
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// The working folder of this process; empty if it is gone.
    static var current: String {
        guard let path = unsafe getcwd(nil, 0) else { return "" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// A path without links; nil if there is nothing.
    static func realPath(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// The folder that a file is in.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Names of what is in a folder; none if it cannot be read.
    static func files(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes folders that ``create(_:for:)`` has made and that are empty still.
    static func remove(made folders: [String]) {
        for folder in folders.reversed() { unsafe rmdir(folder) }
    }

    /// Makes a folder and those above it, for this user only.
    /// - Parameter owner: whose folder it is, for messages: "the plugin's data".
    /// - Returns: those that were not there, the outermost first.
    @discardableResult
    static func create(_ path: String, for owner: String) throws(PluginError) -> [String] {
        var new: [String] = []
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            if unsafe mkdir(made, 0o700) == 0 {
                new.append(made)
                continue
            }
            guard errno != EEXIST else { continue }
            let number = errno
            throw PluginError(
                number == EACCES || number == EROFS ? .permissionDenied : .unavailable,
                "the folder \(path) for \(owner) cannot be made: error \(number) at \(made)",
                remedy: "Check its permissions, or name another folder",
                facts: .errno(number, call: "mkdir"), stage: .create, retryable: false)
        }
        guard unsafe access(path + "/.", F_OK) == 0 else {
            throw PluginError(
                .conflict, "\(path), which is to be the folder for \(owner), is not a folder",
                remedy: "Name another folder",
                facts: .file(path: path), stage: .create)
        }
        return new
    }
}
