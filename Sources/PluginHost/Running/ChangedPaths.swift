/// What a watch says has changed.
struct ChangedPaths {
    /// As they were named, and as they are called from the root folder; nil for everything.
    private let paths: Set<String>?

    static let everything = ChangedPaths(paths: nil)

    private init(paths: Set<String>?) { self.paths = paths }

    init(_ paths: Set<String>) { self.paths = paths.union(paths.map(Self.place)) }

    /// Is it the file, its manifest beside it, or a folder that it is in?
    func mean(_ file: String, manifestOnly: Bool = false) -> Bool {
        guard let paths else { return true }
        func matches(_ file: String) -> Bool {
            let stem = file.hasSuffix(".so") ? String(file.dropLast(3)) : file
            return paths.contains { path in
                if path == file { return !manifestOnly }
                return path.hasPrefix("\(stem).") || file.hasPrefix("\(path)/")
            }
        }
        return matches(file) || matches(Self.place(file))
    }

    /// A path from the root folder, without links but for the last name.
    static func place(_ path: String) -> String {
        let folder = Folders.parent(of: path)
        return (Folders.realPath(folder) ?? folder) + "/" + FileName.last(of: path)
    }
}
