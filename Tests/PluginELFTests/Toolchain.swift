import Foundation
import Testing

/// Programs that the tests build and compare with, found on PATH; nil where the machine lacks them.
enum Toolchain {
    static let compiler = find("cc") ?? find("gcc") ?? find("clang")
    static let nm = find("nm")
    static let readelf = find("readelf")
    static let objcopy = find("objcopy")
    static let ar = find("ar")
    static let ldd = find("ldd")
    static let clang = find("clang")
    static let lld = find("ld.lld")
    static let strace = find("strace")

    /// binutils 2.41 and later.
    static let stripsSectionHeaders =
        objcopy.flatMap { try? run($0, ["--help"]) }?.contains("--strip-section-headers") ?? false

    private static func find(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Standard output of a program, whether it succeeds or not. nm and ldd fail when one file of many displeases them.
    static func output(_ program: String, _ arguments: [String]) throws -> String {
        try outcome(program, arguments).output
    }

    /// How a program ended, and its standard output.
    static func outcome(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ["LC_ALL": "C", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    /// Standard output of a program that must succeed.
    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C"]) { $1 }
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let said = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) \(arguments): \(String(decoding: said, as: UTF8.self))")
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The `keyway` that is tested.
enum KeywayCommand {
    static let path =
        ProcessInfo.processInfo.environment["KEYWAY_TEST_COMMAND"]
        ?? PluginFixture.repository + "/.build/release/keyway"
    static let isBuilt = FileManager.default.isExecutableFile(atPath: path)
}

extension Trait where Self == ConditionTrait {
    /// The test runs the command.
    static var needsCommand: Self { .enabled(if: KeywayCommand.isBuilt, "the command is not built (make build)") }

    /// The test builds plugins.
    static var needsCompiler: Self {
        .enabled(if: Toolchain.compiler != nil, "there is no C compiler on PATH (cc, gcc or clang)")
    }
}

/// A folder that is removed with its contents when nobody uses it any more.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/keyway-elf-XXXXXX").utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe mkdtemp(buffer.baseAddress!).map { unsafe String(cString: $0) }
        }
        path = try #require(made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }
}

func contents(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}
