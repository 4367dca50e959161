internal import CTestPrograms
internal import Foundation

/// Programs of the machine that tests build and compare with.
public enum Programs {
    /// A C compiler; nil where there is none.
    public static let compiler = find("cc", "gcc", "clang")

    /// The path of the first of them that is there: names on PATH, or paths.
    public static func find(_ names: String...) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return names.lazy.compactMap { name in
            (name.contains("/") ? [name] : folders.map { "\($0)/\(name)" })
                .first { FileManager.default.isExecutableFile(atPath: $0) }
        }.first
    }

    /// Runs a program to its end; blocks the thread. What it prints is complete when this returns, unless it leaves processes
    /// behind that go on printing.
    ///
    /// - Throws: `ProgramFailure` if it cannot be started. How it ends is in the result.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil,
        input: String = ""
    ) throws -> ProgramResult {
        let streams = try ProgramStreams(input: input)
        let running = try streams.start(program, arguments, environment, folder)
        return try streams.result(running.wait())
    }

    /// As `run`, without blocking.
    public static func runAsync(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil,
        input: String = ""
    ) async throws -> ProgramResult {
        let streams = try ProgramStreams(input: input)
        let running = try streams.start(program, arguments, environment, folder)
        return try streams.result(await running.ended())
    }

    /// Runs a program that has to succeed, and returns its standard output; blocks the thread.
    ///
    /// - Throws: `ProgramFailure` with what it said, if it did not.
    @discardableResult
    public static func succeed(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil
    ) throws -> String {
        let result = try run(program, arguments, environment: environment, in: folder)
        guard result.ending == .exited(0) else {
            throw ProgramFailure("\(program) \(arguments.joined(separator: " ")): \(result.ending)\n\(result.errors)")
        }
        return result.output
    }

    /// Copies a file that is to be run, with the folders above it; blocks the thread.
    ///
    /// Another process writes it: what this one has open to be written is open also in whatever other tests start
    /// meanwhile, until that runs, and the kernel runs no such file (ETXTBSY of execve(2)).
    public static func install(_ file: String, at path: String, mode: Int = 0o755) throws {
        try succeed("/usr/bin/install", ["-D", "-m", String(mode, radix: 8), file, path])
    }
}

/// How a program ended, and what it printed.
public struct ProgramResult: Sendable {
    public let ending: RunningProgram.Ending
    public let output: String
    public let errors: String

    /// As a shell tells it: the program's exit status, or 128 and the signal that ended it.
    public var status: Int32 {
        switch ending {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }
}

/// A program that was not there, could not be started, or did not succeed, though it had to.
public struct ProgramFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Files and not pipes: nobody has to read while the program runs.
private struct ProgramStreams {
    private let input: FileHandle
    private let output: FileHandle
    private let errors: FileHandle

    init(input text: String) throws {
        (input, output, errors) = (try Self.file(), try Self.file(), try Self.file())
        try input.write(contentsOf: Data(text.utf8))
        try input.seek(toOffset: 0)
    }

    private static func file() throws -> FileHandle {
        let descriptor = kwt_program_file()
        guard descriptor >= 0 else { throw ProgramFailure("memfd_create: \(unsafe String(cString: strerror(errno)))") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func start(
        _ program: String, _ arguments: [String], _ environment: [String: String], _ folder: String?
    ) throws -> RunningProgram {
        try RunningProgram(
            program, arguments, environment: environment, in: folder, input: input, output: .file(output),
            errors: .file(errors))
    }

    func result(_ ending: RunningProgram.Ending) throws -> ProgramResult {
        ProgramResult(ending: ending, output: try Self.text(output), errors: try Self.text(errors))
    }

    private static func text(_ file: FileHandle) throws -> String {
        try file.seek(toOffset: 0)
        return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    }
}
