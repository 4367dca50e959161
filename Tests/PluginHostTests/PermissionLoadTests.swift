import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("Permissions at load", .needsCompiler, .timeLimit(.minutes(10)))
struct PermissionLoadTests {
    private func host(_ permissions: PermissionPolicy, dataFolder: String? = nil) -> PluginHost {
        var configuration = PluginHost.Configuration()
        configuration.permissions = permissions
        configuration.dataFolder = dataFolder
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return PluginHost(configuration)
    }

    private static let requests: JSON = [
        ["permission": "fs.read:models", "why": "its weights"], "net:*.example.com:443",
        ["permission": "process.exec", "required": false], "threads",
    ]

    private func policy(_ grants: [String], for id: String) throws -> GrantPolicy {
        var policy = GrantPolicy()
        for text in grants { try policy.grant(.init(try Permission(parsing: text)), to: id) }
        return policy
    }

    @Test("a plugin that lacks what it requires is refused before a byte of it runs, with the command that helps")
    func refused() async throws {
        let folder = try Sample.Folder()
        let witness = folder.path + "/ran"
        let path = try Sample.build(
            in: folder, name: "asks", id: "@acme/asks", ["permissions": Self.requests], constructorFile: witness)
        let data = folder.path + "/data"
        let policy = try policy(["net:*.example.com:80", "threads"], for: "@acme/asks")
        let host = host(.granted(policy), dataFolder: data)
        let error = try #require(await failure { () async throws(PluginError) in try await host.load(path) })
        #expect(error.code == .permissionDenied && error.plugin == "@acme/asks")
        #expect(error.facts == .names(["fs.read:models", "net:*.example.com:443"]))
        #expect(
            error.remedy?.contains("keyway permissions grant @acme/asks fs.read:models 'net:*.example.com:443'`")
                == true
        )
        #expect(error.what.contains("\(data)/@acme+asks/models") && error.what.contains("its weights"))
        #expect(!FileManager.default.fileExists(atPath: witness) && !FileManager.default.fileExists(atPath: data))
        #expect(host.plugins.isEmpty)
        // The witness works, and nobody is asked without a policy.
        let free = self.host(.unenforced)
        _ = try await free.load(path)
        #expect(FileManager.default.fileExists(atPath: witness))
        let unasked = try free.permissions(of: try #require(free.plugins.first?.loaded.manifest))
        #expect(unasked.items.count == 4 && unasked.items.allSatisfy { $0.answer == .unasked })
        #expect(unasked.missingRequired.isEmpty && unasked.granted.isEmpty)
        await free.shutdown()
    }

    @Test(
        "what no worker can be given as it was granted refuses the plugin before a byte of it runs",
        arguments: ["net:https://api.example.com/v1/*", "net.listen", "device:usb"])
    func inexpressible(_ text: String) async throws {
        let folder = try Sample.Folder()
        let witness = folder.path + "/ran"
        let path = try Sample.build(
            in: folder, name: "asks", id: "asks", ["permissions": [.string(text), "threads"]],
            constructorFile: witness)
        var configuration = PluginHost.Configuration()
        configuration.permissions = .granted(try policy([text, "threads", "fs.write:\(folder.path)"], for: "asks"))
        configuration.isolation = .worker
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let host = PluginHost(configuration)
        let error = try #require(await failure { () async throws(PluginError) in try await host.load(path) })
        #expect(error.code == .permissionDenied && error.facts == .names([text]), "\(error)")
        #expect(error.message.contains("cannot be enforced in a worker"), "\(error)")
        #expect(!FileManager.default.fileExists(atPath: witness))
        await host.shutdown()
        // In this process nothing has to be enforced, and the witness works.
        let own = self.host(configuration.permissions)
        _ = try await own.load(path)
        #expect(FileManager.default.fileExists(atPath: witness))
        await own.shutdown()
    }

