import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("A probe", .needsCompiler, .timeLimit(.minutes(10)))
struct ProbeTests {
    typealias Outcome = ProbeResult.Outcome
    typealias Phase = ProbeResult.Phase

    @Test("finds nothing wrong with plugins that behave, in C and in Swift, whatever they bring along")
    func good() async throws {
        let folder = try Sample.Folder()
        let library = "\(folder.path)/libprobecompanion.so"
        try "int companion(void) { return 1; }\n".write(
            toFile: "\(folder.path)/c.c", atomically: true, encoding: .utf8)
        try ProbePlugin.compile([
            "-shared", "-fPIC", "-Wl,-soname,libprobecompanion.so", "-o", library, "\(folder.path)/c.c",
        ])
        var paths = [
            try ProbePlugin.good.get().path,
            try ProbePlugin.build("limits", ["IN_CONSTRUCTOR=check_limits"], in: folder),
            try ProbePlugin.build(
                "accompanied", link: ["-Wl,--no-as-needed", library, "-Wl,-rpath,$ORIGIN"], in: folder),
        ]
        if let samples = ProcessInfo.processInfo.environment["KEYWAY_TEST_PLUGINS"] {
            paths += ["hash-embedder", "extractive-provider"].map { "\(samples)/\($0).so" }
        }
        let plugins = try paths.map(ProbePlugin.prepare)
        for result in try await PluginScanner.locate().probe(plugins, deadline: .seconds(60)) {
            #expect(result.outcome == .passed, "\(result)")
            #expect(result.phase == .end && result.error == nil && result.outputBytes == 0)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let deed: String
        let outcome: Outcome
        var phase = Phase.load
        var testDescription: String { deed }
    }

    private static let crashes: [Case] = [
        Case(deed: "write_to_null", outcome: .crashed(signal: SIGSEGV, address: 8)),
        Case(deed: "call_abort", outcome: .crashed(signal: SIGABRT, address: nil)),
        Case(deed: "divide", outcome: .crashed(signal: SIGFPE, address: nil)),
        Case(deed: "crash_thread", outcome: .crashed(signal: SIGSEGV, address: 8)),
    ]

    @Test("names the plugin that crashes, its signal, its address and the function", arguments: crashes, [true, false])
    func crash(_ crash: Case, inEntry: Bool) async throws {
        let folder = try Sample.Folder()
        let macro = inEntry ? "IN_ENTRY" : "IN_CONSTRUCTOR"
        let result = try await ProbePlugin.blame("bad", ["\(macro)=\(crash.deed)"], in: folder)
        #expect(result.outcome == crash.outcome, "\(result)")
        #expect(result.phase == (inEntry ? .entry : .load))
        let deed = crash.deed == "crash_thread" ? "write_to_null" : crash.deed
        let frame = result.backtrace.first { $0.symbol == deed }
        #expect(frame?.module == "bad.so" && (frame?.offset ?? 0) > 0, "\(result.backtrace.map(\.text))")
        if crash.deed != "crash_thread" {
            let last = inEntry ? "kw_plugin_entry_1" : "constructor"
            #expect(result.backtrace.last?.symbol == last, "\(result.backtrace.map(\.text))")
        }
    }

    @Test("describes a stack that overflowed, and survives one that was overwritten")
    func stacks() async throws {
        let folder = try Sample.Folder()
        let result = try await ProbePlugin.blame("deep", ["IN_CONSTRUCTOR=overflow"], in: folder)
        guard case .crashed(SIGSEGV, _?) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(result.backtrace.count == 32 && result.backtrace.allSatisfy { $0.symbol == "overflow" })
        let smashed = try await ProbePlugin.blame("smashed", ["IN_CONSTRUCTOR=smash_stack"], in: folder)
        guard case .crashed = smashed.outcome else {
            Issue.record("\(smashed)")
            return
        }
    }

    private static let ends: [Case] = [
        Case(deed: "IN_CONSTRUCTOR=call_exit", outcome: .exited(status: 3)),
        Case(deed: "IN_ENTRY=leave_quietly", outcome: .exited(status: 0), phase: .entry),
        Case(deed: "IN_CONSTRUCTOR=kill_itself", outcome: .crashed(signal: SIGKILL, address: nil)),
        Case(deed: "IN_CONSTRUCTOR=take_memory", outcome: .crashed(signal: SIGABRT, address: nil)),
        Case(
            deed: "ENTRY_STATUS=KW_SDK_MISMATCH", outcome: .refused("its entry refused SDK 1 with status 103"),
            phase: .entry),
        Case(deed: "ENTRY_TABLE=0", outcome: .refused("its entry gave no plugin table"), phase: .table),
        Case(deed: "ENTRY_TABLE=16", outcome: .crashed(signal: SIGSEGV, address: 16), phase: .table),
        Case(
            deed: "TABLE_ID=\"other\"",
            outcome: .refused("its table says that it is \"other\", its manifest note says \"bad\""), phase: .end),
    ]

    @Test("names the plugin that ends its process, kills its watcher, or lies", arguments: ends)
    func end(_ end: Case) async throws {
        let folder = try Sample.Folder()
        let result = try await ProbePlugin.blame("bad", [end.deed], in: folder)
        #expect(result.outcome == end.outcome && result.phase == end.phase, "\(result)")
    }

    /// What it comes to without a sandbox.
    private static let attacks: [Case] = [
        Case(deed: "witness", outcome: .passed, phase: .end), Case(deed: "read_users", outcome: .passed, phase: .end),
        Case(deed: "make_socket", outcome: .passed, phase: .end),
        Case(deed: "start_process", outcome: .passed, phase: .end),
        Case(deed: "take_shared_memory", outcome: .passed, phase: .end),
        Case(deed: "kill_scanner", outcome: .brokeScanner),
    ]

    @Test("keeps constructors and entries from files, network, processes and its own program", arguments: attacks)
    func contained(_ attack: Case) async throws {
        let folder = try Sample.Folder()
        let witness = "WITNESS=\"\(folder.path)/witness\""
        for place in ["IN_CONSTRUCTOR", "IN_ENTRY"] {
            let macros = ["\(place)=\(attack.deed)", witness]
            let result = try await ProbePlugin.blame("kept", macros, in: folder)
            #expect(result.outcome == .crashed(signal: SIGABRT, address: nil), "\(result)")
            let free = try await ProbePlugin.blame("free", macros, isSandboxed: false, in: folder)
            #expect(free.outcome == attack.outcome, "\(free)")
        }
    }

    @Test("passes on what the dynamic linker says of a missing symbol")
    func missing() async throws {
        let folder = try Sample.Folder()
        var configuration = PluginHost.Configuration()
        configuration.policy.ignoredRules = ["S031"]
        let path = try ProbePlugin.build("missing", ["MISSING"], in: folder)
        let plugin = try PluginHost(configuration).prepare(path)
        let result = try #require(try await PluginScanner.locate().probe([plugin], deadline: .seconds(60)).first)
        guard case .unloadable(let text) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(text.contains("function_that_nobody_has") && !text.contains("/proc/self/fd"))
        #expect(result.error?.what == "the dynamic linker refused it: \(text)")
        // A worker says the same of it.
        configuration.isolation = .worker
        let error = await #expect(throws: PluginError.self) { try await PluginHost(configuration).load(path) }
        #expect(error?.what == result.error?.what)
    }

    @Test("names the plugin whose own library has gone since it was judged")
    func missingLibrary() async throws {
        let folder = try Sample.Folder()
        let (source, library) = ("\(folder.path)/c.c", "\(folder.path)/libprobegone.so")
        try "int companion(void) { return 1; }\n".write(toFile: source, atomically: true, encoding: .utf8)
        try ProbePlugin.compile(["-shared", "-fPIC", "-Wl,-soname,libprobegone.so", "-o", library, source])
        let plugin = try ProbePlugin.prepare(
            ProbePlugin.build("lonely", link: ["-Wl,--no-as-needed", library, "-Wl,-rpath,$ORIGIN"], in: folder))
        let good = try ProbePlugin.prepare(ProbePlugin.good.get().path)
        try FileManager.default.removeItem(atPath: library)
        let results = try await PluginScanner.locate().probe([plugin, good, plugin], deadline: .seconds(60))
        #expect(results[1].hasPassed)
        for result in [results[0], results[2]] {
            #expect(result.phase == .setup && result.reason.contains("libprobegone.so"), "\(result)")
        }
        #expect(try await PluginScanner.locate().probe([plugin]).first?.error?.code == .load)
    }

    @Test("ends a plugin that hangs at its deadline, with all processes that it started", arguments: [1, 3])
    func hang(parallel: Int) async throws {
        let folder = try Sample.Folder()
        let witness = "\(folder.path)/witness"
        let result = try await ProbePlugin.blame(
            "stuck", ["IN_CONSTRUCTOR=hang_with_family", "WITNESS=\"\(witness)\""], deadline: .seconds(5),
            parallel: parallel, isSandboxed: false, in: folder)
        #expect(result.outcome == .hung(deadline: .seconds(5)) && result.phase == .load)
        #expect(try ProbePlugin.survivors(witness).isEmpty)
        #expect(try String(contentsOfFile: witness, encoding: .utf8).split(separator: "\n").count == 3)
    }

    @Test("ends a plugin that stops itself, waits in its entry, prints for ever or forks a hundred times")
    func otherHangs() async throws {
        let folder = try Sample.Folder()
        let bad = try [
            "IN_CONSTRUCTOR=stop_itself", "IN_ENTRY=wait_for_ever", "IN_ENTRY=print_for_ever", "IN_ENTRY=fork_many",
        ].enumerated().map { try ProbePlugin.prepare(ProbePlugin.build("bad\($0)", [$1], in: folder)) }
        let good = try ProbePlugin.prepare(ProbePlugin.good.get().path)
        var scanner = try PluginScanner.locate()
        scanner.parallel = 8
        let results = try await scanner.probe(bad + [good], deadline: .seconds(5))
        #expect(results.map(\.outcome) == [Outcome](repeating: .hung(deadline: .seconds(5)), count: 4) + [.passed])
        #expect(results[2].outputBytes > 4096 && results[2].output.hasSuffix("\n") && results[2].output.count == 4096)
    }

    @Test("a process that a plugin leaves behind is ended, and holds nobody up")
    func daemon() async throws {
        let folder = try Sample.Folder()
        let witness = "\(folder.path)/witness"
        let plugin = try ProbePlugin.prepare(
            ProbePlugin.build("daemon", ["IN_CONSTRUCTOR=leave_daemon", "WITNESS=\"\(witness)\""], in: folder))
        let scanner = try ProbePlugin.scannerWithoutSandbox()
        let results = try await scanner.probe([plugin], deadline: .seconds(60))
        #expect(results.first?.outcome == .passed)
        // It may have been ended before it could write.
        if FileManager.default.fileExists(atPath: witness) { #expect(try ProbePlugin.survivors(witness).isEmpty) }
    }

    @Test("keeps the end of what a plugin prints, and counts the rest")
    func chatter() async throws {
        let folder = try Sample.Folder()
        let little = try await ProbePlugin.blame("chatty", ["IN_CONSTRUCTOR=print"], in: folder)
        #expect(little.outcome == .chatter && little.output == "out\nerr\n" && little.outputBytes == 8)
        #expect(little.phase == .end)
        let much = try await ProbePlugin.blame("loud", ["IN_ENTRY=print_much"], in: folder)
        #expect(much.outcome == .chatter && much.outputBytes == 1 << 20 + 9)
        #expect(much.output.hasSuffix("xthe end\u{FFFD}\n") && much.output.unicodeScalars.count == 4096)
    }

    @Test("what a plugin does to its descriptors does not change what it is found to be")
    func descriptors() async throws {
        let folder = try Sample.Folder()
        let good = try ProbePlugin.prepare(ProbePlugin.good.get().path)
        for deed in ["write_everywhere", "close_everything"] {
            for place in ["IN_CONSTRUCTOR", "IN_ENTRY"] {
                let plugin = try ProbePlugin.prepare(
                    ProbePlugin.build("\(deed)-\(place)", ["\(place)=\(deed)"], in: folder))
                let results = try await PluginScanner.locate().probe([good, plugin, good], deadline: .seconds(60))
                #expect(results.map(\.outcome) == [.passed, .passed, .passed], "\(deed) \(place): \(results[1])")
            }
        }
    }

    @Test("two hundred plugins, every tenth of which crashes: exactly these are named")
    func many() async throws {
        let folder = try Sample.Folder()
        let good = try ProbePlugin.prepare(ProbePlugin.good.get().path)
        let bad = try ProbePlugin.prepare(ProbePlugin.build("bad", ["IN_CONSTRUCTOR=write_to_null"], in: folder))
        let results = try await PluginScanner.locate().probe(
            (0..<200).map { $0 % 10 == 3 ? bad : good }, deadline: .seconds(60))
        #expect(results.count == 200)
        for (index, result) in results.enumerated() {
            #expect(result.outcome == (index % 10 == 3 ? .crashed(signal: SIGSEGV, address: 8) : .passed))
        }
    }
}
