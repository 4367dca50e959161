import Foundation
import TestPrograms
import Testing

@Suite("The commands of the guides", .timeLimit(.minutes(10)))
struct GuideCommandTests {
    /// A reader's machine: a home folder, which is where they work, with the command on the path.
    private struct Reader {
        let folder: TemporaryFolder
        private let environment: [String: String]

        init() throws {
            folder = try TemporaryFolder()
            let home = folder.url
            let programs = home.appendingPathComponent("bin")
            try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: programs.appendingPathComponent("keyway").path, withDestinationPath: Command.path)
            var environment = [
                "HOME": home.path, "KEYWAY_PLUGIN_PATH": home.appendingPathComponent("plugins").path,
                "PATH": "\(programs.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")",
            ]
            for (name, place) in [
                ("XDG_CONFIG_HOME", ".config"), ("XDG_CACHE_HOME", ".cache"), ("XDG_STATE_HOME", ".state"),
            ] { environment[name] = home.appendingPathComponent(place).path }
            for name in ["KEYWAY_CONFIG_DIR", "KEYWAY_ENV", "KEYWAY_TRUST"] { environment[name] = "" }
            self.environment = environment
        }

        /// Does what the page says, step by step.
        func follow(_ page: GuidePage) async throws {
            var running: [(RunningProgram, Pipe)] = []
            defer {
                for (program, _) in running {
                    program.signal(SIGTERM)
                    program.wait()
                }
            }
            for step in page.steps {
                if step.isInBackground {
                    running.append(try await start(step))
                    continue
                }
                let output = try await Command.run(
                    ["-ec", "exec 2>&1\n\(step.script)"], environment: environment, in: folder.url,
                    program: "/bin/bash")
                #expect(output.status == step.status, "line \(step.line): \(output.stdout)")
                guard let expected = step.output else { continue }
                let printed = output.stdout.split(separator: "\n").map(String.init)
                #expect(agrees(printed, with: expected), "line \(step.line): \(output.stdout)")
            }
        }

        /// Begins what goes on in the background, and waits for its first line.
        private func start(_ step: GuidePage.Step) async throws -> (RunningProgram, Pipe) {
            let pipe = Pipe()
            let program = try RunningProgram(
                "/bin/bash", ["-ec", "exec \(step.script)"], environment: environment, in: folder.url.path,
                output: .pipe(pipe))
            #expect(try await !pipe.line().isEmpty, "line \(step.line) ended before it was ready")
            return (program, pipe)
        }

        /// Is it what the page shows? Plugins stand in the order in which they were loaded, which differs; the page has its
        /// own home folder, process and time; and columns are as wide as what is in them.
        func agrees(_ printed: [String], with expected: [String]) -> Bool {
            let (printed, shown) = (printed.map(plain), expected.map(plain).filter { !$0.isEmpty && $0 != "..." })
            if expected.contains("...") { return Set(shown).isSubset(of: printed) }
            return shown.sorted() == printed.filter { !$0.isEmpty }.sorted()
        }

        private func plain(_ line: String) -> String {
            line.replacing(folder.url.path, with: "/home/ada")
                .replacing(/process [0-9]+, up .*/, with: "process P, up T")
                .split(separator: " ").joined(separator: " ")
        }
    }

    @Test("docs/configuration.md does what it says, with the plugin that it tells of")
    func configuration() async throws {
        let page = try GuidePage("configuration")
        let reader = try Reader()
        let manifest = try #require(page.block("json"))
        let plugins = try TemporaryFolder()
        let file = try NotedPlugin.build(
            "feed-reader", "1.0.0", "," + manifest.replacing("\n", with: ""), in: plugins)
        try reader.folder.write(Data(contentsOf: URL(fileURLWithPath: file)), to: "plugins/feed-reader.so")
        try reader.folder.write(
            #"{"feeds": ["https://example.com/feed.xml"],\#n "interval": 5, "tokn": "x"}"#, to: "mine.json")
        #expect(page.steps.count > 8)
        try await reader.follow(page)
    }

    @Test("docs/running-host.md does what it says, with the sample plugins")
    func runningHost() async throws {
        let page = try GuidePage("running-host")
        let reader = try Reader()
        for plugin in try FileManager.default.contentsOfDirectory(atPath: Command.plugins) where plugin.hasSuffix(".so")
        {
            try reader.folder.write(
                Data(contentsOf: URL(fileURLWithPath: "\(Command.plugins)/\(plugin)")), to: "plugins/\(plugin)")
        }
        #expect(page.steps.count { $0.isInBackground } == 1)
        try await reader.follow(page)
    }

    @Test("docs/workers.md does what it says, with a sample and a plugin that misbehaves")
    func workers() async throws {
        let page = try GuidePage("workers")
        let reader = try Reader()
        try reader.folder.write(
            Data(contentsOf: URL(fileURLWithPath: "\(Command.plugins)/hash-embedder.so")),
            to: "plugins/hash-embedder.so")
        let unruly = try await UnrulyCommandPlugin.build(in: reader.folder)
        try FileManager.default.moveItem(
            atPath: unruly, toPath: reader.folder.url.appendingPathComponent("plugins/unruly.so").path)
        #expect(page.steps.count { $0.isInBackground } == 1)
        try await reader.follow(page)
    }

    @Test("output that a page does not show, or shows otherwise, is seen")
    func comparison() throws {
        let reader = try Reader()
        let home = reader.folder.url.path
        #expect(reader.agrees(["b", "a  c \(home)/x"], with: ["a c /home/ada/x", "", "b"]))
        #expect(reader.agrees(["k, process 12, up 3 s"], with: ["k, process 7, up 40 ms"]))
        #expect(reader.agrees(["a", "b"], with: ["...", "b"]))
        for other in [["a"], ["a", "b", "c"], ["a", "x"], ["...", "c"]] {
            #expect(!reader.agrees(["a", "b"], with: other), "\(other)")
        }
    }
}
