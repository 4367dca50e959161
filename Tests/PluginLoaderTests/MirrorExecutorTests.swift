import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// Every field of a tool executor, in both directions.
@Suite("Round trips: tool executor", .needsCompiler, .timeLimit(.minutes(10)))
struct MirrorExecutorTests {
    private func executor() throws -> NativeToolExecutor { try #require(try Mirror.plugin().toolExecutor) }

    private var request: ToolRunRequest {
        var run = ToolRunRequest(
            .argv(["git", "status", ""]), workingDirectory: "/w", environment: ["E": "1"], input: [1, 2], reason: "why")
        run.classification = .destructive
        (run.callID, run.session) = ("c-1", "s-1")
        (run.asksApproval, run.keepsInputOpen) = (true, true)
        run.terminalSize = (50, 132)
        run.extraPaths = [.init(path: "/extra", access: .read)]
        run.extraNetwork = [.init(.bind(81...81))]
        return run
    }

    private var policy: ToolPolicy {
        var policy = ToolPolicy()
        (policy.isEnabled, policy.allowShell, policy.allowNetwork, policy.requireEnforced) = (true, true, true, true)
        (policy.isInteractive, policy.approvesAutomatically, policy.terminal) = (true, true, true)
        (policy.allow, policy.deny) = ([["git", "status"], ["ls"]], [["rm"]])
        policy.denyPatterns = [["--force"], ["a", "b"]]
        (policy.overflow, policy.inheritEnvironment) = (.spool, .all)
        (policy.environmentAllow, policy.environmentDeny) = (["A*"], ["B*"])
        policy.environmentSet = ["K": "V"]
        policy.paths = [.init(path: "/a", access: .none), .init(path: "/b", access: .write, execute: true)]
        policy.network = [
            .init(.ports(80...443)), .init(.domain("*.x", ports: 1...1), isDenied: true),
            .init(.domain("y", ports: nil)),
            .init(.unixSocket("/s")), .init(.bind(8000...9000)),
        ]
        var limits = ToolPolicy.Limits()
        (limits.wall, limits.cpu, limits.idle) = (.seconds(1), .milliseconds(2), .microseconds(3))
        limits.grace = .nanoseconds(4)
        (limits.memory, limits.fileSize, limits.diskWrite) = (5, 6, 7)
        (limits.openFiles, limits.processes, limits.stdoutBytes, limits.stderrBytes) = (8, 9, 10, 11)
        policy.limits = limits
        var tool = ToolPolicy.Limits()
        tool.memory = 12
        policy.toolLimits = [.init(prefix: ["git", "log"], limits: tool)]
        (policy.approval, policy.background) = (.untrusted, .deny)
        (policy.headBytes, policy.tailBytes) = (13, 14)
        (policy.isolation, policy.userID, policy.seccompProfile) = ([.pid, .user], 0, "default")
        return policy
    }

    private let toldPolicy: JSON = [
        "flags": 255, "allow": [["git", "status"], ["ls"]], "deny": [["rm"]],
        "deny_patterns": [["--force"], ["a", "b"]], "overflow": 2, "env_inherit": 2,
        "env_allow": ["A*"], "env_deny": ["B*"], "env_set": [["K", "V"]],
        "paths": [["path": "/a"], ["path": "/b", "access": 2, "execute": 1]],
        "net": [
            ["kind": 1, "first_port": 80, "last_port": 443],
            ["kind": 2, "is_denied": 1, "name": "*.x", "first_port": 1, "last_port": 1], ["kind": 2, "name": "y"],
            ["kind": 3, "name": "/s"], ["kind": 4, "first_port": 8000, "last_port": 9000],
        ],
        "limits": [
            [
                "wall_ns": 1_000_000_000, "cpu_ns": 2_000_000, "idle_ns": 3000, "grace_ns": 4, "memory": 5,
                "file_size": 6, "disk_write": 7, "open_files": 8, "processes": 9, "stdout_bytes": 10,
                "stderr_bytes": 11,
            ]
        ],
        "tool_limits": [["prefix": ["git", "log"], "limits": [["memory": 12]]]],
        "background": 2, "head_bytes": 13, "tail_bytes": 14, "isolate": 17, "seccomp": "default",
    ]

    @Test("every field of a run and its policy arrives, judged or run", arguments: [false, true])
    func run(executes: Bool) async throws {
        let (executor, request, policy) = (try executor(), request, policy)
        let told = try await Mirror.told { context async throws(PluginError) in
            if executes {
                for try await _ in try await executor.execute(request, under: policy, context) {}
            } else {
                _ = try await executor.evaluate(request, under: policy, context)
            }
        }
        #expect(
            told == [
                "kind": 1, "classification": 7, "argv": ["git", "status", ""], "cwd": "/w", "reason": "why",
                "env": [["E", "1"]], "input": [1, 2], "policy": [toldPolicy], "call_id": "c-1", "session": "s-1",
                "flags": 3, "rows": 50, "columns": 132, "extra_paths": [["path": "/extra", "access": 1]],
                "extra_net": [["kind": 4, "first_port": 81, "last_port": 81]],
            ], "\(told.text)")
    }

