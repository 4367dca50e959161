/// Which grants cover a file. A value: nothing is looked up.
package struct FileAccessPolicy: Sendable {
    /// One right, and the path of the grant that gives it; nil if none does.
    package struct Verdict: Sendable, Hashable {
        package let access: SandboxPolicy.Access
        package let grant: String?

        package init(access: SandboxPolicy.Access, grant: String?) { (self.access, self.grant) = (access, grant) }
    }

    /// The innermost first.
    private let grants: [SandboxPolicy.FileGrant]

    /// - Parameter grants: with paths as ``verdicts(on:_:)`` compares them: absolute and without links.
    package init(_ grants: [SandboxPolicy.FileGrant]) {
        self.grants = grants.sorted { $0.path.utf8.count > $1.path.utf8.count }
    }

    /// What becomes of each right that is wanted, as Landlock decides: rights of all folders above a file add up.
    /// - Parameter path: absolute; one with `..` in it is covered by nothing.
    package func verdicts(on path: String, _ wanted: SandboxPolicy.Access) -> [Verdict] {
        [SandboxPolicy.Access.read, .write].filter(wanted.contains).map { right in
            Verdict(
                access: right, grant: grants.first { $0.access.contains(right) && Self.lies(path, in: $0.path) }?.path)
        }
    }

    /// By bytes: names that only look alike are other files.
    private static func lies(_ path: String, in folder: String) -> Bool {
        let (path, folder) = (Array(path.utf8), Array((folder == "/" ? "" : folder).utf8))
        guard path.starts(with: folder), path.count == folder.count || path[folder.count] == UInt8(ascii: "/") else {
            return false
        }
        return !path.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) }
    }
}
