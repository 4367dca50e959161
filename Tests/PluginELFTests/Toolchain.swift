import Foundation
import TestPrograms
import Testing

/// Programs that the tests build and compare with, found on PATH; nil where the machine lacks them.
enum Toolchain {
    static let compiler = Programs.compiler
    static let nm = Programs.find("nm")
    static let readelf = Programs.find("readelf")
    static let objcopy = Programs.find("objcopy")
    static let ar = Programs.find("ar")
    static let ldd = Programs.find("ldd")
    static let clang = Programs.find("clang")
    static let lld = Programs.find("ld.lld")
    static let strace = Programs.find("strace")

    /// binutils 2.41 and later.
    static let stripsSectionHeaders =
        objcopy.flatMap { try? run($0, ["--help"]) }?.contains("--strip-section-headers") ?? false

    /// Standard output of a program, whether it succeeds or not. nm and ldd fail when one file of many displeases them.
    static func output(_ program: String, _ arguments: [String]) throws -> String {
        try outcome(program, arguments).output
    }

    /// How a program ended, and what it printed.
    static func outcome(_ program: String, _ arguments: [String]) throws -> ProgramResult {
        try Programs.run(program, arguments, environment: ["LC_ALL": "C"])
    }

    /// Standard output of a program that must succeed.
    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        try Programs.succeed(program, arguments, environment: ["LC_ALL": "C"])
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
