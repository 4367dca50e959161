import Foundation
import PluginHost
import Synchronization
import Testing

/// What plugins reach for is written down, compared with what they usually do, and asked for beforehand.
@Suite("Audit", .timeLimit(.minutes(10))) struct AuditTests {
    private struct Secrets: SecretSource {
        func secret(_ reference: SecretReference) throws(PluginError) -> String { "Zebra" }
    }

    private final class Records: Sendable {
        private let records = Mutex<[AccessRecord]>([])
        func add(_ record: AccessRecord) { records.withLock { $0.append(record) } }
        var all: [AccessRecord] { records.withLock { $0 } }
    }

    private static func plugin(_ permissions: [String]) throws -> UnrulyPlugin {
        let list = permissions.map { "\\\"\($0)\\\"" }.joined(separator: ",")
        let uses = permissions.contains { $0.hasPrefix("net:127") } ? ["NETWORK"] : []
        return try UnrulyPlugin(
            uses + [
                "MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"permissions\\\":[\(list)]\""
            ])
    }

    @Test("connections and secrets, granted or not, are told with their plugin and the reason") func records()
        async throws
    {
        let server = try EchoServer()
        // Of everything of a kind it gets nothing: nobody has granted that.
        let unruly = try Self.plugin([
            "service:secrets", "env:TOKEN", "net:127.0.0.1:\(server.port)", "net", "net.listen", "threads",
        ])
        let records = Records()
        let host = try UnrulyPlugin.host(["workers=1"]) {
            $0.secrets = Secrets()
            $0.audit.observer = { records.add($0) }
        }
        let plugin = try await host.load(unruly.path)
        _ = try UnrulyPlugin.ask(plugin, "net connect 127.0.0.1 \(server.port)")
        _ = try UnrulyPlugin.failure(plugin, "net connect 127.0.0.2 \(server.port)")
        _ = try UnrulyPlugin.ask(plugin, "secret TOKEN")
        _ = try UnrulyPlugin.failure(plugin, "secret HOME")
        let told = records.all.map { "\($0.plugin) \($0.action.rawValue) \($0.resource) \($0.isAllowed)" }
        #expect(
            told == [
                "unruly connect 127.0.0.1:\(server.port) true", "unruly connect 127.0.0.2:\(server.port) false",
                "unruly secret TOKEN true", "unruly secret HOME false",
            ])
        #expect(records.all.allSatisfy { $0.time > 0 && $0.reason != nil })
        #expect(host.status.first?.refusals == 2)
        await host.shutdown()
        withExtendedLifetime(server) {}
    }

    @Test("a log is its owner's, grows by whole lines, and gives profiles that know what was in it") func log() throws {
        let folder = try Sample.Folder()
        let path = "\(folder.path)/audit.jsonl"
        let record = AccessRecord(
            time: 1, plugin: "a", action: .connect, resource: "h:1", isAllowed: true, reason: "granted\n\u{1B}[31m")
        for _ in 0..<2 { try AuditFile(path).write(record) }
        var status = stat()
        #expect(unsafe stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        var log = AuditLog()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A })
        for line in text.split(separator: "\n") { log.add(line) }
        log.add("{\"plugin\":1}")
        log.add("no JSON")
        #expect(log.unreadable == 2)
        let entry = AccessProfile.Entry(.connect, "h:1")
        #expect(log.plugins["a"]?[entry]?.allowed == 2 && log.plugins["a"]?[entry]?.refused == 0)
        let profiles = try AuditLog.profiles(AuditLog.json(log.profiles), source: "test")
        #expect(profiles == log.profiles && profiles["a"]?.entries == [entry])
        #expect(profiles["a"]?.isDeparture(record) == false)
        for damaged in [
            "{}", "{\"version\":2,\"profiles\":{}}", "{\"version\":1.0,\"profiles\":{}}",
            "{\"version\":1,\"profiles\":[]}",
            "{\"version\":1,\"profiles\":{\"a\":[{\"action\":\"sing\",\"resource\":\"x\"}]}}",
            "{\"version\":1,\"profiles\":{\"a\":[{\"action\":\"connect\"}]}}",
        ] {
            let error = #expect(throws: PluginError.self) {
                try AuditLog.profiles(JSON(parsing: damaged, what: "a profile"), source: "test")
            }
            #expect(error?.code == .dataLoss)
        }
        // Not what others can read, nor what a link leads to.
        #expect(unsafe chmod(path, 0o644) == 0)
        let open = #expect(throws: PluginError.self) { try AuditFile(path) }
        #expect(open?.code == .permissionDenied)
        #expect(unsafe chmod(path, 0o600) == 0)
        #expect(unsafe symlink(path, folder.path + "/link") == 0)
        let error = #expect(throws: PluginError.self) { try AuditFile(folder.path + "/link") }
        #expect(error?.code == .permissionDenied)
    }

    @Test("a departure from a profile is told once, and puts the plugin into quarantine if that is wanted")
    func departure() async throws {
        let unruly = try Self.plugin(["service:secrets", "env:TOKEN", "env:OTHER"])
        let state = try Sample.Folder()
        for quarantines in [false, true] {
            var usual = AccessProfile()
            usual.learn(AccessRecord(time: 0, plugin: "", action: .secret, resource: "TOKEN", isAllowed: true))
            let host = try UnrulyPlugin.host {
                $0.secrets = Secrets()
                $0.audit.profiles = ["unruly": usual]
                $0.audit.quarantinesDepartures = quarantines
                $0.stateFolder = state.path
            }
            let plugin = try await host.load(unruly.path)
            let events = host.events
            for _ in 0..<3 { _ = try UnrulyPlugin.ask(plugin, "secret TOKEN") }
            for _ in 0..<2 { _ = try? UnrulyPlugin.ask(plugin, "secret OTHER") }
            if !quarantines { try await host.suspend(plugin.id) }
            var departures: [HostEvent] = []
            for await event in events {
                if event.kind == .departed { departures.append(event) }
                if event.state == (quarantines ? .quarantined : .suspended) { break }
            }
            if quarantines {
                #expect(try UnrulyPlugin.failure(plugin, "?").what.contains("departs from its profile"))
                let again = await #expect(throws: PluginError.self) { try await host.load(unruly.path) }
                #expect(again?.code == .quarantined)
            }
            await host.shutdown()
            #expect(departures.map(\.resource) == ["secret OTHER"])
        }
    }

    @Test("a plugin that departs while it is loaded is not loaded, and the error says why") func departsAtOnce()
        async throws
    {
        let unruly = try UnrulyPlugin(["NETWORK", "CONSTRUCTOR=reach_and_wait()"])
        var usual = AccessProfile()
        usual.learn(AccessRecord(time: 0, plugin: "", action: .connect, resource: "127.0.0.1:9", isAllowed: true))
        let host = try UnrulyPlugin.host {
            $0.audit.profiles = ["unruly": usual]
            $0.audit.quarantinesDepartures = true
            $0.workers.allowed = [try Permission(.network, "127.0.0.1:9")]
        }
        let error = await #expect(throws: PluginError.self) { try await host.load(unruly.path) }
        #expect(error?.code == .quarantined && error?.what.contains("connect 127.0.0.2:9") == true, "\(error as Any)")
        #expect(error?.plugin == "unruly" && error?.remedy?.contains("quarantine") == true)
        await host.shutdown()
    }

    @Test("system calls that the sandbox refuses are told before the plugin hears of it, each name once as an event")
    func refusals() async throws {
        let unruly = try UnrulyPlugin()
        let records = Records()
        let host = try UnrulyPlugin.host(["workers=1"]) { $0.audit.observer = { records.add($0) } }
        let plugin = try await host.load(unruly.path)
        let events = host.events
        _ = try UnrulyPlugin.ask(plugin)
        let before = records.all.count
        for count in 1...3 {
            #expect(try UnrulyPlugin.failure(plugin, "connect").code == .permissionDenied)
            let told = records.all.dropFirst(before)
            #expect(told.map(\.resource) == [String](repeating: "socket", count: count))
            #expect(told.allSatisfy { $0.action == .systemCall && !$0.isAllowed && $0.plugin == "unruly" })
        }
        try await host.suspend(plugin.id)
        var denied: [String?] = []
        for await event in events {
            if event.kind == .permissionDenied { denied.append(event.resource) }
            if event.state == .suspended { break }
        }
        #expect(denied.filter { $0 == "systemCall:socket" }.count == 1)
        await host.shutdown()
    }

    @Test("files that are refused are told each time, as what they are, and each grant that is used once")
    func files() async throws {
        let (folder, data) = (try Sample.Folder(), try Sample.Folder())
        let evil = folder.path + "-evil"
        try Data().write(to: URL(fileURLWithPath: evil))
        defer { unsafe unlink(evil) }
        for name in ["text", "other"] { try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)")) }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link", withDestinationPath: "/etc/passwd")
        let unruly = try UnrulyPlugin()
        let records = Records()
        let host = try UnrulyPlugin.host(["workers=1"]) {
            $0.workers.allowed = [
                try Permission(.readFiles, folder.path), try Permission(.writeFiles, data.path),
            ]
            $0.audit.observer = { records.add($0) }
        }
        let plugin = try await host.load(unruly.path)
        let events = host.events
        // Its runtime looked at things, too: the time zone, the language.
        _ = try UnrulyPlugin.ask(plugin)
        let before = records.all.count
        for name in ["text", "other", "none"] { _ = try? UnrulyPlugin.ask(plugin, "read \(folder.path)/\(name)") }
        _ = try UnrulyPlugin.ask(plugin, "write \(data.path)/new")
        _ = try UnrulyPlugin.ask(plugin, "read /usr/lib/os-release")
        for refused in [
            "read \(evil)", "read /etc/passwd", "read /etc/passwd", "read \(folder.path)/link",
            "read \(folder.path)/../etc/passwd", "write \(folder.path)/text", "write /none/at/all",
            "read /proc/self/environ",
        ] {
            #expect(throws: PluginError.self) { try UnrulyPlugin.ask(plugin, refused) }
        }
        let told = records.all.dropFirst(before).map { "\($0.action.rawValue) \($0.resource) \($0.isAllowed)" }
        #expect(
            told == [
                "read \(folder.path) true", "write \(data.path) true", "read \(evil) false",
                "read /etc/passwd false", "read /etc/passwd false", "read /etc/passwd false",
                "read \(folder.path)/../etc/passwd false", "write \(folder.path)/text false",
                "write /none/at/all false",
                "read /proc/self/environ false",
            ])
        try await host.suspend(plugin.id)
        var denied: [String] = []
        for await event in events {
            if event.kind == .permissionDenied, let resource = event.resource { denied.append(resource) }
            if event.state == .suspended { break }
        }
        #expect(denied.filter { $0 == "fs.read:/etc/passwd" }.count == 1)
        #expect(denied.contains("fs.write:/none/at/all") && !denied.contains("fs.read:\(folder.path)"))
        await host.shutdown()
    }

    @Test("whether a plugin may do something can be asked beforehand") func checks() async throws {
        let folder = try Sample.Folder()
        let data = folder.path
        let unruly = try Self.plugin(["fs.read:\(data)", "net:*.example.com:443", "fs.write"])
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(unruly.path)
        let cases: [(String, Bool, String)] = [
            ("fs.read:\(data)/file", true, "was granted"), ("fs.read:\(data)-evil", false, "does not ask"),
            ("net:api.example.com:443", true, "was granted"), ("net:api.example.com:80", false, "does not ask"),
            ("net:evilexample.com:443", false, "does not ask"),
            // Everything of a kind takes somebody who grants it.
            ("fs.write:\(data)", false, "nobody has granted it"), ("env:HOME", false, "does not ask"),
        ]
        for (text, isAllowed, because) in cases {
            let verdict = try await host.checkPermission(Permission(parsing: text), of: plugin.id)
            #expect(verdict.isAllowed == isAllowed && verdict.because.contains(because), "\(text): \(verdict)")
        }
        let unknown = await #expect(throws: PluginError.self) {
            try await host.checkPermission(Permission(.threads), of: "nobody")
        }
        #expect(unknown?.code == .notFound)
        await host.shutdown()
    }

    @Test("a log grows to its size and no further, and tells what it left out when there is room again")
    func fullLog() throws {
        let folder = try Sample.Folder()
        let path = folder.path + "/log"
        let file = try AuditFile(path, largest: 1000)
        let record = AccessRecord(time: 1, plugin: "a", action: .read, resource: "/etc/shadow", isAllowed: false)
        for _ in 0..<100 { file.write(record) }
        let full = try String(contentsOfFile: path, encoding: .utf8)
        let lines = full.split(separator: "\n").count
        #expect(full.utf8.count <= 1000 && full.utf8.count > 800 && full.hasSuffix("\n"))
        #expect(unsafe truncate(path, 0) == 0)
        file.write(record)
        let after = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(after.count == 1 && after[0].contains(#""lost":\#(100 - lines)"#), "\(after)")
        // No device is one.
        let error = #expect(throws: PluginError.self) { try AuditFile("/dev/null") }
        #expect(error?.remedy?.contains("chmod") == false)
    }

    @Test("no wildcard is said to lead to this machine, as none does") func checksLoopback() async throws {
        let unruly = try UnrulyPlugin(["NETWORK"])
        let host = try UnrulyPlugin.host {
            $0.workers.allowed = [try Permission(parsing: "net:*:80"), try Permission(parsing: "net:localhost:81")]
        }
        let plugin = try await host.load(unruly.path)
        let cases: [(String, Bool)] = [
            ("net:192.0.2.1:80", true), ("net:example.com:80", true), ("net:localhost:81", true),
            ("net:localhost:80", false), ("net:127.0.0.1:80", false),
            ("net:[::1]:80", false), ("net:169.254.169.254:80", false), ("net:127.9.9.9:80", false),
        ]
        for (text, isAllowed) in cases {
            let verdict = try await host.checkPermission(Permission(parsing: text), of: plugin.id)
            #expect(verdict.isAllowed == isAllowed, "\(text): \(verdict)")
        }
        await host.shutdown()
    }
}
