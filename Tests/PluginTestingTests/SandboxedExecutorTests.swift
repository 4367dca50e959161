import Foundation
import PluginCore
import PluginHost
import PluginTesting
import Testing

/// The jail of `command-runner` within the sandbox of a worker: neither undoes the other, and what cannot be had there is said.
@Suite(
    "A tool executor in a sandbox", .serialized,
    .enabled(if: SamplePlugins.exists("command-runner"), SamplePlugins.skip("command-runner")), .timeLimit(.minutes(5)))
struct SandboxedExecutorTests {
    private static let programs = ["cat", "env", "kill", "printf", "pwd", "sh", "sleep", "true", "yes", "dd", "head"]

    /// Granted are these programs and a folder; it has a file "open" and a file "shut".
    private func with(
        _ body: (any ToolExecutor, SandboxReport, _ folder: String) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "keyway-executor-\(UUID().uuidString)"
        // Of root and of others alike.
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["open", "shut"] { try Data(name.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        var configuration = PluginHost.Configuration()
        configuration.isolation = .worker
        configuration.workers.allowed =
            try Self.programs.map { try Permission(.execute, $0) } + [
                Permission(.readFiles, folder), Permission(.readFiles, "/dev/zero"),
            ]
        let host = PluginHost(configuration)
        let plugin = try await host.load("\(SamplePlugins.folder)/command-runner.so")
        do {
            try await body(#require(plugin.toolExecutor), #require(plugin.sandbox), folder)
        } catch {
            await host.shutdown()
            throw error
        }
        await host.shutdown()
    }

    private func run(
        _ executor: any ToolExecutor, _ words: [String], _ change: (inout ToolPolicy) -> Void = { _ in }
    ) async throws -> (result: ToolRunResult, output: String) {
        var policy = ToolPolicy()
        policy.allow = [[words[0]]]
        policy.inheritEnvironment = .all
        change(&policy)
        var output: [UInt8] = []
        var last: ToolRunResult?
        for try await event in try await executor.execute(ToolRunRequest(.argv(words)), under: policy, CallContext()) {
            switch event {
            case .stdout(let bytes): output += bytes
            case .finished(let result): last = result
            default: break
            }
        }
        return (try #require(last), String(decoding: output, as: UTF8.self))
    }

    @Test("keeps the whole contract of executors") func conforms() async throws {
        try await with { executor, report, _ in
            #expect(report[.files]?.state == .enforced && report[.processes]?.state == .partial)
            let result = await ToolExecutorConformance().run(on: executor)
            #expect(result.isConformant, "\(result)")
        }
    }

    /// The exit code of reading a file under at most one rule.
    private func cat(_ executor: any ToolExecutor, _ path: String, _ rule: String?) async throws -> Int? {
        try await run(executor, ["cat", path]) { policy in
            policy.paths = rule.map { [ToolPolicy.PathRule(path: $0, access: .read)] } ?? []
        }.result.exitCode
    }

    @Test("a policy's paths hold within what the worker was granted, and give nothing beyond it") func paths()
        async throws
    {
        try await with { executor, _, folder async throws in
            // Each beside the rule that lets it.
            #expect(try await cat(executor, "\(folder)/open", "\(folder)/open") == 0)
            #expect(try await cat(executor, "\(folder)/shut", "\(folder)/open") == 1)
            #expect(try await cat(executor, "\(folder)/shut", folder) == 0)
            // Without rules the worker's own limits are left: /etc/passwd was granted to nobody.
            #expect(try await cat(executor, "\(folder)/shut", nil) == 0)
            #expect(try await cat(executor, "/etc/passwd", nil) == 1)
            #expect(try await cat(executor, "/etc/passwd", "/etc") != 0)
        }
    }

    @Test("only granted programs run, whatever a policy allows") func programs() async throws {
        try await with { executor, _, _ in
            #expect(try await run(executor, ["true"]).result.exitCode == 0)
            let other = try await run(executor, ["/usr/bin/id"]).result
            #expect(other.end == .spawnFailed || other.end == .sandboxFailed, "\(other)")
            let through = try await run(executor, ["sh", "-c", "/usr/bin/id"]).result
            #expect(through.end == .exited && through.exitCode != 0, "\(through)")
        }
    }

    @Test("what is said to be enforced there is, and what is not is refused where it is required")
    func enforcement() async throws {
        try await with { executor, _, _ in
            let claims = try await executor.enforceable(CallContext())
            func shell(_ line: String, _ change: (inout ToolPolicy) -> Void) async throws -> String {
                let output = try await run(executor, ["sh", "-c", line], change).output
                return output.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            let fields: [(name: String, line: String, shows: String, set: (inout ToolPolicy) -> Void)] = [
                ("pty", "test -t 0 && printf yes || printf no", "yes", { $0.terminal = true }),
                ("isolate", "printf $$", "1", { $0.isolation = .pid }),
                ("memory", "ulimit -v", "524288", { $0.limits.memory = 512 << 20 }),
                ("openFiles", "ulimit -n", "32", { $0.limits.openFiles = 32 }),
                ("fileSize", "ulimit -f", "2048", { $0.limits.fileSize = 1 << 20 }),
            ]
            for field in fields {
                let claim = try #require(claims.first { $0.field == field.name }, "\(claims)")
                let shown = try await shell(field.line, field.set)
                #expect((shown == field.shows) == claim.isEnforced, "\(claim): \(shown)")
            }
            // These cannot be had in a worker that was granted no more than programs. What a program leaves behind is part of
            // every policy, so none can be required whole.
            for name in ["isolate", "pty", "background"] {
                #expect(claims.first { $0.field == name }?.isEnforced == false, "\(claims)")
            }
            let refused = try await run(executor, ["true"]) { $0.requireEnforced = true }.result
            #expect(refused.end == .denied && refused.detail?.contains("background") == true, "\(refused)")
        }
    }

    @Test("a run that exceeds a limit of its policy is ended there as well") func limits() async throws {
        try await with { executor, _, _ in
            let late = try await run(executor, ["sleep", "60"]) { $0.limits.wall = .milliseconds(300) }.result
            #expect(late.end == .timeout, "\(late)")
            let loud = try await run(executor, ["yes"]) {
                $0.limits.stdoutBytes = 4096
                $0.overflow = .kill
            }
            #expect(loud.result.end == .output && loud.output.utf8.count <= 4096, "\(loud.result)")
        }
    }
}
