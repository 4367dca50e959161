internal import CTestPrograms
public import Foundation
internal import Synchronization

/// A program that a test has started. It is killed and collected when nobody uses this any more.
///
/// Tests start programs by this and not by Foundation's `Process`, whose `run` was seen to crash in a process with some
/// thousand descriptors, as one has that runs hundreds of tests with workers at once.
public final class RunningProgram: Sendable {
    /// How a process ended.
    public enum Ending: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    public let processIdentifier: Int32
    private let ending = Mutex<Ending?>(nil)

    /// - Parameters:
    ///   - program: a path, or a name that is looked for on PATH.
    ///   - environment: variables besides those of the test, or instead of them.
    ///   - folder: where it runs; nil for the test's own.
    ///   - input: what it reads; nil for nothing. It stays the caller's.
    ///   - output, errors: where its streams go.
    /// - Throws: `ProgramFailure` if it cannot be started.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], in folder: String? = nil,
        input: FileHandle? = nil, output: ProgramStream = .null, errors: ProgramStream = .null
    ) throws {
        guard let path = Programs.find(program) else { throw ProgramFailure("there is no program \(program) on PATH") }
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        let streams = [input, output.handle, errors.handle].map { $0?.fileDescriptor ?? -1 }
        var process: Int32 = 0
        let error = unsafe withStrings([path] + arguments) { arguments in
            unsafe withStrings(variables) { variables in
                unsafe kwt_program_start(path, arguments, variables, folder, streams, &process)
            }
        }
        withExtendedLifetime(input) {}
        for case .pipe(let pipe) in [output, errors] { try pipe.fileHandleForWriting.close() }
        guard error == 0 else { throw ProgramFailure("\(path): \(unsafe String(cString: strerror(error)))") }
        processIdentifier = process
    }

    deinit {
        guard ending.withLock({ $0 == nil }) else { return }
        kill(processIdentifier, SIGKILL)
        wait()
    }

    public func signal(_ number: Int32) {
        // Once it has been collected, its number may be another process's.
        ending.withLock { if $0 == nil { kill(processIdentifier, number) } }
    }

    /// Waits until it has ended; blocks the thread.
    @discardableResult
    public func wait() -> Ending {
        // Without the lock, so that it can be sent signals meanwhile; who comes second finds that it is collected.
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(processIdentifier), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        return ending.withLock { ending in
            if let ending { return ending }
            var status: Int32 = 0
            while unsafe waitpid(processIdentifier, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7F
            let found = signal == 0 ? Ending.exited(status >> 8 & 0xFF) : .killed(signal: signal)
            ending = found
            return found
        }
    }

    /// Waits until it has ended, on a thread of its own.
    @discardableResult
    public func ended() async -> Ending {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: self.wait()) }
        }
    }
}

/// Where a program's output goes.
public enum ProgramStream {
    case null
    /// It stays the caller's.
    case file(FileHandle)
    /// Its writing end is the program's alone, and closed here: whoever reads comes to an end when the program has.
    case pipe(Pipe)

    fileprivate var handle: FileHandle? {
        switch self {
        case .null: nil
        case .file(let file): file
        case .pipe(let pipe): pipe.fileHandleForWriting
        }
    }
}

extension Pipe {
    /// The next line that comes, without its end, or what comes before the end of all; blocks the thread.
    public func readLine() throws -> String {
        var bytes: [UInt8] = []
        while let byte = try fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As `readLine`, on a thread of its own.
    public func line() async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try self.readLine() }) }
        }
    }
}

/// Calls the body with the strings as `execve` takes them.
private func withStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let copies = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    return unsafe copies.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
}
