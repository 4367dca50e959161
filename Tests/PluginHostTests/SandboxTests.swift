import Foundation
import PluginHost
import Testing

/// What plugins in workers are kept from, each beside the same plugin that was granted it.
@Suite("Sandbox", .timeLimit(.minutes(10))) struct SandboxTests {
    private static let unruly = try? UnrulyPlugin()

    private func load(
        _ change: (inout PluginHost.Configuration) throws -> Void = { _ in }
    ) async throws -> (PluginHost, NativePlugin) {
        let host = try UnrulyPlugin.host()
        var configuration = host.configuration
        try change(&configuration)
        let changed = PluginHost(configuration)
        return (changed, try await changed.load(try #require(Self.unruly).path))
    }

    private func isDenied(_ plugin: NativePlugin, _ text: String) throws -> Bool {
        try UnrulyPlugin.failure(plugin, text).code == .permissionDenied
    }

    @Test("files and the network are out of reach until they are granted") func grants() async throws {
        let folder = try Sample.Folder()
        try Data("text".utf8).write(to: URL(fileURLWithPath: folder.path + "/text"))
        let (file, new, evil) = (folder.path + "/text", folder.path + "/new", folder.path + "-evil")
        try Data().write(to: URL(fileURLWithPath: evil))
        defer { unsafe unlink(evil) }
        let (closed, kept) = try await load()
        #expect(try isDenied(kept, "read \(file)"))
        #expect(try isDenied(kept, "read /etc/passwd"))
        #expect(try isDenied(kept, "write \(new)"))
        #expect(try isDenied(kept, "connect"))
        await closed.shutdown()
        let (reading, reader) = try await load { $0.workers.allowed = [try Permission(.readFiles, folder.path)] }
        _ = try UnrulyPlugin.ask(reader, "read \(file)")
        #expect(try isDenied(reader, "write \(new)"))
        #expect(try isDenied(reader, "read \(evil)"))
        await reading.shutdown()
        let (writing, writer) = try await load {
            $0.workers.allowed = [
                try Permission(.writeFiles, folder.path), try Permission(.network, "127.0.0.1:80"),
            ]
        }
        _ = try UnrulyPlugin.ask(writer, "write \(new)")
        _ = try UnrulyPlugin.ask(writer, "connect")
        #expect(try isDenied(writer, "read \(file)"))
        #expect(writer.sandbox?[.network]?.state == .enforced)
        await writing.shutdown()
        let (open, free) = try await load { $0.workers.isSandboxed = false }
        for text in ["read \(file)", "read /etc/passwd", "write \(new)", "connect"] {
            _ = try UnrulyPlugin.ask(free, text)
        }
        #expect(free.sandbox?[.files]?.state == .notEnforced)
        await open.shutdown()
    }

    @Test("a manifest's request is granted where nobody is asked, and everything of a kind is not") func requested()
        async throws
    {
        let folder = try Sample.Folder()
        try Data("text".utf8).write(to: URL(fileURLWithPath: folder.path + "/text"))
        func plugin(_ permission: String) throws -> UnrulyPlugin {
            try UnrulyPlugin([
                "MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"permissions\\\":[\\\"\(permission)\\\"]\""
            ])
        }
        let host = try UnrulyPlugin.host()
        let (narrow, wide) = (try plugin("fs.read:\(folder.path)"), try plugin("fs.read"))
        let some = try await host.load(narrow.path, as: "some")
        _ = try UnrulyPlugin.ask(some, "read \(folder.path)/text")
        #expect(try isDenied(some, "read /etc/passwd"))
        let all = try await host.load(wide.path, as: "all")
        #expect(try isDenied(all, "read \(folder.path)/text"))
        await host.shutdown()
        // Somebody may say otherwise, and then only to those that ask.
        let generous = try UnrulyPlugin.host { $0.workers.allowedOnRequest = [try Permission(.readFiles)] }
        let (asking, silent) = (
            try await generous.load(wide.path, as: "asking"),
            try await generous.load(try #require(Self.unruly).path, as: "silent")
        )
        _ = try UnrulyPlugin.ask(asking, "read /etc/passwd")
        #expect(try isDenied(silent, "read /etc/passwd"))
        await generous.shutdown()
    }

    @Test("of devices those are open that were granted and are there") func devices() async throws {
        let machine = try Sample.Folder()
        func plug(_ name: String, _ facts: [String: String], _ node: String) throws -> String {
            let folder = "\(machine.path)/sys/bus/usb/devices/\(name)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (fact, text) in facts {
                try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(fact)"))
            }
            let path = "\(machine.path)/dev/bus/usb/\(node)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: path))
            return path
        }
        let granted = try plug(
            "1-2", ["idVendor": "1d50", "idProduct": "60fc", "busnum": "1", "devnum": "7"], "001/007")
        let product = try plug(
            "1-3", ["idVendor": "1d50", "idProduct": "60fd", "busnum": "1", "devnum": "12"], "001/012")
        let vendor = try plug(
            "2-1", ["idVendor": "1d51", "idProduct": "60fc", "busnum": "2", "devnum": "7"], "002/007")
        _ = try plug("1-2:1.0", ["bInterfaceClass": "ff"], "001/008")
        for (grant, open, missing) in [
            ("usb:1d50:60fc", [granted], false), ("usb:1D50", [granted, product], false), ("usb:9999", [], true),
        ] {
            let (host, plugin) = try await load {
                $0.workers.machine = machine.path
                $0.workers.allowed = [try Permission(.device, grant)]
            }
            for path in [granted, product, vendor] {
                for verb in ["read", "write"] where open.contains(path) {
                    _ = try UnrulyPlugin.ask(plugin, "\(verb) \(path)")
                }
                for verb in ["read", "write"] where !open.contains(path) {
                    #expect(try isDenied(plugin, "\(verb) \(path)"), "\(verb) \(path) with \(grant)")
                }
            }
            let guarantee = try #require(plugin.sandbox?[.devices])
            #expect(guarantee.state == .enforced)
            #expect(guarantee.by?.contains("not plugged in") == missing, "\(guarantee)")
            await host.shutdown()
        }
    }

    @Test("threads are for who asks for them, until somebody decides about permissions") func threads() async throws {
        let unruly = try UnrulyPlugin(["THREADS"])
        func load(
            _ change: (inout PluginHost.Configuration) throws -> Void = { _ in }
        ) async throws -> (PluginHost, NativePlugin) {
            let host = try UnrulyPlugin.host([], change)
            return (host, try await host.load(unruly.path))
        }
        let (open, free) = try await load()
        _ = try UnrulyPlugin.ask(free, "thread")
        #expect(free.sandbox?[.threads]?.state == .notEnforced)
        #expect(try await open.checkPermission(Permission(.threads), of: free.id).isAllowed)
        await open.shutdown()
        let (closed, kept) = try await load { $0.permissions = .granted(GrantPolicy()) }
        #expect(try isDenied(kept, "thread"))
        _ = try UnrulyPlugin.ask(kept)
        // Its constructors could have started some.
        #expect(kept.sandbox?[.threads]?.state == .partial)
        #expect(try await !closed.checkPermission(Permission(.threads), of: kept.id).isAllowed)
        await closed.shutdown()
        let (granting, granted) = try await load {
            $0.permissions = .granted(GrantPolicy())
            $0.workers.allowed = [try Permission(.threads)]
        }
        _ = try UnrulyPlugin.ask(granted, "thread")
        #expect(try await granting.checkPermission(Permission(.threads), of: granted.id).isAllowed)
        await granting.shutdown()
        await #expect {
            try await load { $0.workers.required = [.threads] }
        } throws: { error in
            (error as? PluginError)?.code == .sandboxUnavailable
        }
    }

    @Test("memory beyond the limit is told with the limit and whose it is") func memory() async throws {
        let host = try UnrulyPlugin.host(["memory=96M"])
        let plugin = try await host.load(try #require(Self.unruly).path)
        let error = try UnrulyPlugin.failure(plugin, "devour")
        #expect(error.code == .memoryLimit, "\(error)")
        #expect(
            error.facts
                == .resourceLimit(kind: "memory", value: 96 << 20, unit: "bytes", source: "rlimit", setBy: "call"))
        // Another death is not mistaken for it.
        #expect(try UnrulyPlugin.failure(plugin, "null").code == .crashed)
        _ = try UnrulyPlugin.ask(plugin)
        await host.shutdown()
    }

    @Test("what is required and cannot be enforced keeps a plugin from being started") func required() async throws {
        let folder = try Sample.Folder()
        let witness = folder.path + "/ran"
        let marked = try UnrulyPlugin(["CONSTRUCTOR=close(creat(\"\(witness)\",0600))"])
        let host = try UnrulyPlugin.host { $0.workers.required = [.files, .fileSize] }
        await #expect {
            try await host.load(marked.path)
        } throws: { error in
            let error = error as? PluginError
            return error?.code == .sandboxUnavailable && error?.facts == .names(["fileSize"])
                && error?.what.hasSuffix("fileSize (no limit is set)") == true
        }
        #expect(!FileManager.default.fileExists(atPath: witness))
        // The witness works where the plugin may write.
        let open = try UnrulyPlugin.host { $0.workers.isSandboxed = false }
        _ = try await open.load(marked.path)
        #expect(FileManager.default.fileExists(atPath: witness))
        await open.shutdown()
    }

    @Test("a report has every guarantee, and says why of those that are not enforced") func report() async throws {
        let (host, plugin) = try await load()
        let report = try #require(plugin.sandbox)
        #expect(report.guarantees.map(\.name) == SandboxGuarantee.Name.allCases)
        for guarantee in report.guarantees {
            #expect((guarantee.reason == nil) == (guarantee.state == .enforced), "\(guarantee)")
            #expect((guarantee.by == nil) == (guarantee.state == .notEnforced), "\(guarantee)")
        }
        for name in [SandboxGuarantee.Name.files, .network, .processes, .signals, .hostMemory, .systemCalls] {
            #expect(report[name]?.state == .enforced, "\(String(describing: report[name]))")
        }
        #expect(report[.metadata]?.state == .notEnforced)
        await host.shutdown()
    }
}
