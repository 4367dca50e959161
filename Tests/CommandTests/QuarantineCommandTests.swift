import Foundation
import PluginCore
import TestPrograms
import Testing

@Suite("keyway quarantine", .timeLimit(.minutes(10)))
struct QuarantineCommandTests {
    /// A folder of plugins and one of state, in a folder that goes with it.
    private struct Place {
        let folder: TemporaryFolder
        var plugins: String { folder.url.appendingPathComponent("plugins").path }
        var state: String { folder.url.appendingPathComponent("state").path }

        init() throws {
            folder = try TemporaryFolder()
            try FileManager.default.createDirectory(atPath: plugins, withIntermediateDirectories: true)
        }

        func build(_ id: String, _ macros: [String] = []) throws {
            let root = Command.root.path
            try Programs.succeed(
                "cc",
                [
                    "-std=gnu11", "-O0", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread",
                    "-DPROBE_ID=\"\(id)\"", "-I\(root)/PluginABI/include", "-Wl,-z,relro,-z,now",
                    "-Wl,--version-script=\(root)/PluginABI/plugin.map", "-o", "\(plugins)/\(id).so",
                    "\(root)/Tests/Fixtures/probes/probe.c",
                ] + macros.map { "-D\($0)" })
        }

        func run(
            _ verb: String, _ arguments: [String] = [], environment: [String: String] = [:]
        ) async throws -> Command.Output {
            try await Command.run(["quarantine", verb] + arguments + ["--state", state], environment: environment)
        }
    }

    @Test("a plugin that crashes is named, held, shown with its backtrace, and let go when it does well")
    func life() async throws {
        let place = try Place()
        try place.build("bad", ["IN_CONSTRUCTOR=write_to_null"])
        #expect(try await place.run("list").stdout == "No plugin is in quarantine.\n")
        let first = try await place.run("retry", ["bad", "--path", place.plugins])
        #expect(first.status == 1 && first.stdout.isEmpty)
        #expect(first.stderr.contains("bad: crashed in its constructors by SIGSEGV at address 0x8"))
        let listed = try await place.run("list", ["--json"]).json()["records"]?.arrayValue ?? []
        #expect(listed.count == 1 && listed.first?["state"] == "active" && listed.first?["attempts"] == 2)
        #expect(listed.first?["signal"] == 11 && listed.first?["address"] == "0x8" && listed.first?["by"] == "probe")
        let since = try #require(listed.first?["since"]?.intValue)
        #expect(listed.first?["until"]?.intValue == since + 3600)
        let page = try await place.run("show", ["bad"])
        #expect(page.status == 0 && page.stdout.contains("\nbacktrace\n  bad.so+0x"))
        #expect(page.stdout.contains("(write_to_null+0x"))
        // The file is known by now.
        let again = try await place.run("retry", ["bad", "--json"])
        #expect(again.status == 1)
        #expect(try again.json()["record"]?["until"]?.intValue ?? 0 >= since + 86400)
        #expect(try again.json()["result"]?["outcome"] == "crashed" && again.json()["status"] == "quarantined")
        try place.build("bad")
        let well = try await place.run("retry", ["bad", "--json", "--deadline", "60000"])
        #expect(well.status == 0)
        #expect(try well.json()["result"]?["outcome"] == "passed" && well.json()["status"] == "clear")
        #expect(try await place.run("list", ["--json"]).json() == ["records": []])
    }

    @Test("an operator's word stands until it is over, cleared or released")
    func operators() async throws {
        let place = try Place()
        try place.build("good")
        let added = try await place.run("add", ["good", "--reason", "under review", "--for", "2h", "--json"])
        #expect(added.status == 0)
        let record = try added.json()
        #expect(record["by"] == "operator" && record["reason"] == "under review" && record["sha256"] == nil)
        #expect(try record["until"]?.intValue == #require(record["since"]?.intValue) + 7200)
        let tried = try await place.run("retry", ["good", "--path", place.plugins, "--deadline", "60000"])
        #expect(tried.status == 0 && tried.stderr.contains("stays in quarantine: under review"))
        #expect(try await place.run("release", ["good"]).status == 0)
        for verb in ["release", "clear", "show"] {
            let unknown = try await place.run(verb, ["good", "--json"])
            #expect(unknown.status == 1)
            #expect(try unknown.json()["error"]?["code"] == "notFound")
        }
        #expect(try await place.run("add", ["good", "--reason", "for ever"]).stdout.contains("until it is cleared"))
        #expect(try await place.run("clear", ["good", "--json"]).json()["cleared"]?.arrayValue?.count == 1)
        for time in ["2y", "h", "-1h", "0d", "9223372036854775807d", "36526d", ""] {
            #expect(try await place.run("add", ["x", "--reason", "y", "--for=\(time)"]).status == 2, "\(time)")
        }
        #expect(try await place.run("add", ["x"]).status == 2)
    }

    @Test("a quarantine whose time is over is shown as one that has ended")
    func ended() async throws {
        let place = try Place()
        #expect(try await place.run("add", ["good", "--reason", "under review", "--for", "2h"]).status == 0)
        let file = "\(place.state)/quarantine.json"
        var document = try JSON(parsing: String(contentsOfFile: file, encoding: .utf8), what: "the records")
        let until = try #require(document["records"]?.arrayValue?[0]["until"]?.intValue)
        guard case .object(var record) = try #require(document["records"]?.arrayValue?[0]) else { return }
        for (shift, state) in [(Int64(0), "active"), (-3 * 3600, "expired")] {
            record["until"] = .int(until + shift)
            document = ["version": 1, "records": [.object(record)]]
            try document.text.write(toFile: file, atomically: false, encoding: .utf8)
            for verb in [["list"], ["show", "good"]] {
                let json = try await place.run(verb[0], verb.dropFirst() + ["--json"]).json()
                #expect(json["records"]?.arrayValue?[0]["state"] == .string(state), "\(verb)")
                let text = try await place.run(verb[0], Array(verb.dropFirst())).stdout
                #expect(text.contains("no longer quarantined: that ended 2") == (state == "expired"), "\(text)")
                #expect(text.contains("quarantined until 2") == (state == "active"), "\(text)")
            }
        }
    }

