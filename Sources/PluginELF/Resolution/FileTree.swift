internal import Glibc

/// The files among which libraries are looked for: those of this machine, or those below a folder that is taken for
/// the root of another one.
///
/// Below another root, absolute paths and symbolic links lead where they would lead if it were the root: a link to
/// /usr/lib/x is followed to ROOT/usr/lib/x, and ".." stops at the root.
package struct FileTree: Sendable, Hashable {
    /// Real path of the root; nil for this machine's own.
    let root: String?

    /// As many symbolic links as the system follows in one path.
    private static let linkLimit = 40

    /// The path by which this process can open a file of the tree; nil if there is none.
    func locate(_ path: String) -> String? {
        guard let root else { return path }
        var pending = Array(path.split(separator: "/").reversed())
        var found: [Substring] = []
        var links = 0
        while let part = pending.popLast() {
            if part == "." { continue }
            if part == ".." {
                _ = found.popLast()
                continue
            }
            found.append(part)
            let here = "\(root)/\(found.joined(separator: "/"))"
            guard let target = Self.target(of: here) else { continue }
            links += 1
            guard links <= Self.linkLimit else { return nil }
            if target.hasPrefix("/") { found = [] } else { found.removeLast() }
            pending += target.split(separator: "/").reversed()
        }
        let here = "\(root)/\(found.joined(separator: "/"))"
        return unsafe access(here, F_OK) == 0 ? here : nil
    }

    /// The name within the tree of a file of this machine; the name itself if the file lies elsewhere.
    func name(of path: String) -> String {
        guard let root, path.hasPrefix(root + "/") else { return path }
        return String(path.dropFirst(root.utf8.count))
    }

    func hasFolder(_ path: String) -> Bool {
        guard let place = locate(path), let status = FileStatus(lookingAt: place) else { return false }
        return status.isFolder
    }

    /// What a symbolic link says; nil for anything else.
    package static func target(of path: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = unsafe readlink(path, base, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return unsafe String(decoding: UnsafeRawBufferPointer(buffer)[..<count], as: UTF8.self)
        }
    }

    /// The path without symbolic links and dots; nil if there is no such file.
    static func realPath(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// The part of a path before its last slash; "/" for a file in the root.
    static func folder(_ path: String) -> String? {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
