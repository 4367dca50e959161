/// Names of plugins' files.
package enum FileName {
    /// Is it a file that is meant, and not a plugin's name?
    package static func isPath(_ fileOrName: String) -> Bool {
        if fileOrName.hasSuffix(".so") { return true }
        // "@scope/name" is an id.
        let slashes = fileOrName.utf8.count { $0 == UInt8(ascii: "/") }
        return slashes > (fileOrName.hasPrefix("@") ? 1 : 0)
    }

    /// The name of a file without its folder.
    static func last(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The name of a file without its folder and without ".so".
    static func stem(_ path: String) -> String {
        let name = last(of: path)
        return name.hasSuffix(".so") ? String(name.dropLast(3)) : name
    }
}