    @Test("each kind of run, class, approval, background and overflow has its number")
    func numbers() async throws {
        let executor = try executor()
        func told(_ run: ToolRunRequest, _ policy: ToolPolicy = ToolPolicy()) async throws -> JSON {
            try await Mirror.told { context async throws(PluginError) in
                try await executor.evaluate(run, under: policy, context)
            }
        }
        let shell = try await told(ToolRunRequest(.shell("a | b")))
        #expect(shell["kind"] == 2 && shell["command"] == "a | b" && shell["argv"] == nil)
        #expect(shell["rows"] == 24 && shell["columns"] == 80)
        let tool = try await told(ToolRunRequest(.tool(name: "t", arguments: "{}")))
        #expect(tool["kind"] == 3 && tool["tool"] == "t" && tool["arguments_json"] == "{}")
        for (number, classification) in ToolRunRequest.Classification.allCases.enumerated() {
            var run = ToolRunRequest(.argv(["x"]))
            run.classification = classification
            #expect(try await told(run)["classification"] == (number == 0 ? nil : .int(Int64(number))))
        }
        func policyField(_ key: String, _ change: (inout ToolPolicy) -> Void) async throws -> JSON? {
            var policy = ToolPolicy()
            change(&policy)
            return try await told(ToolRunRequest(.argv(["x"])), policy)["policy"]?.arrayValue?.first?[key]
        }
        let approvals: [ToolPolicy.Approval] = [.untrusted, .onRequest, .never, .always]
        #expect(Set(approvals) == Set(ToolPolicy.Approval.allCases))
        for (number, approval) in approvals.enumerated() {
            let expected: JSON? = number == 0 ? nil : .int(Int64(number))
            #expect(try await policyField("approval") { $0.approval = approval } == expected)
        }
        for (number, background) in ToolPolicy.Background.allCases.enumerated() {
            let expected: JSON? = number == 0 ? nil : .int(Int64(number))
            #expect(try await policyField("background") { $0.background = background } == expected)
        }
        #expect(try await policyField("overflow") { $0.overflow = .truncate } == nil)
        #expect(try await policyField("overflow") { $0.overflow = .kill } == 1)
        // A user of 0 is root, not nobody.
        #expect(try await policyField("flags") { $0.userID = 0 } == 129)
        #expect(try await policyField("user") { $0.userID = 1000 } == 1000)
    }

    @Test("each message to a run arrives")
    func send() async throws {
        let executor = try executor()
        let messages: [(ToolMessage, [String: JSON])] = [
            (.input([0, 255]), ["what": 1, "input": [0, 255]]), (.endOfInput, ["what": 2]),
            (.signal(15), ["what": 4, "signal": 15]),
            (.resize(rows: 3, columns: 4), ["what": 8, "rows": 3, "columns": 4]),
            (.approve(id: "a"), ["what": 16, "approval": "a"]),
            (.refuse(id: "a", reason: "no"), ["what": 32, "approval": "a", "reason": "no"]),
        ]
        for (message, expected) in messages {
            let told = try await Mirror.told { context async throws(PluginError) in
                try await executor.send(message, to: "s", context)
            }
            #expect(told == .object(expected.merging(["session": "s"]) { $1 }))
            try await executor.send(message, to: "s", CallContext())
        }
    }

    private let enforced = [
        Enforcement(field: "wall", isEnforced: true, how: "a timer"),
        Enforcement(field: "memory", isEnforced: false, how: "no cgroup"),
    ]

    @Test("what is enforced, decided and offered arrives")
    func replies() async throws {
        let executor = try executor()
        #expect(try await executor.enforceable(CallContext()) == enforced)
        let decision = try await executor.evaluate(request, under: policy, CallContext())
        #expect(decision == ToolDecision(verdict: .confirm, rule: "git push", reason: "May it push?"))
        // Without a schema a tool takes any object.
        #expect(try await executor.tools(CallContext()) == Mirror.tools)
        #expect(try await #require(try Fixture.plugin().toolExecutor).tools(CallContext()).isEmpty)
    }

    @Test("every event of a run arrives, and every field of its result")
    func events() async throws {
        var events: [ToolEvent] = []
        for try await event in try await executor().execute(request, under: policy, CallContext()) {
            events.append(event)
        }
        let violation = Violation(kind: "output", subject: "stdout", count: 3)
        var result = ToolRunResult(
            end: .exited, exitCode: 42, signal: 9, duration: .nanoseconds(1_000_000_001),
            cpu: .nanoseconds(2_000_000_002), maxRSS: 3003, stdoutBytes: 4004, stderrBytes: 5005, isTruncated: true,
            enforced: enforced, violations: [violation], detail: "in detail")
        (result.stdoutPath, result.stderrPath, result.leftover) = ("/tmp/out", "/tmp/err", [12, 13])
        (result.structured, result.content, result.diskBytes) = (["ok": true], Mirror.parts, 6006)
        #expect(
            events == [
                .started(processID: 4711, session: "session-1"), .stdout(Array("out\0".utf8)), .stderr([255]),
                .progress(fraction: 0.5, "half"), .progress(fraction: nil, "somewhere"),
                .warning(Warning(feature: "pty", message: "there is none")), .violation(violation),
                .approval(id: "ask-1", ToolDecision(verdict: .confirm, rule: "git push", reason: "May it push?")),
                .finished(result),
            ])
    }
}