    @Test("what is required is enough, and what is optional is told to be missing")
    func enough() async throws {
        let folder = try Sample.Folder()
        let path = try Sample.build(in: folder, name: "asks", id: "asks", ["permissions": Self.requests])
        let data = folder.path + "/data"
        let grants = try policy(["fs.read:\(data)/asks", "net:*.example.com:443", "threads"], for: "asks")
        let host = host(.granted(grants), dataFolder: data)
        let plugin = try await host.load(path)
        let decision = try host.permissions(of: plugin.loaded.manifest, dataFolder: data + "/asks")
        #expect(decision.missingOptional.map(\.request.permission.text) == ["process.exec"])
        // In another folder the same words mean another path.
        let error = await failure { () async throws(PluginError) in
            try await host.load(path, dataFolder: folder.path + "/other")
        }
        #expect(error?.facts == .names(["fs.read:models"]))
        await host.shutdown()
    }

    @Test("a plugin that asks for nothing needs no grant, and a refused file says what is wrong with it")
    func nothing() async throws {
        let folder = try Sample.Folder()
        let plain = try Sample.build(in: folder, name: "plain")
        let host = host(.granted(GrantPolicy()))
        #expect(try await host.load(plain).id == "fixture")
        let bad = try Sample.build(in: folder, name: "bad", macros: ["NOTE_MIN=2", "NOTE_MAX=2"])
        #expect(await failure { () async throws(PluginError) in try await host.load(bad) }?.code == .validation)
        await host.shutdown()
    }

    // MARK: - Files

    @Test("files are read at each load: without one nobody is asked, and a grant counts at once")
    func kept() async throws {
        let folder = try Sample.Folder()
        let path = try Sample.build(in: folder, name: "asks", id: "asks", ["permissions": ["threads", "fs.read:/etc"]])
        let files = PermissionFiles(own: folder.path + "/config/own.json", system: folder.path + "/system.json")
        let host = host(.kept(files))
        func load() async -> PluginError? {
            await failure { () async throws(PluginError) in try await host.load(path) }
        }
        #expect(await load() == nil)
        try files.update { policy throws(PluginError) in
            try policy.grant(.init(try Permission(parsing: "threads")), to: "asks")
        }
        #expect(await load()?.facts == .names(["fs.read:/etc"]))
        // The system's file adds to it; a link to one that root or this user has is fine.
        let real = #"{"version": 1, "default": ["fs.read:/etc"]}"#
        try Self.write(real, to: folder.path + "/real.json")
        try FileManager.default.createSymbolicLink(
            atPath: files.system!, withDestinationPath: folder.path + "/real.json")
        #expect(await load() == nil)
        let policy = try #require(try files.read())
        #expect(policy.defaults.first?.source == files.system && policy.plugins["asks"]?.first?.source == files.own)
        _ = try files.update { policy throws(PluginError) in policy.revoke(from: "asks") }
        #expect(await load()?.facts == .names(["threads"]))
        #expect(try JSON(parsing: Self.read(files.own), what: "own")["plugins"] == [:])
        await host.shutdown()
    }

