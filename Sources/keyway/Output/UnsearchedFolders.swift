internal import Glibc
internal import PluginHost

/// Folders that a person asked to be searched, and that cannot be.
struct UnsearchedFolders {
    let problems: [(path: String, problem: String)]
    /// Is there no other folder?
    private let isNothingLeft: Bool

    /// - Parameter named: the folders of --path; without them those of the environment and the usual places, of which the
    ///   usual ones need not exist.
    init(_ scan: RegistryScan, named: [String]) {
        let wanted = Set(named.isEmpty ? Environment.namedFolders : named)
        problems = scan.folderProblems.filter { wanted.contains($0.path) || Self.exists($0.path) }
        let paths = Set(problems.map(\.path))
        isNothingLeft = !named.isEmpty && paths.isSuperset(of: wanted)
    }

    var json: JSON {
        .array(problems.map { ["path": .string($0.path), "problem": .string($0.problem)] })
    }

    /// - Throws: if nothing is left to be searched.
    func require() throws(PluginError) {
        if isNothingLeft { throw error("no folder that --path names can be searched") }
    }

    /// - Throws: if anything is missing, because what is written would take it for gone.
    func requireAll(toWrite file: String) throws(PluginError) {
        if !problems.isEmpty { throw error("\(file) is not written, because not every folder can be searched") }
    }

    func warn() {
        for (path, problem) in problems { Console.error("keyway: warning: \(path): \(problem)".visible) }
    }

    private static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    private func error(_ what: String) -> PluginError {
        let list = problems.map { "\($0.path): \($0.problem)" }.joined(separator: "; ")
        return PluginError(
            Self.code(problems[0].path), "\(what): \(list)", remedy: "Correct the folders, or leave them out",
            facts: .names(problems.map(\.path)))
    }

    private static func code(_ path: String) -> PluginError.Code {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let number = errno
        guard descriptor < 0 else {
            close(descriptor)
            return .unavailable
        }
        return switch number {
        case ENOENT: .notFound
        case ENOTDIR: .invalidArgument
        default: .permissionDenied
        }
    }
}
