import Foundation
import PluginHost
import Testing

/// Builds of the plugin of Tests/Fixtures/workers, and a host that runs them in workers.
struct UnrulyPlugin {
    let folder: Sample.Folder
    let path: String

    init(_ macros: [String] = [], build: Int = 1) throws {
        folder = try Sample.Folder()
        path = try Self.build(macros, build: build, in: folder.path)
    }

    /// - Parameter link: further words for the linker.
    static func build(_ macros: [String], link: [String] = [], build: Int, in folder: String) throws -> String {
        let path = "\(folder)/unruly\(build).so"
        try ProbePlugin.compile(
            [
                "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wno-infinite-recursion", "-Werror", "-O1", "-fPIC",
                "-shared", "-fvisibility=hidden", "-DBUILD=\(build)",
            ] + macros.map { "-D\($0)" } + [
                "-I\(ProbePlugin.repository)/PluginABI/include", "-o", path,
                "\(ProbePlugin.repository)/Tests/Fixtures/workers/unruly.c",
                "-Wl,--version-script=\(ProbePlugin.repository)/PluginABI/plugin.map", "-Wl,-z,relro,-z,now",
            ] + link)
        return path
    }

    /// - Parameter change: of the usual configuration.
    static func host(
        _ limits: [String] = [], _ change: (inout PluginHost.Configuration) throws -> Void = { _ in }
    ) throws -> PluginHost {
        var configuration = PluginHost.Configuration()
        configuration.isolation = .worker
        configuration.workers.callLimits = try LimitSet(limits)
        // Hundreds of tests share the processors; only those that are about a limit have a short one.
        configuration.supervision.loadTimeout = .seconds(240)
        configuration.supervision.stepTimeout = .seconds(240)
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try change(&configuration)
        return PluginHost(configuration)
    }

    /// What a row says.
    struct Answer: Equatable {
        let process: Int32
        let calls: Int
        let build: Int
    }

    static func ask(_ plugin: NativePlugin, _ text: String = "?", _ context: CallContext = CallContext()) throws
        -> Answer
    {
        var matrix = Matrix(rows: 1, dims: 3)
        try #require(plugin.embedder).embed(text, into: &matrix, context)
        let row = matrix.row(0)
        return Answer(process: Int32(row[0]), calls: Int(row[1]), build: Int(row[2]))
    }

    /// The same from a task that must not block its thread: the host's clocks go on while it waits.
    static func answer(_ plugin: NativePlugin, _ text: String = "?") async throws -> Answer {
        var matrix = Matrix(rows: 1, dims: 3)
        _ = try await #require(plugin.embedder).embed(EmbedRequest([text]), into: &matrix, CallContext())
        let row = matrix.row(0)
        return Answer(process: Int32(row[0]), calls: Int(row[1]), build: Int(row[2]))
    }

    static func error(of plugin: NativePlugin, _ text: String) async throws -> PluginError {
        do {
            throw Sample.Failure(description: "\(text) was answered: \(try await answer(plugin, text))")
        } catch let error as PluginError {
            return error
        }
    }

    /// The error that such a call ends with.
    static func failure(
        _ plugin: NativePlugin, _ text: String, _ context: CallContext = CallContext()
    ) throws -> PluginError {
        do {
            let answer = try ask(plugin, text, context)
            throw Sample.Failure(description: "\(text) was answered: \(answer)")
        } catch let error as PluginError {
            return error
        }
    }
}

/// Keeps what is logged.
final class LogKeeper: Sendable {
    private let added = AsyncStream.makeStream(of: String.self)

    var logger: Logger { Logger(label: "test") { _ in Handler(keeper: self) } }

    /// Waits for a line that contains the text.
    func line(with text: String) async throws -> String {
        for await line in added.stream where line.contains(text) { return line }
        throw Sample.Failure(description: "nothing is logged any more")
    }

    private func add(_ line: String) { added.continuation.yield(line) }

    private struct Handler: LogHandler {
        let keeper: LogKeeper
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            keeper.add("\(event.level) \(facts) \(event.message)")
        }
    }
}
