import Foundation
import Glibc
import PluginCore
import TestPrograms
import Testing

/// What becomes of a tool when the command is told to end, or when nobody reads what it prints.
@Suite("keyway when it is interrupted", .timeLimit(.minutes(10)))
struct InterruptTests {
    /// The command running a tool that has said its process id and now waits for ever.
    private func start(
        _ policy: String
    ) async throws -> (command: RunningProgram, output: Pipe, errors: Pipe, tool: pid_t) {
        let (output, errors) = (Pipe(), Pipe())
        let command = try RunningProgram(
            Command.path,
            [
                "call-adapter", "execute", "--plugin", "command-runner", "--path", Command.plugins, "--policy", policy,
                "--", "sh", "-c", "echo $$; read line < /dev/null; while :; do sleep 1; echo more; done",
            ], output: .pipe(output), errors: .pipe(errors))
        let tool = try #require(pid_t(try await output.line()))
        #expect(kill(tool, 0) == 0)
        return (command, output, errors, tool)
    }

    /// Is the process gone, or only waiting to be collected by init?
    private func isGone(_ process: pid_t) -> Bool {
        guard kill(process, 0) == 0 else { return true }
        let status = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        return status.split(separator: ")").last?.split(separator: " ").first == "Z"
    }

    @Test("SIGINT and SIGTERM end the tool and then the command, with an error", arguments: [SIGINT, SIGTERM])
    func signals(number: Int32) async throws {
        let folder = try TemporaryFolder()
        let policy = try folder.write(#"{"allow": ["sh"], "wallMs": null}"#, to: "policy.json").path
        let (command, _, errors, tool) = try await start(policy)
        command.signal(number)
        #expect(await command.ended() == .exited(1))
        #expect(isGone(tool))
        let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(said.contains("cancelled"), "\(said)")
    }

    @Test("a reader that leaves early ends the tool, too")
    func closedPipe() async throws {
        let folder = try TemporaryFolder()
        let policy = try folder.write(#"{"allow": ["sh"], "wallMs": null}"#, to: "policy.json").path
        let (command, output, _, tool) = try await start(policy)
        try output.fileHandleForReading.close()
        #expect(await command.ended() == .exited(1))
        #expect(isGone(tool))
    }

    @Test("output that cannot be written is a failure")
    func fullDevice() async throws {
        let output = try await Command.run(
            ["-c", "exec \(Command.path) list --json --path \(Command.plugins) > /dev/full"], program: "/bin/sh")
        #expect(output.status == 1)
        #expect(output.stderr.contains("standard output cannot be written"))
    }
}
