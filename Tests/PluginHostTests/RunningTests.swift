import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("A running host", .needsCompiler, .timeLimit(.minutes(10)))
struct RunningTests {
    /// A host that runs while the body does, its events, and where it can be talked to.
    private func running(
        _ place: SwapPlugin, _ change: @escaping (inout PluginHost.Configuration) -> Void = { _ in },
        _ body: (PluginHost, ControlClient, AsyncStream<HostEvent>) async throws -> Void
    ) async throws {
        let socket = "\(place.folder.path)/host.sock"
        let host = place.host { configuration in
            configuration.control = .at(socket)
            configuration.loadsEverything = true
            change(&configuration)
        }
        let events = host.events
        let (ready, told) = AsyncStream.makeStream(of: PluginHost.Ready.self)
        let task = Task {
            do throws(PluginError) {
                try await host.run { told.yield($0) }
                told.finish()
            } catch {
                told.finish()
                throw error
            }
        }
        for await report in ready {
            #expect(report.socket == socket)
            break
        }
        do {
            try await body(host, try await ControlClient.connect(to: socket), events)
        } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        try await task.value
        #expect(host.status.isEmpty && !FileManager.default.fileExists(atPath: socket))
    }

    @Test("says how its plugins are, and does what it is told on its socket")
    func verbs() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter")
        let second = try place.build(2, as: "other", ["ID=\"other\""])
        try await running(place) { host, client, _ in
            let status = try await client.send("status")
            #expect(status["version"]?.stringValue == HostProduct.version.description)
            #expect(status["pid"]?.intValue == Int64(getpid()) && status["uptimeMs"]?.intValue ?? -1 >= 0)
            let plugins = try #require(status["plugins"]?.arrayValue)
            #expect(Set(plugins.compactMap { $0["id"]?.stringValue }) == ["counter", "other"])
            for plugin in plugins {
                #expect(plugin["state"] == "active" && plugin["tier"] == "inProcess" && plugin["generation"] == 1)
                #expect(plugin["inFlight"] == 0 && plugin["errors"] == 0 && plugin["calls"]?.intValue != nil)
            }
            _ = try await client.send("suspend", ["plugin": "counter", "reason": "to see it"])
            #expect(host.status.first { $0.id == "counter" }?.reason == "to see it")
            _ = try await client.send("resume", ["plugin": "counter"])
            let wrong = try await #require(throws: PluginError.self) {
                try await client.send("swap", ["plugin": "counter", "file": .string(second)])
            }
            #expect(wrong.code == .conflict && wrong.message.contains("other"))
            try place.build(3, as: "counter")
            let swapped = try await client.send("swap", ["plugin": "counter"])
            #expect(swapped["changed"] == true && swapped["version"] == "1.0.3" && swapped["generation"] == 2)
            _ = try await client.send("stop", ["plugin": "other"])
            _ = try await client.send("load", ["plugin": "other"])
            for (verb, arguments, code) in [
                ("suspend", [:] as JSON, PluginError.Code.invalidArgument),
                ("suspend", ["plugin": 5], .invalidArgument),
                ("suspend", ["plugin": "nobody"], .notFound), ("dance", [:], .unsupported),
            ] {
                let error = try await #require(throws: PluginError.self) { try await client.send(verb, arguments) }
                #expect(error.code == code, "\(verb) \(arguments.text)")
            }
        }
    }

    @Test("a file that changes is taken up, one that is not fit is not, and one that comes is loaded")
    func watchesFiles() async throws {
        let place = try SwapPlugin()
        let file = try place.build(1, as: "counter")
        var rules = WatchRules()
        rules.debounce = .milliseconds(20)
        try await running(place, { $0.watch = rules }) { host, _, events in
            let embedder = try #require(try host.plugin("counter").embedder)
            try place.build(2, as: "counter")
            _ = await events.first { $0.kind == .swapped }
            #expect(try SwapPlugin.ask(embedder).build == 2)
            try place.build(3, as: "counter", ["FAIL_CREATE"])
            _ = await events.first { $0.kind == .swapRefused }
            #expect(try SwapPlugin.ask(embedder).build == 2)
            try FileManager.default.removeItem(atPath: file)
            _ = await events.first { $0.kind == .watch }
            #expect(try SwapPlugin.ask(embedder).build == 2)
            try place.build(4, as: "counter")
            _ = await events.first { $0.kind == .swapped }
            #expect(try SwapPlugin.ask(embedder).build == 4)
            try place.build(5, as: "newcomer", ["ID=\"newcomer\""])
            _ = await events.first { $0.plugin == "newcomer" && $0.state == .active }
            #expect(Set(host.status.map(\.name)) == ["counter", "newcomer"])
        }
    }

    @Test(
        "a build with another file's name takes the place of the old one, and a file that is another plugin by now its own"
    )
    func watchesNames() async throws {
        let place = try SwapPlugin()
        let file = try place.build(1, as: "counter-1")
        var rules = WatchRules()
        rules.debounce = .milliseconds(20)
        try await running(place, { $0.watch = rules }) { host, _, events in
            let embedder = try #require(try host.plugin("counter").embedder)
            try FileManager.default.removeItem(atPath: file)
            let next = try place.build(2, as: "counter-2")
            _ = await events.first { $0.kind == .swapped }
            #expect(try SwapPlugin.ask(embedder).build == 2)
            #expect(host.status.map(\.file) == [next])
            try place.build(3, as: "counter-2", ["ID=\"other\""])
            _ = await events.first { $0.plugin == "other" && $0.state == .active }
            #expect(host.status.map(\.id) == ["other"] && host.status.map(\.file) == [next])
            let error = #expect(throws: PluginError.self) { try SwapPlugin.ask(embedder) }
            #expect(error?.code == .disabled && error?.message.contains("is other by now") == true)
        }
    }

    @Test("plugins and configurations that are mounted as in Kubernetes are taken up when their link turns")
    func watchesLinks() async throws {
        let place = try SwapPlugin()
        func turn(to name: String) throws {
            let link = "\(place.folder.path)/..data"
            try #require(unsafe symlink(name, "\(link).new") == 0)
            try #require(unsafe rename("\(link).new", link) == 0)
        }
        func make(_ version: Int, mood: String) throws {
            let folder = "\(place.folder.path)/..v\(version)"
            try FileManager.default.createDirectory(
                atPath: "\(folder)/configurations", withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            try place.build(version, as: "..v\(version)/counter", ["CONFIGURABLE"])
            let file = "\(folder)/configurations/counter.json"
            try Data("{\"mood\": \"\(mood)\"}".utf8).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        }
        try make(1, mood: "merry")
        try turn(to: "..v1")
        for (name, target) in [("counter.so", "..data/counter.so"), ("configurations", "..data/configurations")] {
            try #require(unsafe symlink(target, "\(place.folder.path)/\(name)") == 0)
        }
        var rules = WatchRules()
        rules.debounce = .milliseconds(20)
        try await running(
            place,
            { configuration in
                configuration.watch = rules
                configuration.configurator = PluginConfigurator(
                    folder: ConfigurationFolder("\(place.folder.path)/configurations"))
            }
        ) { host, _, events in
            let embedder = try #require(try host.plugin("counter").embedder)
            try make(2, mood: "sour")
            try turn(to: "..v2")
            _ = await events.first { $0.kind == .configurationRefused }
            try make(3, mood: "merry")
            try turn(to: "..v3")
            while try SwapPlugin.ask(embedder).build != 3 { _ = await events.first { $0.kind == .swapped } }
            #expect(host.status.map(\.file) == ["\(place.folder.path)/counter.so"])
        }
    }

    @Test("where manifests are watched only, a plugin is swapped when its manifest is written, and not before")
    func watchesManifests() async throws {
        let place = try SwapPlugin()
        let file = try place.build(1, as: "counter")
        var rules = WatchRules()
        rules.debounce = .milliseconds(20)
        try await running(
            place,
            { configuration in
                configuration.watch = rules
                configuration.watchesManifestsOnly = true
            }
        ) { host, _, events in
            let embedder = try #require(try host.plugin("counter").embedder)
            try place.build(2, as: "counter")
            let digest = try host.prepare(file).digest
            let manifest: JSON = [
                "id": "counter", "version": "1.0.2", "type": "embedder", "sha256": .string(digest),
                "interfaces": ["keyway.embedder/1"],
            ]
            #expect(try SwapPlugin.ask(embedder).build == 1)
            try Data(manifest.text.utf8).write(to: URL(fileURLWithPath: "\(place.folder.path)/counter.plugin.json"))
            let swapped = await events.first { [.swapped, .swapRefused].contains($0.kind) }
            #expect(swapped?.kind == .swapped, "\(swapped as Any)")
            #expect(try SwapPlugin.ask(embedder).build == 2)
        }
    }

    @Test(
        "what changes while a plugin rests is taken up when it goes on; what was stopped does not come back by itself")
    func changesMeanwhile() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter")
        try place.build(1, as: "other", ["ID=\"other\""])
        var rules = WatchRules()
        rules.debounce = .milliseconds(20)
        try await running(place, { $0.watch = rules }) { host, client, events in
            let embedder = try #require(try host.plugin("counter").embedder)
            try await host.suspend("counter")
            try await host.stop("other")
            try place.build(2, as: "counter")
            try place.build(2, as: "other", ["ID=\"other\""])
            try place.build(1, as: "third", ["ID=\"third\""])
            // By then the watch has seen them all.
            _ = await events.first { $0.plugin == "third" && $0.state == .active }
            try await host.resume("counter")
            #expect(try SwapPlugin.ask(embedder).build == 2)
            #expect(Set(host.status.map(\.name)) == ["counter", "third"])
            _ = try await client.send("load", ["plugin": "other"])
            #expect(try host.plugin("other").version.description == "1.0.2")
        }
    }

    @Test("a file that is replaced again and again ends as the last one, and no call fails meanwhile")
    func replacedAllTheTime() async throws {
        let (place, elsewhere) = (try SwapPlugin(), try SwapPlugin())
        let file = try place.build(1, as: "counter")
        let (first, last) = (try Data(contentsOf: URL(fileURLWithPath: file)), try elsewhere.build(2))
        var rules = WatchRules()
        rules.debounce = .milliseconds(20)
        try await running(place, { $0.watch = rules }) { host, _, events in
            let embedder = try #require(try host.plugin("counter").embedder)
            let isOver = Flag()
            let caller = Task.detached { () -> Int in
                var calls = 0
                while !isOver.isSet {
                    _ = try SwapPlugin.ask(embedder)
                    calls += 1
                    if calls.isMultiple(of: 100) { await Task.yield() }
                }
                return calls
            }
            for number in 1...100 {
                let temporary = "\(place.folder.path)/.counter.new"
                let next = try number < 100 ? first + Data(count: number) : Data(contentsOf: URL(fileURLWithPath: last))
                try next.write(to: URL(fileURLWithPath: temporary))
                try #require(unsafe rename(temporary, file) == 0)
            }
            while try SwapPlugin.ask(embedder).build != 2 { _ = await events.first { $0.kind == .swapped } }
            isOver.set()
            #expect(try await caller.value > 0)
            #expect(host.status[0].errors == 0 && host.status[0].version?.description == "1.0.2")
        }
    }

    @Test("a configuration that changes is taken up, and one that is wrong is not")
    func watchesConfigurations() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter", ["CONFIGURABLE"])
        let folder = ConfigurationFolder("\(place.folder.path)/configurations")
        var rules = WatchRules()
        rules.debounce = .milliseconds(20)
        try await running(
            place,
            { configuration in
                configuration.watch = rules
                configuration.configurator = PluginConfigurator(folder: folder)
            }
        ) { host, _, events in
            try folder.update("counter") { _ in ["mood": "merry"] }
            _ = await events.first { $0.kind == .configured }
            try folder.update("counter") { _ in ["mood": "sour"] }
            _ = await events.first { $0.kind == .configurationRefused }
            #expect(host.status[0].state == .active && host.status[0].generation == 1)
        }
    }

    @Test("events reach who listens on the socket, as one object a line")
    func events() async throws {
        let place = try SwapPlugin()
        try place.build(1, as: "counter")
        try await running(place) { host, client, _ in
            let heard = try await client.events()
            try await host.suspend("counter", reason: "to be heard")
            var states: [String] = []
            for try await event in heard {
                #expect(event["time"]?.stringValue?.hasSuffix("Z") == true && event["plugin"] == "counter")
                states.append(event["state"]?.stringValue ?? "")
                if states.count == 2 { break }
            }
            #expect(states == ["draining", "suspended"])
        }
    }

    @Test("ends when it is told to, the last loaded plugin first")
    func shutsDown() async throws {
        let place = try SwapPlugin()
        for id in ["one", "two"] { try place.build(1, as: id, ["ID=\"\(id)\""]) }
        let socket = "\(place.folder.path)/host.sock"
        let host = place.host { configuration in
            configuration.control = .at(socket)
            configuration.preload = ["one", "two"]
            configuration.supervision.loadsAtOnce = 1
        }
        var events = host.events.makeAsyncIterator()
        let (ready, told) = AsyncStream.makeStream(of: Void.self)
        let task = Task { try await host.run { _ in told.yield() } }
        for await _ in ready { break }
        let loaded = host.status.map(\.name)
        _ = try await ControlClient.connect(to: socket).send("shutdown")
        try await task.value
        var gone: [String] = []
        while gone.count < 2, let event = await events.next() {
            if event.state == .unloaded { gone.append(event.plugin) }
        }
        #expect(gone == loaded.reversed())
        let error = try await #require(throws: PluginError.self) { try await ControlClient.connect(to: socket) }
        #expect(error.code == .notFound && error.message.contains("no host runs"))
    }

    @Test("a socket that cannot be made ends it at once, with the reason")
    func badSocket() async throws {
        let place = try SwapPlugin()
        let host = place.host { $0.control = .at("\(place.folder.path)/none/host.sock") }
        await #expect(throws: PluginError.self) { try await host.run() }
    }
}
