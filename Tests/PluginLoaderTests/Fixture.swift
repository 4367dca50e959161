import Foundation
import Logging
import PluginCore
import PluginELF
import PluginLoader
import Synchronization
import TestPrograms
import Testing

/// Builds the plugin of Tests/Fixtures as a test wants it.
enum Fixture {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func compile(_ arguments: [String]) throws {
        try Programs.succeed(#require(Programs.compiler), arguments)
    }

    /// - Parameter macros: as `fixture.c` knows them, such as "TABLE_ID=\"x\"".
    static func build(_ macros: [String] = [], in folder: Folder, name: String = "fixture", link: [String] = []) throws
        -> String
    {
        let sources = ["fixture", "embedder", "provider", "echo", "json"].map {
            "\(repository)/Tests/Fixtures/\($0).c"
        }
        let path = "\(folder.path)/\(name).so"
        try compile(
            ["-std=gnu11", "-O0", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread"] + macros.map { "-D\($0)" }
                + ["-I\(repository)/PluginABI/include", "-o", path] + sources
                + ["-Wl,--version-script=\(repository)/PluginABI/plugin.map", "-Wl,-z,relro", "-Wl,-z,now"] + link)
        return path
    }

    /// The honest build, made once.
    static let honest: Result<(path: String, folder: Folder), any Error> = Result {
        let folder = try Folder()
        return (try build(in: folder), folder)
    }

    static func loader(
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        metrics: @escaping @Sendable (PluginMetric) -> Void = { _ in }, checksReplies: Bool = false
    ) -> PluginLoader {
        PluginLoader(verifier: verifier, logger: logger, metrics: metrics, checksReplies: checksReplies)
    }

    static let verifier = Verifier()

    /// Where the plugins of these tests run: all that an adapter promises holds in a worker, too. The tests of adapters run
    /// again with KEYWAY_TEST_TIER=worker, which takes the program that KEYWAY_WORKER names.
    static let tier: Result<PluginTier, any Error> = Result {
        guard isInWorkers else { return .inProcess }
        return .worker(try WorkerDomain())
    }

    static let isInWorkers = ProcessInfo.processInfo.environment["KEYWAY_TEST_TIER"] == "worker"

    /// A living instance of the honest build.
    static func plugin(_ configuration: JSON = .null) throws -> NativePlugin {
        try loader().prepare(honest.get().path).load(in: tier.get()).create(configuration: configuration)
    }

    /// A living instance of a build of its own.
    static func plugin(built macros: [String]) throws -> NativePlugin {
        let folder = try Folder()
        return try loader().prepare(build(macros, in: folder)).load(in: tier.get()).create()
    }
}

/// A folder that is removed with its contents when nobody uses it any more.
final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "keyway-loader-XXXXXX").utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe mkdtemp(buffer.baseAddress!).map { unsafe String(cString: $0) }
        }
        path = try #require(made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A pipe between a test and a plugin in the same process; closed when nobody uses it any more.
final class Channel: Sendable {
    private let pipe = Mutex(Pipe())
    let reading: Int32
    let writing: Int32

    init() {
        (reading, writing) = pipe.withLock {
            ($0.fileHandleForReading.fileDescriptor, $0.fileHandleForWriting.fileDescriptor)
        }
    }

    /// The next bytes that the plugin wrote; waits for them on a thread of its own, as a blocking read must.
    func receive(_ count: Int = 1) async -> [UInt8] {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var bytes = [UInt8](repeating: 0, count: count)
                let got = unsafe bytes.withUnsafeMutableBytes { unsafe read(self.reading, $0.baseAddress, count) }
                continuation.resume(returning: Array(bytes.prefix(max(0, got))))
            }
        }
    }

    func number() async -> UInt32 {
        await receive(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Gives leave to one that holds.
    func send() {
        var byte: UInt8 = 1
        let written = unsafe write(writing, &byte, 1)
        precondition(written == 1)
    }
}

/// Where a plugin tells that it has come, and where it waits for leave.
struct Hold {
    let arrived = Channel()
    let leave = Channel()
    /// What the fixture takes as a text or a model.
    var text: String { "hold:\(arrived.writing):\(leave.reading)" }
}

/// The error that the body ends with.
func failure<Value>(_ body: () async throws(PluginError) -> Value) async -> PluginError? {
    do throws(PluginError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

func failure<Value>(_ body: () throws -> Value) -> PluginError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? PluginError
    }
}

extension NativePlugin {
    /// What the fixture says of itself.
    func state() async throws -> JSON { try await health(CallContext()).details }

    /// Embeds one text on this thread and returns the first element.
    @discardableResult
    func embed(_ text: String, _ context: CallContext = CallContext()) throws(PluginError) -> Float {
        var matrix = Matrix(rows: 1, dims: 4)
        guard let embedder else { throw PluginError(.notFound, "the fixture has no embedder") }
        try embedder.embed(text, into: &matrix, context)
        return matrix.row(0)[0]
    }
}