    @Test("a policy in a folder that others can write is refused, also through a link, and if it is gone from there")
    func openFolder() throws {
        let folder = try Sample.Folder()
        let files = PermissionFiles(own: folder.path + "/config/own.json", system: folder.path + "/etc/system.json")
        for file in [files.own, files.system!] {
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: file).deletingLastPathComponent().path, withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o755])
        }
        try Self.write(#"{"version": 1, "default": ["threads"]}"#, to: files.own)
        func problem() -> String? {
            do throws(PluginError) {
                _ = try files.read()
                return nil
            } catch {
                return error.code == .permissionDenied ? error.message : "\(error)"
            }
        }
        func open(_ name: String, _ mode: Int) throws {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(folder.path)/\(name)")
        }
        #expect(problem() == nil)
        for name in ["config", "etc"] {
            try open(name, 0o777)
            #expect(problem()?.contains("\(folder.path)/\(name), which can be written by other users") == true)
            #expect(problem()?.contains("chmod go-w \(folder.path)/\(name)`") == true)
            try open(name, 0o755)
        }
        try FileManager.default.createDirectory(
            atPath: folder.path + "/shared", withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
        try FileManager.default.moveItem(atPath: files.own, toPath: folder.path + "/shared/own.json")
        try FileManager.default.createSymbolicLink(
            atPath: files.own, withDestinationPath: folder.path + "/shared/own.json")
        #expect(problem() == nil)
        try open("shared", 0o777)
        #expect(problem()?.contains("/shared, which can be written") == true)
        try open("shared", 0o755)
        // The folders above do not matter.
        try FileManager.default.setAttributes([.posixPermissions: 0o1777], ofItemAtPath: folder.path)
        #expect(problem() == nil)
    }

    @Test(
        "a policy that is damaged, other users' or gone refuses every plugin, and stays as it is",
        arguments: ["damaged", "cut", "writable", "folder", "dangling", "missing", "large"])
    func unusable(kind: String) async throws {
        let folder = try Sample.Folder()
        let path = try Sample.build(in: folder, name: "plain")
        let own = folder.path + "/own.json"
        let whole = #"{"version": 1, "plugins": {"fixture": ["threads"]}}"#
        switch kind {
        case "damaged": try Self.write(#"{"version": 1, "plugin": {}}"#, to: own)
        case "cut": try Self.write(String(whole.dropLast(2)), to: own)
        case "writable": try Self.write(whole, to: own, mode: 0o666)
        case "folder": try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: false)
        case "dangling": try FileManager.default.createSymbolicLink(atPath: own, withDestinationPath: "/nowhere/p.json")
        case "large": try Self.write(whole + String(repeating: " ", count: 17 << 20), to: own)
        default: break
        }
        let host = host(.kept(PermissionFiles(own: own, isRequired: kind == "missing")))
        let error = try #require(await failure { () async throws(PluginError) in try await host.load(path) })
        let expected: [String: PluginError.Code] = [
            "damaged": .dataLoss, "cut": .dataLoss, "writable": .permissionDenied, "folder": .conflict,
            "dangling": .notFound, "missing": .notFound, "large": .resourceExhausted,
        ]
        #expect(error.code == expected[kind] && error.remedy != nil && error.message.contains(own), "\(error)")
        #expect(host.plugins.isEmpty)
        if kind == "damaged" || kind == "cut" {
            let before = Self.read(own)
            let change = await failure { () async throws(PluginError) in
                try PermissionFiles(own: own).update { policy throws(PluginError) in
                    try policy.grant(.init(try Permission(parsing: "threads")), to: "fixture")
                }
            }
            #expect(change?.code == .dataLoss && Self.read(own) == before)
        }
    }

    @Test("a policy that is cut anywhere, or says something twice, is an error")
    func cut() throws {
        let folder = try Sample.Folder()
        let files = PermissionFiles(own: folder.path + "/own.json")
        let whole = #"{"version": 1, "default": ["threads"], "plugins": {"a": [{"permission": "net", "by": "ada"}]}}"#
        for count in 0..<whole.utf8.count {
            try Self.write(String(whole.prefix(count)), to: files.own)
            #expect(#expect(throws: PluginError.self) { try files.read() }?.code == .dataLoss, "\(count)")
        }
        try Self.write(#"{"version": 1, "plugins": {"a": []}, "plugins": {"b": []}}"#, to: files.own)
        #expect(#expect(throws: PluginError.self) { try files.read() }?.code == .dataLoss)
        try Self.write(whole, to: files.own)
        #expect(try files.read()?.plugins["a"]?.first?.grantor == "ada")
    }

    @Test("concurrent grants lose none")
    func concurrent() async throws {
        let folder = try Sample.Folder()
        let files = PermissionFiles(own: folder.path + "/own.json")
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<32 {
                group.addTask {
                    _ = try? files.update { policy throws(PluginError) in
                        try policy.grant(.init(try Permission(parsing: "fs.read:/\(number)")), to: "p\(number % 4)")
                    }
                }
            }
        }
        #expect(try files.read()?.plugins.values.map(\.count) == [8, 8, 8, 8])
    }

    private static func write(_ text: String, to path: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private static func read(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