    @Test("add takes what can be a plugin's name, and tells that none of the name is installed")
    func names() async throws {
        let place = try Place()
        try place.build("good")
        try FileManager.default.copyItem(
            atPath: "\(place.plugins)/good.so", toPath: "\(place.plugins)/My plugin.so")
        for wrong in ["no id!", "a/b", "../x", "*"] {
            let output = try await place.run("add", [wrong, "--reason", "y", "--json"])
            #expect(output.status == 1, "\(wrong)")
            #expect(try output.json()["error"]?["code"] == "invalidArgument", "\(wrong)")
        }
        for (name, isThere) in [("good", true), ("My plugin", true), ("@acme/none", false)] {
            let output = try await place.run("add", [name, "--reason", "y", "--path", place.plugins, "--json"])
            #expect(output.status == 0, "\(name)")
            #expect(try output.json()["installed"] == .bool(isThere), "\(name)")
            let text = try await place.run("add", [name, "--reason", "y", "--path", place.plugins])
            #expect(text.stderr.contains("no plugin called \(name) was found") == !isThere)
        }
        let listed = try await place.run("list", ["--json"]).json()["records"]?.arrayValue
        #expect(listed?.compactMap { $0["plugin"]?.stringValue } == ["@acme/none", "My plugin", "good"])
    }

    @Test("doctor says which program plugins run in by the digest of its bytes")
    func doctor() async throws {
        let checks = try await Command.run(["doctor", "--json"]).json()["checks"]?.arrayValue ?? []
        let detail = try #require(checks.first { $0["name"] == "worker" }?["detail"]?.stringValue)
        let words = detail.split(separator: " ").map(String.init)
        let sum = try await Command.run([words[0].replacing(",", with: "")], program: "/usr/bin/sha256sum")
        #expect(words.last?.utf8.count == 64 && sum.stdout.hasPrefix(words.last ?? "-"))
    }

    @Test("nothing of a plugin that is being tried outlives the command", arguments: [SIGKILL, SIGINT])
    func killed(signal: Int32) async throws {
        let place = try Place()
        let pipe = "\(place.plugins)/pipe"
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        try place.build("holding", ["IN_CONSTRUCTOR=hold_pipe_with_family", "WITNESS=\"\(pipe)\""])
        let process = try RunningProgram(
            Command.path,
            [
                "quarantine", "retry", "\(place.plugins)/holding.so", "--deadline", "3600000", "--state", place.state,
                "--no-sandbox",
            ])
        let written = await withCheckedContinuation { continuation in
            // A thread of its own, as it blocks until the plugin opens the pipe, and then until nobody has it open.
            Thread.detachNewThread {
                let reader = FileHandle(forReadingAtPath: pipe)
                let first = try? reader?.read(upToCount: 3)
                process.signal(signal)
                let rest = try? reader?.readToEnd()
                continuation.resume(returning: (first?.count ?? 0) + (rest?.count ?? 0))
            }
        }
        #expect(written > 0)
        #expect(await process.ended() != .exited(0))
    }

    @Test(
        "the program that plugins run in needs the C library and libseccomp, and no path of a toolchain",
        .enabled(if: Command.path.contains("release"), "only make builds the one that is installed"))
    func workerProgram() async throws {
        let program = URL(fileURLWithPath: Command.path).deletingLastPathComponent().appendingPathComponent(
            "keyway-worker")
        let json = try await Command.run(["inspect", program.path, "--json"]).json()
        #expect(json["needed"]?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["libseccomp.so.2", "libc.so.6"])
        #expect(json["runpath"] == [] && json["rpath"] == [])
        #expect(json["hardening"]?["relro"] == "full" && json["hardening"]?["bindNow"] == true)
    }

    @Test("a missing program for workers and a damaged record are errors, and no plugin is tried")
    func errors() async throws {
        let place = try Place()
        let witness = "\(place.plugins)/witness"
        try place.build("told", ["IN_CONSTRUCTOR=witness", "WITNESS=\"\(witness)\""])
        let missing = try await place.run(
            "retry", ["told", "--path", place.plugins, "--json"], environment: ["KEYWAY_WORKER": "/nowhere"])
        #expect(missing.status == 1)
        #expect(try missing.json()["error"]?["code"] == "notFound")
        #expect(!FileManager.default.fileExists(atPath: witness))
        try await #expect(place.run("add", ["x", "--reason", "y"]).status == 0)
        let file = "\(place.state)/quarantine.json"
        try "{".write(toFile: file, atomically: false, encoding: .utf8)
        for (verb, arguments) in [
            ("list", []), ("add", ["x", "--reason", "y"]), ("clear", ["x"]),
            ("retry", ["told", "--path", place.plugins]),
        ] {
            let output = try await place.run(verb, arguments + ["--json"])
            #expect(output.status == 1)
            #expect(try output.json()["error"]?["code"] == "dataLoss", "\(verb)")
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "{")
        #expect(!FileManager.default.fileExists(atPath: witness))
    }
}
