import Foundation
import PluginCore
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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let files = try TemporaryFolder()
        let (inputFile, outputFile, errorFile) = (
            files.url.appendingPathComponent("in"), files.url.appendingPathComponent("out"),
            files.url.appendingPathComponent("err")
        )
        try Data(input.utf8).write(to: inputFile)
        // Files and not pipes: nobody has to read while the command runs.
        for file in [outputFile, errorFile] { try Data().write(to: file) }
        let (standardInput, standardOutput, standardError) = (
            try FileHandle(forReadingFrom: inputFile), try FileHandle(forWritingTo: outputFile),
            try FileHandle(forWritingTo: errorFile)
        )
        // A process that has ended keeps its handles, and Foundation's `run` reads past the entries of /proc/self/fd when
        // they fill its buffer: some 1,360 descriptors.
        defer { for handle in [standardInput, standardOutput, standardError] { try? handle.close() } }
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        process.standardError = standardError
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return Output(
            status: status, stdout: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self),
            stderr: String(decoding: try Data(contentsOf: errorFile), as: UTF8.self))
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
