internal import Glibc
internal import PluginELF

/// A file as a system call of a worker names it, and where that is.
struct NamedFile {
    let name: String
    /// Absolute, and without links as far as it is there; nil if that cannot be known.
    let place: String?

    /// Looks at the file system. What the name led to, and what it leads to a moment later, may differ.
    /// - Parameter folder: descriptor of the process that a relative name begins at, or AT_FDCWD.
    init(_ name: String, folder: Int32, of process: Int32) {
        self.name = name
        if name.hasPrefix("/") {
            place = Self.resolve(name)
        } else {
            let start = "/proc/\(process)/" + (folder == AT_FDCWD ? "cwd" : "fd/\(folder)")
            place = name.isEmpty ? nil : Self.absolute(start).map { Self.resolve("\($0)/\(name)") }
        }
    }

    /// One that its process has opened already; or how a thread is, which keyway-worker has another answer for.
    var isOwn: Bool {
        let parts = name.split(separator: "/")
        guard parts.first == "proc", parts.count == 3 || parts.count == 4 else { return false }
        return parts[1...].starts(with: ["self", "fd"]) || (UInt32(parts[1]) != nil && parts[2...] == ["stat"])
    }

    private static func resolve(_ path: String) -> String {
        // Of another process that is somebody else.
        if path.hasPrefix("/proc/") { return path }
        if let found = real(path) { return found }
        // It is yet to be made.
        guard let slash = path.lastIndex(of: "/") else { return path }
        let (folder, last) = (path[..<slash], path[path.index(after: slash)...])
        guard !last.isEmpty, last != "..", let found = real(folder.isEmpty ? "/" : String(folder)) else { return path }
        return found == "/" ? "/\(last)" : "\(found)/\(last)"
    }

    /// What a link of /proc leads to, if that has a name.
    private static func absolute(_ link: String) -> String? {
        FileTree.target(of: link).flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    private static func real(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(cString: found)
    }
}
