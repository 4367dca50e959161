import Foundation
import PluginHost
import Testing

/// What is granted besides files and the network, each beside the same plugin without the grant and without a sandbox.
@Suite("Grants of a sandbox", .timeLimit(.minutes(10))) struct SandboxGrantTests {
    private static let plain = Result { try UnrulyPlugin() }
    /// It asks for `process.exec:/bin/true`, and calls fork.
    private static let starting = Result { try UnrulyPlugin(["BOMB"]) }

    private func load(
        _ unruly: Result<UnrulyPlugin, any Error> = plain,
        _ change: (inout PluginHost.Configuration) throws -> Void = { _ in }
    ) async throws -> (PluginHost, NativePlugin) {
        let host = try UnrulyPlugin.host([], change)
        return (host, try await host.load(unruly.get().path))
    }

    private func isDenied(_ plugin: NativePlugin, _ text: String) throws -> Bool {
        try UnrulyPlugin.failure(plugin, text).code == .permissionDenied
    }

    @Test("variables of the host's environment are not there until they are granted, each by its name")
    func environment() async throws {
        let (closed, kept) = try await load()
        for name in ["PATH", "HOME", "KEYWAY_WORKER"] {
            #expect(try UnrulyPlugin.failure(kept, "variable \(name)").code == .notFound)
        }
        #expect(kept.sandbox?[.environment]?.state == .enforced)
        await closed.shutdown()
        let (granting, granted) = try await load { $0.workers.allowed = [try Permission(.environment, "PATH")] }
        _ = try UnrulyPlugin.ask(granted, "variable PATH")
        #expect(try UnrulyPlugin.failure(granted, "variable HOME").code == .notFound)
        await granting.shutdown()
        let (open, free) = try await load { $0.workers.isSandboxed = false }
        _ = try UnrulyPlugin.ask(free, "variable PATH")
        await open.shutdown()
    }

    @Test("a granted link is followed when a worker starts; one that is swapped later opens nothing to those that live")
    func links() async throws {
        let folder = try Sample.Folder()
        let (link, files) = ("\(folder.path)/link", ["a", "b"].map { "\(folder.path)/\($0)/file" })
        for (name, file) in zip(["a", "b"], files) {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
            try Data(name.utf8).write(to: URL(fileURLWithPath: file))
        }
        func lead(to name: String) throws {
            try? FileManager.default.removeItem(atPath: link)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "\(folder.path)/\(name)")
        }
        func granting() async throws -> (PluginHost, NativePlugin) {
            try await load { $0.workers.allowed = [try Permission(.readFiles, link)] }
        }
        try lead(to: "a")
        let (first, early) = try await granting()
        _ = try UnrulyPlugin.ask(early, "read \(link)/file")
        try lead(to: "b")
        #expect(try isDenied(early, "read \(link)/file"))
        #expect(try isDenied(early, "read \(files[1])"))
        _ = try UnrulyPlugin.ask(early, "read \(files[0])")
        await first.shutdown()
        // Known: whoever can change the link decides what the next worker gets.
        let (second, late) = try await granting()
        _ = try UnrulyPlugin.ask(late, "read \(link)/file")
        #expect(try isDenied(late, "read \(files[0])"))
        await second.shutdown()
    }

    @Test("processes cannot be made without a program that was granted") func processes() async throws {
        let (closed, kept) = try await load()
        #expect(try isDenied(kept, "fork"))
        #expect(kept.sandbox?[.processes]?.state == .enforced)
        await closed.shutdown()
        let (open, free) = try await load { $0.workers.isSandboxed = false }
        _ = try UnrulyPlugin.ask(free, "fork")
        await open.shutdown()
    }

    @Test("programs that were granted are run, by path or by name, and no others", arguments: ["/bin/true", "true"])
    func programs(_ grant: String) async throws {
        let (closed, kept) = try await load(Self.starting) { $0.workers.allowed = [try Permission(.execute, grant)] }
        // Links lead to the same file.
        for path in ["/bin/true", "/usr/bin/true"] { _ = try UnrulyPlugin.ask(kept, "run \(path)") }
        for path in ["/bin/false", "/usr/bin/env", "/bin/sh"] { #expect(try isDenied(kept, "run \(path)")) }
        #expect(try isDenied(kept, "read /etc/passwd"))
        #expect(kept.sandbox?[.processes]?.state == .partial)
        let code = try #require(kept.sandbox?[.writeXorExecute])
        #expect(code.state == .partial && code.reason?.hasPrefix("programs were granted") == true, "\(code)")
        #expect(try isDenied(kept, "code"))
        await closed.shutdown()
        let (open, free) = try await load(Self.starting) { $0.workers.isSandboxed = false }
        for path in ["/bin/true", "/bin/false"] { _ = try UnrulyPlugin.ask(free, "run \(path)") }
        await open.shutdown()
    }

    @Test("a program that is not there is told before the plugin is started; a name that nothing has is no grant")
    func missingPrograms() async throws {
        let host = try UnrulyPlugin.host { $0.workers.allowed = [try Permission(.execute, "/bin/of-nobody")] }
        let path = try Self.starting.get().path
        let error = try #require(await failure { () async throws(PluginError) in try await host.load(path) })
        #expect(error.code == .notFound && error.what.contains("/bin/of-nobody"), "\(error)")
        await host.shutdown()
        let (other, plugin) = try await load(Self.starting) {
            $0.workers.allowed = [try Permission(.execute, "of-nobody")]
        }
        #expect(try isDenied(plugin, "run /bin/false"))
        await other.shutdown()
    }

    @Test("who may start every program is in no sandbox, and the report says so") func everyProgram() async throws {
        let (host, plugin) = try await load(Self.starting) { $0.workers.allowed = [try Permission(.execute)] }
        for text in ["run /bin/false", "read /etc/passwd", "connect"] { _ = try UnrulyPlugin.ask(plugin, text) }
        for guarantee in try #require(plugin.sandbox).guarantees {
            #expect(guarantee.state == .notEnforced && guarantee.reason != nil, "\(guarantee)")
        }
        await host.shutdown()
        let strict = try UnrulyPlugin.host {
            $0.workers.allowed = [try Permission(.execute)]
            $0.workers.required = [.files]
        }
        let path = try Self.starting.get().path
        let error = await failure { () async throws(PluginError) in try await strict.load(path) }
        #expect(error?.code == .sandboxUnavailable && error?.what.contains("every program was granted") == true)
        await strict.shutdown()
    }

    @Test("code that is made at run time takes a grant, and the report says what that costs") func code() async throws {
        let (closed, kept) = try await load()
        #expect(try isDenied(kept, "code"))
        #expect(kept.sandbox?[.writeXorExecute]?.state == .enforced)
        await closed.shutdown()
        let (granting, granted) = try await load { $0.workers.allowed = [try Permission(.generatedCode)] }
        _ = try UnrulyPlugin.ask(granted, "code")
        let guarantee = try #require(granted.sandbox?[.writeXorExecute])
        #expect(guarantee.state == .notEnforced && guarantee.reason == "it may generate code")
        #expect(try isDenied(granted, "read /etc/passwd"))
        await granting.shutdown()
    }

    #if arch(x86_64)
        @Test("system calls of other architectures are a breach of the policy", arguments: ["i386", "x32"])
        func foreign(_ architecture: String) async throws {
            let (closed, kept) = try await load()
            let error = try UnrulyPlugin.failure(kept, "foreign \(architecture)")
            #expect(error.code == .policyViolation && error.plugin == kept.id && error.stage == .call, "\(error)")
            // The next worker serves the next call.
            _ = try UnrulyPlugin.ask(kept)
            await closed.shutdown()
            // A kernel need not know i386, but it says so, and nobody dies of it.
            let (open, free) = try await load { $0.workers.isSandboxed = false }
            do {
                _ = try UnrulyPlugin.ask(free, "foreign \(architecture)")
            } catch {
                #expect((error as? PluginError)?.code == .notFound, "\(error)")
            }
            await open.shutdown()
            // The same signal from itself is a crash.
            let raising = try UnrulyPlugin(["CONSTRUCTOR=raise(SIGSYS)"])
            let host = try UnrulyPlugin.host()
            let raised = await failure { () async throws(PluginError) in try await host.load(raising.path) }
            #expect(raised?.code == .crashed, "\(String(describing: raised))")
            await host.shutdown()
        }
    #endif

    @Test("its data folder is open to it with nothing granted, and another plugin's is not") func dataFolder()
        async throws
    {
        let folder = try Sample.Folder()
        let host = try UnrulyPlugin.host { $0.dataFolder = folder.path }
        let plugin = try await host.load(Self.plain.get().path)
        let neighbour = try UnrulyPlugin(["ID=\"neighbour\""])
        let other = try await host.load(neighbour.path)
        let (own, theirs) = ("\(folder.path)/\(plugin.id)", "\(folder.path)/\(other.id)")
        for path in ["\(own)/file", "\(own)/../\(plugin.id)/file"] {
            _ = try UnrulyPlugin.ask(plugin, "write \(path)")
            _ = try UnrulyPlugin.ask(plugin, "read \(path)")
        }
        _ = try UnrulyPlugin.ask(other, "write \(theirs)/file")
        for path in ["\(theirs)/file", "\(own)/../\(other.id)/file"] { #expect(try isDenied(plugin, "read \(path)")) }
        for path in ["\(theirs)/file", "\(theirs)/new", "\(folder.path)/new"] {
            #expect(try isDenied(plugin, "write \(path)"), "\(path)")
        }
        await host.shutdown()
    }

    @Test("files that were not granted cannot be seen where that is required, or nothing is started") func metadata()
        async throws
    {
        let folder = try Sample.Folder()
        try Data("text".utf8).write(to: URL(fileURLWithPath: folder.path + "/text"))
        let (closed, kept) = try await load()
        // It learns that they are there.
        for path in [folder.path + "/text", "/etc/passwd"] { #expect(try isDenied(kept, "read \(path)")) }
        await closed.shutdown()
        do {
            let (host, plugin) = try await load {
                $0.workers.required = [.metadata, .files]
                $0.workers.allowed = [try Permission(.readFiles, folder.path + "/text")]
            }
            #expect(plugin.sandbox?[.metadata]?.state == .enforced)
            _ = try UnrulyPlugin.ask(plugin, "read \(folder.path)/text")
            for path in ["/etc/passwd", "/home", "/root"] {
                #expect(try UnrulyPlugin.failure(plugin, "read \(path)").code == .notFound, "\(path)")
            }
            await host.shutdown()
        } catch let error as PluginError {
            #expect(error.code == .sandboxUnavailable && error.facts == .names(["metadata"]), "\(error)")
        }
    }

    /// Grants with which some guarantees are partial, or none.
    enum Setting: String, CaseIterable {
        case nothing, writing, starting, generating

        func apply(to configuration: inout PluginHost.Configuration, _ folder: String) throws {
            switch self {
            case .nothing: break
            case .writing: configuration.workers.allowed = [try Permission(.writeFiles, folder)]
            case .starting: configuration.workers.allowed = [try Permission(.execute, "/bin/true")]
            case .generating: configuration.workers.allowed = [try Permission(.generatedCode)]
            }
        }
    }

    @Test("what is required is enforced whole, or no code of the plugin runs", arguments: Setting.allCases)
    func required(_ setting: Setting) async throws {
        let folder = try Sample.Folder()
        let witness = folder.path + "/ran"
        let unruly = try UnrulyPlugin(["BOMB", "CONSTRUCTOR=close(creat(\"\(witness)\",0600))"])
        let free = try UnrulyPlugin.host { try setting.apply(to: &$0, folder.path) }
        let report = try #require(try await free.load(unruly.path).sandbox)
        await free.shutdown()
        // It can leave a trace where it may write.
        #expect(FileManager.default.fileExists(atPath: witness) == (setting == .writing))
        var refused: [SandboxGuarantee.Name] = []
        // Metadata is, if it is asked for: below.
        for guarantee in report.guarantees where guarantee.name != .metadata {
            try? FileManager.default.removeItem(atPath: witness)
            let host = try UnrulyPlugin.host {
                try setting.apply(to: &$0, folder.path)
                $0.workers.required = [guarantee.name]
            }
            do throws(PluginError) {
                let plugin = try await host.load(unruly.path)
                #expect(guarantee.state == .enforced, "\(guarantee)")
                #expect(plugin.sandbox?[guarantee.name]?.state == .enforced)
            } catch {
                refused.append(guarantee.name)
                #expect(guarantee.state != .enforced, "\(guarantee): \(error)")
                #expect(error.code == .sandboxUnavailable && error.stage == .load, "\(error)")
                #expect(error.facts == .names([guarantee.name.rawValue]), "\(error)")
                #expect(!FileManager.default.fileExists(atPath: witness))
            }
            await host.shutdown()
        }
        // None of them is enforced with nothing said about limits.
        #expect(refused.contains(.fileSize))
        if setting == .starting { #expect(refused.contains(.processes) && refused.contains(.writeXorExecute)) }
    }
}
