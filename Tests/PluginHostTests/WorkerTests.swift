import Foundation
import PluginHost
import Synchronization
import TestPrograms
import Testing

/// Plugins in processes of their own, as a host sees them.
@Suite("Workers", .timeLimit(.minutes(10))) struct WorkerTests {
    @Test("a plugin answers from a process of its own") func answers() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let answer = try UnrulyPlugin.ask(plugin)
        #expect(answer.process != getpid())
        #expect(answer.build == 1)
        #expect(plugin.loaded.tier.isolation == .worker)
        #expect(plugin.workers.contains { $0.pid == answer.process && $0.phase == .active })
        await host.shutdown()
        // Nothing of it is left: not even to be waited for.
        #expect(kill(answer.process, 0) == -1 && errno == ESRCH)
    }

    static let crashes: [(text: String, signal: Int32, address: UInt64??, isStack: Bool)] = [
        ("null", SIGSEGV, .some(.some(0x40)), false), ("abort", SIGABRT, .some(nil), false),
        ("kill", SIGKILL, .some(nil), false), ("stack", SIGSEGV, nil, true),
    ]

    @Test("a crash is one typed error, a fresh worker answers next, and others notice nothing", arguments: crashes)
    func crash(_ text: String, _ signal: Int32, _ address: UInt64??, _ isStack: Bool) async throws {
        let unruly = try UnrulyPlugin()
        let other = try UnrulyPlugin(["ID=\"other\""])
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let bystander = try await host.load(other.path)
        let (before, beside) = (try UnrulyPlugin.ask(plugin), try UnrulyPlugin.ask(bystander))
        let error = try UnrulyPlugin.failure(plugin, text)
        #expect(error.code == .crashed)
        guard case .crash(signal, let told, isStack) = error.facts else {
            Issue.record("\(error.facts)")
            return
        }
        if let address { #expect(told == address) }
        let after = try UnrulyPlugin.ask(plugin)
        #expect(after.process != before.process)
        #expect(after.calls == 1)
        #expect(plugin.workerRestarts == 1)
        #expect(try UnrulyPlugin.ask(bystander).process == beside.process)
        await host.shutdown()
    }

    @Test("a plugin that ends its process is told by its status") func exits() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let error = try UnrulyPlugin.failure(plugin, "exit")
        #expect(error.code == .exited)
        #expect(error.facts == .exit(status: 3))
        _ = try UnrulyPlugin.ask(plugin)
        await host.shutdown()
    }

    @Test(
        "a call beyond a limit is ended, and says which limit, of how much, and whose",
        arguments: [
            ("spin", "wall=200ms", "wall", Int64(200), "milliseconds"),
            ("deaf", "wall=200ms", "wall", 200, "milliseconds"),
            ("spin", "cpu=100ms", "cpu", 100, "milliseconds"),
        ])
    func limits(_ text: String, _ limit: String, _ kind: String, _ value: Int64, _ unit: String) async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host([limit])
        let plugin = try await host.load(unruly.path)
        let error = try UnrulyPlugin.failure(plugin, text)
        #expect(error.code == .timeout)
        #expect(error.facts == .resourceLimit(kind: kind, value: value, unit: unit, source: "call", setBy: "call"))
        _ = try UnrulyPlugin.ask(plugin)
        await host.shutdown()
    }

    @Test("the manifest's limit holds unless a call says another, and an operator's over both") func precedence()
        async throws
    {
        let unruly = try UnrulyPlugin([
            "MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"limits\\\":{\\\"time\\\":\\\"150ms\\\"}\""
        ])
        let bare = try UnrulyPlugin.host()
        let plugin = try await bare.load(unruly.path)
        #expect(
            try UnrulyPlugin.failure(plugin, "deaf").facts
                == .resourceLimit(kind: "wall", value: 150, unit: "milliseconds", source: "plugin", setBy: "plugin"))
        await bare.shutdown()
        let strict = try UnrulyPlugin.host(["wall=10m"]) {
            $0.workers.operatorLimits[.wall] = 100
        }
        #expect(
            try UnrulyPlugin.failure(try await strict.load(unruly.path), "deaf").facts
                == .resourceLimit(kind: "wall", value: 100, unit: "milliseconds", source: "operator", setBy: "operator")
        )
        await strict.shutdown()
    }

    @Test("a call's own deadline ends it, heard or not", arguments: ["spin", "deaf"])
    func deadline(_ text: String) async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let before = try UnrulyPlugin.ask(plugin)
        let context = CallContext(deadlines: Deadlines(total: .milliseconds(100)))
        let error = try UnrulyPlugin.failure(plugin, text, context)
        #expect(error.code == .timeout)
        let after = try UnrulyPlugin.ask(plugin)
        // One that hears goes on in its process.
        #expect((after.process == before.process) == (text == "spin"))
        await host.shutdown()
    }

    @Test("a cancelled call ends at once; a plugin that hears of it keeps its process", arguments: ["polite", "deaf"])
    func cancels(_ text: String) async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let before = try UnrulyPlugin.ask(plugin)
        let embedder = try #require(plugin.embedder)
        let task = Task { _ = try await embedder.embed(EmbedRequest([text])) }
        task.cancel()
        await #expect(throws: PluginError.self) { try await task.value }
        let after = try UnrulyPlugin.ask(plugin)
        if text == "polite" { #expect(after.process == before.process) }
        await host.shutdown()
    }

    @Test(
        "too many events, or too much of them, end the call with the limit", arguments: ["events=1000", "output=64K"])
    func floods(_ limit: String) async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host([limit])
        let plugin = try await host.load(unruly.path)
        let operations = try #require(plugin.operationSet)
        var count = 0
        do {
            for try await _ in try await operations.run(
                OperationRequest("flood", input: Array("0".utf8)), CallContext())
            {
                count += 1
            }
            Issue.record("it ended by itself")
        } catch {
            #expect(error.code == .resourceExhausted)
            guard case .resourceLimit(_, _, _, _, "call") = error.facts else {
                Issue.record("\(error.facts)")
                return
            }
        }
        #expect(count > 0)
        // Within the limit all of them arrive.
        var whole = 0
        for try await event in try await operations.run(
            OperationRequest("flood", input: Array("500".utf8)), CallContext())
        {
            if case .chunk(let bytes) = event { whole += bytes.count }
        }
        #expect(whole == 500 * 5)
        await host.shutdown()
    }

    @Test("what a call may put out does not hold for the plugin's own life, and is held against nobody")
    func outputOfCalls() async throws {
        let unruly = try UnrulyPlugin()
        let state = try Sample.Folder()
        let host = try UnrulyPlugin.host(["output=1"]) { $0.stateFolder = state.path }
        let plugin = try await host.load(unruly.path)
        #expect(
            try UnrulyPlugin.failure(plugin, "?").facts
                == .resourceLimit(kind: "output", value: 1, unit: "bytes", source: "call", setBy: "call"))
        await host.shutdown()
        let other = try UnrulyPlugin.host { $0.stateFolder = state.path }
        _ = try UnrulyPlugin.ask(try await other.load(unruly.path))
        await other.shutdown()
    }

    @Test("what it logs and prints comes to the host's log") func logs() async throws {
        let unruly = try UnrulyPlugin()
        let keeper = LogKeeper()
        let host = try UnrulyPlugin.host { $0.logger = keeper.logger }
        let plugin = try await host.load(unruly.path)
        _ = try UnrulyPlugin.ask(plugin, "log")
        let note = try await keeper.line(with: "a note")
        #expect(note.contains("error") && note.contains("component=unruly") && note.contains("call="))
        _ = try UnrulyPlugin.ask(plugin, "print")
        // It steers nobody's terminal.
        #expect(try await keeper.line(with: "a line of its own\\u{1b}[31m").contains("component=output"))
        await host.shutdown()
    }

    @Test(
        "a plugin that does not survive its loading is refused with what happened",
        arguments: [
            ("abort()", PluginError.Code.crashed), ("exit(7)", .exited), ("raise(SIGKILL)", .crashed),
        ])
    func constructors(_ what: String, _ code: PluginError.Code) async throws {
        let unruly = try UnrulyPlugin(["CONSTRUCTOR=\(what)"])
        let host = try UnrulyPlugin.host { $0.supervision.loadAttempts = 1 }
        await #expect { try await host.load(unruly.path) } throws: { error in (error as? PluginError)?.code == code }
        await host.shutdown()
    }

    @Test("what create refuses or breaks is told as in the host's process") func creates() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host { $0.supervision.loadAttempts = 1 }
        await #expect { try await host.load(unruly.path, configuration: ["a": "unwanted"]) } throws: { error in
            let error = error as? PluginError
            return error?.code == .configuration && error?.what == "that is unwanted" && error?.stage == .create
        }
        await #expect { try await host.load(unruly.path, configuration: ["a": "crash"]) } throws: { error in
            (error as? PluginError)?.code == .crashed
        }
        await host.shutdown()
    }

    @Test("a new configuration reaches every worker, and those that come later") func configures() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path, configuration: ["mood": "calm"])
        #expect(try await plugin.embedder?.info(CallContext()).model == "calm")
        _ = try await plugin.configure(["mood": "wild"])
        #expect(try await plugin.embedder?.info(CallContext()).model == "wild")
        _ = try UnrulyPlugin.failure(plugin, "abort")
        #expect(try await plugin.embedder?.info(CallContext()).model == "wild")
        await host.shutdown()
    }

    @Test("the same call that ended two workers is not made again; others are") func poison() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        #expect(try UnrulyPlugin.failure(plugin, "abort 1").code == .crashed)
        #expect(try UnrulyPlugin.failure(plugin, "abort 1").code == .crashed)
        #expect(try UnrulyPlugin.failure(plugin, "abort 1").code == .poisoned)
        _ = try UnrulyPlugin.ask(plugin)
        #expect(try UnrulyPlugin.failure(plugin, "abort 2").code == .crashed)
        await host.shutdown()
    }

    @Test("when workers fail again and again, calls are refused for a while") func circuit() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let events = host.events
        for attempt in 1...5 {
            let error = try UnrulyPlugin.failure(plugin, "abort \(attempt)")
            #expect(error.code == .crashed, "\(attempt): \(error)")
        }
        for await event in events where event.kind == .circuitOpened { break }
        let error = try UnrulyPlugin.failure(plugin, "?")
        #expect(error.code == .unavailable)
        #expect(error.retryAfter ?? .zero > .zero)
        await host.shutdown()
    }

    @Test("a swap under load loses no call") func swaps() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let name = plugin.id
        let isOver = Atomic(false)
        async let calls: Set<Int> = {
            var builds: Set<Int> = []
            while !isOver.load(ordering: .acquiring) { builds.insert(try await Self.askLater(plugin).build) }
            return builds
        }()
        for build in 2...4 {
            let path = try UnrulyPlugin.build([], build: build, in: unruly.folder.path)
            _ = try await host.swap(name, to: path)
        }
        #expect(try UnrulyPlugin.ask(plugin).build == 4)
        isOver.store(true, ordering: .releasing)
        #expect(try await calls.isSubset(of: [1, 2, 3, 4]))
        await host.shutdown()
    }

    private static func askLater(_ plugin: NativePlugin) async throws -> UnrulyPlugin.Answer {
        let row = try await #require(plugin.embedder).embed(EmbedRequest(["?"])).matrix.row(0)
        return UnrulyPlugin.Answer(process: Int32(row[0]), calls: Int(row[1]), build: Int(row[2]))
    }

    @Test("a manifest that asks for a worker gets one, and one that asks for more than there is is refused")
    func tiers() async throws {
        func manifest(_ tier: String) -> String {
            "MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"isolation\\\":\\\"\(tier)\\\"\""
        }
        let host = try UnrulyPlugin.host { $0.isolation = .inProcess }
        let (worker, strict) = (
            try UnrulyPlugin([manifest("worker")]), try UnrulyPlugin([manifest("workerStrict"), "ID=\"strict\""])
        )
        let plainBuild = try UnrulyPlugin(["ID=\"plain\""])
        let plugin = try await host.load(worker.path)
        #expect(try UnrulyPlugin.ask(plugin).process != getpid())
        // What it asks for is enforced, or it is not here: namespaces and control groups cannot be made everywhere.
        do {
            let sandboxed = try await host.load(strict.path)
            _ = try UnrulyPlugin.ask(sandboxed)
            for name in [SandboxGuarantee.Name.files, .metadata, .network, .processes, .systemCalls, .memory] {
                #expect(sandboxed.sandbox?[name]?.state == .enforced)
            }
            #expect(sandboxed.sandbox?[.memory]?.by?.contains("cgroup") == true)
            let process = try #require(sandboxed.workers.first?.pid)
            for space in ["net", "pid", "mnt", "ipc", "uts"] {
                let (own, theirs) = ("/proc/self/ns/\(space)", "/proc/\(process)/ns/\(space)")
                #expect(
                    try FileManager.default.destinationOfSymbolicLink(atPath: own)
                        != FileManager.default.destinationOfSymbolicLink(atPath: theirs), "\(space)")
            }
        } catch let error as PluginError {
            #expect(error.code == .sandboxUnavailable, "\(error)")
            #expect(["namespace.", "cgroup."].contains(where: error.what.contains), "\(error)")
        }
        await host.shutdown()
        let bare = try UnrulyPlugin.host {
            $0.isolation = .inProcess
            $0.workers.isSandboxed = false
        }
        await #expect { try await bare.load(strict.path) } throws: {
            ($0 as? PluginError)?.code == .sandboxUnavailable
        }
        await bare.shutdown()
        let open = try UnrulyPlugin.host { $0.isolation = .inProcess }
        let plain = try await open.load(plainBuild.path)
        #expect(try UnrulyPlugin.ask(plain).process == getpid())
        await open.shutdown()
    }

    @Test("without the program that runs workers there is an error, and nothing runs in the host instead")
    func programIsMissing() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host { $0.workers.program = "/nowhere/keyway-worker" }
        await #expect { try await host.load(unruly.path) } throws: { error in
            let error = error as? PluginError
            return error?.code == .notFound && error?.message.contains("swift build --product keyway-worker") == true
        }
        let wrong = try UnrulyPlugin.host { $0.workers.program = "/bin/true" }
        await #expect { try await wrong.load(unruly.path) } throws: { error in
            (error as? PluginError)?.code == .protocolViolation
        }
        await host.shutdown()
        await wrong.shutdown()
    }

    @Test("a program of workers that is being written may be tried again, and runs when that is done")
    func programIsWritten() async throws {
        let unruly = try UnrulyPlugin()
        let program = unruly.folder.path + "/keyway-worker"
        try Programs.install(PluginScanner.locate().path, at: program)
        let host = try UnrulyPlugin.host { $0.workers.program = program }
        let file = try #require(FileHandle(forUpdatingAtPath: program))
        await #expect { try await host.load(unruly.path) } throws: { error in
            let error = error as? PluginError
            return error?.code == .unavailable && error?.retryable == true && error?.message.contains(program) == true
        }
        try file.close()
        // Programs that other tests start have the file open until they run.
        var plugin = try await loadUnlessWritten()
        while plugin == nil, !Task.isCancelled { plugin = try await loadUnlessWritten() }
        #expect(try UnrulyPlugin.ask(#require(plugin)).build == 1)
        await host.shutdown()

        func loadUnlessWritten() async throws -> NativePlugin? {
            do {
                return try await host.load(unruly.path)
            } catch {
                guard error.code == .unavailable else { throw error }
                return nil
            }
        }
    }
}
