import Foundation
import PluginCore
import TestPrograms
import Testing

/// Runs the built command, as a user does.
struct Command {
    struct Output {
        let status: Int32
        let stdout: String
        let stderr: String

        /// Standard output as the one JSON document that it has to be.
        func json() throws -> JSON { try JSON(parsing: stdout, what: "standard output") }

        /// Standard output as one JSON document a line.
        func jsonLines() throws -> [JSON] {
            try stdout.split(separator: "\n").map { try JSON(parsing: String($0), what: "a line of standard output") }
        }
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let path =
        ProcessInfo.processInfo.environment["KEYWAY_TEST_COMMAND"]
        ?? root.appendingPathComponent(".build/release/keyway").path
    static let plugins =
        ProcessInfo.processInfo.environment["KEYWAY_TEST_PLUGINS"]
        ?? root.appendingPathComponent(".build/release/plugins").path

    /// All tests begin at once. Some of them keep one going while they run another.
    private static let turns = Turns(16)

    static func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:], in folder: URL? = nil,
        program: String = path
    ) async throws -> Output {
        await turns.take()
        defer { turns.give() }
        let result = try await Programs.runAsync(
            program, arguments, environment: environment, in: folder?.path, input: input)
        return Output(status: result.status, stdout: result.output, stderr: result.errors)
    }

    /// The members of an object, sorted.
    static func keys(_ json: JSON?) -> [String] { (json?.objectValue ?? [:]).keys.sorted() }
}

/// A folder that is gone when nobody needs it any more.
final class TemporaryFolder: Sendable {
    let url: URL
    /// Whatever the umask: what others can write is not trusted.
    private static var forOwner: [FileAttributeKey: Any] { [.posixPermissions: 0o700] }

    init() throws {
        // Compilers go by it.
        umask(0o022)
        url = FileManager.default.temporaryDirectory.appendingPathComponent("keyway-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: Self.forOwner)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> URL { try write(Data(text.utf8), to: name) }

    @discardableResult
    func write(_ data: Data, to name: String) throws -> URL {
        let file = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true, attributes: Self.forOwner)
        try data.write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        return file
    }
}
