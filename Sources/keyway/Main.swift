internal import ArgumentParser
internal import Dispatch
internal import Glibc
internal import PluginHost
internal import Synchronization

@main
enum Main {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let report = Report(wantsJSON: arguments.prefix { $0 != "--" }.contains("--json"))
        // A parent that ignores SIGCHLD would have the exit status of tools thrown away; a reader that leaves early is an
        // error of a write, and not the end of a process that still has a tool to stop.
        signal(SIGCHLD, SIG_DFL)
        signal(SIGPIPE, SIG_IGN)
        let work = Task.detached { await run(arguments, report) }
        Console.takeOutput { work.cancel() }
        let signals = [SIGINT, SIGTERM].map { Interrupt.cancel(work, at: $0) }
        var status = await work.value
        withExtendedLifetime(signals) {}
        if let reason = Console.failure {
            if reason != EPIPE { Console.error("keyway: error: standard output cannot be written (error \(reason)).") }
            status = max(status, 1)
        }
        fflush(nil)
        // exit(3) would wait for a plugin whose constructor hangs: it holds the dynamic linker's lock.
        if Interrupt.isPatient { _exit(status) }
        exit(status)
    }

    private static func run(_ arguments: [String], _ report: Report) async -> Int32 {
        do {
            var command = try Keyway.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            return report.failure(report.wantsJSON ? cause(of: error, arguments) : error)
        }
    }

    /// Words that are no command are told as an unknown --json, because no command took it. What is wrong without it is
    /// what is wrong.
    private static func cause(of error: any Error, _ arguments: [String]) -> any Error {
        guard Keyway.exitCode(for: error) == .validationFailure else { return error }
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        do {
            _ = try Keyway.parseAsRoot(arguments[..<end].filter { $0 != "--json" } + arguments[end...])
            return error
        } catch let other {
            return Keyway.exitCode(for: other) == .validationFailure ? other : error
        }
    }
}

/// Signals that ask the command to end.
enum Interrupt {
    /// Seconds that calls have to end in order; longer than an executor takes to stop a program.
    private static let patience = 5.0
    private static let hasPatience = Mutex(false)

    /// Does the command end by itself, however long that takes? A host's calls have the time that its operator gave them.
    static var isPatient: Bool {
        get { hasPatience.withLock { $0 } }
        set { hasPatience.withLock { $0 = newValue } }
    }

    /// The first signal ends calls in order, so that a program run by a tool executor does not outlive the command; the second
    /// one ends the command.
    static func cancel(_ work: Task<Int32, Never>, at number: Int32) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { @Sendable in
            signal(number, SIG_DFL)
            work.cancel()
            if isPatient { return }
            // What only reads files does not look whether it was cancelled.
            DispatchQueue.global().asyncAfter(deadline: .now() + patience) {
                Console.error("keyway: error: interrupted by signal \(number)")
                exit(1)
            }
        }
        source.resume()
        return source
    }
}
