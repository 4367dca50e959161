internal import Glibc
public import PluginCore
internal import PluginELF
public import PluginLoader

/// Runs plugins in processes of their own, to see what they do before this process runs them.
///
///     let scanner = try PluginScanner.locate()
///     for result in try await scanner.probe([prepared]) where !result.hasPassed { print(result.reason) }
///
/// The processes are those of a `keyway-worker` of their own, a program beside the host's. A plugin that crashes, exits,
/// hangs or prints is named; the others are not touched by it. If there is no such program, that is an error: no plugin is
/// ever tried in this process instead.
///
/// The program has to belong to root or to this user, and nobody else may be able to write it: what runs plugins decides
/// what is said of them.
///
/// A plugin that is tried is in a sandbox that grants it nothing: it reads the system's libraries and computes. Beyond that
/// it is limited in time, processor time, memory, open files and the size of files. What a kernel cannot enforce
/// (``PluginHost/sandboxReport(of:)``) is not enforced here either.
public struct PluginScanner: Sendable, Hashable {
    /// The program.
    public let path: String
    /// Plugins that are tried at the same time, 1 to 64.
    public var parallel: Int
    /// false: plugins that are tried have all the rights of this process's user.
    public var isSandboxed = true

    /// - Parameter parallel: nil for the number of processors.
    public init(path: String, parallel: Int? = nil) {
        self.path = path
        self.parallel = parallel ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// Finds the program: the one that is named, else that of the variable KEYWAY_WORKER (ignored in a privileged
    /// process), else the first of: beside this program, in `../libexec/keyway` of its folder, `/usr/local/libexec/keyway`,
    /// `/usr/libexec/keyway`.
    /// - Throws: ``PluginError`` with code `notFound`, or `permissionDenied` if others can write it. One that is named is
    ///   not replaced by another, nor is the first that is there.
    public static func locate(_ named: String? = nil) throws(PluginError) -> PluginScanner {
        PluginScanner(path: try WorkerProgram.locate(named))
    }

    /// SHA-256 of the program's bytes, in lower-case hexadecimal, by which an operator can tell which one it is.
    /// - Throws: ``PluginError`` if it cannot be read.
    public func digest() throws(PluginError) -> String { try FileImage(opening: path).digest() }

    // MARK: - Probing

    /// Loads each plugin in a process of its own and asks it what it is.
    ///
    /// Cancelling the task resumes it at once; the processes end at their deadlines.
    /// - Parameters:
    ///   - plugins: that passed the checks. Their bytes are run as they were judged.
    ///   - deadline: for each plugin, from the start of its process.
    /// - Returns: one result a plugin, in the same order.
    /// - Throws: ``PluginError`` if a plugin was refused by the checks, or if the program is missing, is of another version
    ///   or cannot work. What plugins do is no error but a result.
    public func probe(
        _ plugins: [PreparedPlugin], deadline: Duration = .seconds(2)
    ) async throws(PluginError) -> [ProbeResult] {
        try WorkerProgram.requireTrusted(path)
        for plugin in plugins { try plugin.verification.requireLoadable() }
        guard !plugins.isEmpty else { return [] }
        return try await HostThread.run("plugin.probe", of: plugins.count == 1 ? plugins[0].path : "", CallContext()) {
            () throws(PluginError) in try run(plugins, deadline)
        }
    }

    /// Processes at a time.
    private static let parallelLimit = 64

    /// Should the program be lost, each plugin that was being tried is tried again with none beside it.
    private func run(_ plugins: [PreparedPlugin], _ deadline: Duration) throws(PluginError) -> [ProbeResult] {
        var results = [ProbeResult?](repeating: nil, count: plugins.count)
        var waiting = Array(plugins.indices)
        while !waiting.isEmpty {
            for suspect in try attempt(waiting, parallel, plugins, deadline, &results) {
                _ = try attempt([suspect], 1, plugins, deadline, &results)
            }
            waiting.removeAll { results[$0] != nil }
        }
        return results.compactMap(\.self)
    }

    /// - Returns: what was being tried when the program was lost; empty if it was not, or if it was only one plugin, which then
    ///   is to blame.
    private func attempt(
        _ indices: [Int], _ parallel: Int, _ plugins: [PreparedPlugin], _ deadline: Duration,
        _ results: inout [ProbeResult?]
    ) throws(PluginError) -> Set<Int> {
        let session = try ProbeSession(path, isSandboxed: isSandboxed)
        defer { session.stop() }
        var queue = indices[...]
        while true {
            filling: while let next = queue.first,
                session.running.count < min(max(parallel, 1), Self.parallelLimit)
            {
                switch try session.submit(plugins[next], next, deadline: deadline) {
                case .done: break
                case .full: break filling
                case .missing(let error): results[next] = ProbeResult(of: plugins[next], missing: error)
                }
                queue.removeFirst()
            }
            if queue.isEmpty, session.running.isEmpty { return [] }
            let suspects = session.running
            let (index, report) = session.next()
            if case .lost = report.end {
                if let failure = session.failure { throw failure }
                if indices.count > 1 { return suspects }
            }
            results[index] = try ProbeResult(report, of: plugins[index], deadline: deadline)
        }
    }
}
