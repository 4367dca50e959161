import Foundation
import PluginHost
import TestPrograms
import Testing

/// Where plugins run, by the files and folders that they are read from.
@Suite("Trust", .needsCompiler, .timeLimit(.minutes(10)))
struct TrustTests {
    private func host(
        _ trust: TrustPolicy = .development, _ change: (inout PluginHost.Configuration) throws -> Void = { _ in }
    ) throws -> PluginHost {
        try UnrulyPlugin.host {
            $0.isolation = .inProcess
            $0.trust = trust
            try change(&$0)
        }
    }

    private func change(_ mode: mode_t, of path: String) throws { try #require(unsafe chmod(path, mode) == 0) }

    /// Where the plugin runs, by itself and by what the host says.
    private func place(_ plugin: NativePlugin, in host: PluginHost) throws -> (tier: IsolationTier, trust: TrustVerdict)
    {
        let status = try #require(host.status.first { $0.name == plugin.id })
        let isHere = try UnrulyPlugin.ask(plugin).process == getpid()
        #expect(status.tier == (isHere ? .inProcess : .worker) && plugin.loaded.tier.isolation == status.tier)
        let trust = try #require(status.trust)
        #expect(status.json["trust"] == trust.json)
        return (status.tier, trust)
    }

    /// An ordinary user's group may be nobody else.
    private static let waysIn: [(String, mode_t)] =
        [("folder", 0o757)] + (geteuid() == 0 ? [("file", 0o664), ("folder", 0o770)] : [])

    @Test(
        "a file that others can write runs in a worker, which says why",
        arguments: waysIn)
    func writable(_ what: String, _ mode: mode_t) async throws {
        let unruly = try UnrulyPlugin()
        let host = try host()
        let trusted = try await place(host.load(unruly.path), in: host)
        #expect(trusted.tier == .inProcess && trusted.trust.isTrusted && trusted.trust.preset == .development)
        await host.shutdown()
        let open = what == "file" ? unruly.path : unruly.folder.path
        try change(mode, of: open)
        let (tier, trust) = try await place(host.load(unruly.path), in: host)
        #expect(tier == .worker && !trust.isTrusted && trust.tier == .worker)
        let who = mode & 0o002 != 0 ? "every user" : "its group"
        #expect(trust.because == "\(who) can write \(open); run `chmod go-w \(open)`")
        #expect(try host.trust(of: host.prepare(unruly.path)) == trust)
        await host.shutdown()
    }

    @Test("strict: in process only what lies in a listed folder, however the folder is spelled")
    func strict() async throws {
        let unruly = try UnrulyPlugin()
        let host = try host(.strict([]))
        let (tier, trust) = try await place(host.load(unruly.path), in: host)
        #expect(tier == .worker && trust.preset == .strict)
        #expect(trust.because.contains("lies in no folder that is listed"))
        await host.shutdown()
        let link = unruly.folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: unruly.folder.path)
        for folder in [unruly.folder.path, unruly.folder.path + "/.", link] {
            let host = try self.host(.strict([folder]))
            let (tier, trust) = try await place(host.load(unruly.path), in: host)
            #expect(tier == .inProcess && trust.because.hasPrefix("it lies in \(unruly.folder.path), which is trusted"))
            await host.shutdown()
        }
    }

    @Test("a listed folder that others can write, or that is not there, is an error, and nothing runs")
    func badFolder() async throws {
        let (folder, witness) = (try Sample.Folder(), try Sample.Folder())
        let file = try Sample.build(in: folder, name: "x", id: "x", constructorFile: witness.path + "/ran")
        let open = folder.path + "/open"
        try FileManager.default.createDirectory(atPath: open, withIntermediateDirectories: false)
        try change(0o757, of: open)
        for (list, what) in [(open, "every user can write \(open)"), (open + "/none", "there is no such folder")] {
            for preset in TrustPolicy.Preset.allCases {
                let host = try host(TrustPolicy(preset, folders: [list]))
                let error = try #require(await failure { () async throws(PluginError) in try await host.load(file) })
                #expect(error.code == .configuration && error.what.contains(what) && error.facts == .file(path: list))
                #expect(host.status.isEmpty)
            }
        }
        #expect(!FileManager.default.fileExists(atPath: witness.path + "/ran"))
    }

    @Test("without keyway-worker an untrusted plugin is refused and nothing of it runs") func noWorker() async throws {
        let (folder, witness) = (try Sample.Folder(), try Sample.Folder())
        let ran = witness.path + "/ran"
        let file = try Sample.build(in: folder, name: "x", id: "x", constructorFile: ran)
        try change(0o757, of: folder.path)
        let host = try host { $0.workers.program = folder.path + "/nowhere" }
        let error = try #require(await failure { () async throws(PluginError) in try await host.load(file) })
        #expect(error.code == .notFound && error.remedy?.contains("make build") == true)
        #expect(
            error.what.contains("may not run in the host's own process, because every user can write \(folder.path)"))
        #expect(!FileManager.default.fileExists(atPath: ran) && host.plugins.isEmpty)
        // The witness works: once it is trusted no worker is needed.
        try change(0o755, of: folder.path)
        _ = try await host.load(file)
        #expect(FileManager.default.fileExists(atPath: ran))
        await host.shutdown()
    }

    @Test("the file that was opened counts, wherever a link leads by now", arguments: [true, false])
    func link(_ isTrustedFirst: Bool) async throws {
        let (trusted, open) = (try UnrulyPlugin(), try UnrulyPlugin(build: 2))
        try change(0o757, of: open.folder.path)
        let (first, second) = isTrustedFirst ? (trusted, open) : (open, trusted)
        let folder = try Sample.Folder()
        let link = folder.path + "/unruly.so"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: first.path)
        let host = try host()
        let prepared = try host.prepare(link)
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: second.path)
        let plugin = try await host.start(prepared)
        #expect(try UnrulyPlugin.ask(plugin).build == (isTrustedFirst ? 1 : 2))
        let (tier, trust) = try place(plugin, in: host)
        #expect(tier == (isTrustedFirst ? .inProcess : .worker) && trust.isTrusted == isTrustedFirst)
        #expect(prepared.location?.path == first.path)
        await host.shutdown()
    }

    @Test("a file that was put elsewhere lies there, and one that was removed nowhere") func moved() throws {
        let unruly = try UnrulyPlugin()
        let image = try FileImage(opening: unruly.path)
        let other = unruly.folder.path + "/other.so"
        try FileManager.default.moveItem(atPath: unruly.path, toPath: other)
        #expect(image.location()?.path == other)
        try FileManager.default.removeItem(atPath: other)
        #expect(image.location() == nil)
        try Data().write(to: URL(fileURLWithPath: other + " (deleted)"))
        #expect(image.location() == nil)
        #expect(FileLocation(folder: unruly.folder.path + "/none") == nil)
        #expect(FileLocation(folder: "/")?.places.map(\.path) == ["/"])
        // A slash and this are one character.
        let accent = unruly.folder.path + "/\u{301}e"
        try FileManager.default.createDirectory(atPath: accent, withIntermediateDirectories: false)
        let above = try #require(FileLocation(folder: unruly.folder.path)?.places)
        #expect(FileLocation(folder: accent)?.places.dropFirst() == above[...])
    }

    @Test("another build is judged anew: a swap leads to a worker and back") func swap() async throws {
        let unruly = try UnrulyPlugin()
        let host = try host()
        let plugin = try await host.load(unruly.path)
        #expect(try place(plugin, in: host).tier == .inProcess)
        #expect(try await host.swap("unruly").hasChanged == false)
        try change(0o757, of: unruly.folder.path)
        #expect(try await host.swap("unruly").generation == 2)
        #expect(try place(plugin, in: host).tier == .worker)
        try change(0o755, of: unruly.folder.path)
        #expect(try await host.swap("unruly").generation == 3)
        let (tier, trust) = try place(plugin, in: host)
        #expect(tier == .inProcess && trust.isTrusted)
        await host.shutdown()
    }

    @Test("a swap to an untrusted file without keyway-worker is refused, and the old build goes on") func refusedSwap()
        async throws
    {
        let unruly = try UnrulyPlugin()
        let host = try host { $0.workers.program = unruly.folder.path + "/nowhere" }
        let plugin = try await host.load(unruly.path)
        try change(0o757, of: unruly.folder.path)
        let error = await failure { () async throws(PluginError) in try await host.swap("unruly") }
        #expect(error?.code == .notFound && error?.what.contains("every user can write") == true)
        let (tier, trust) = try place(plugin, in: host)
        #expect(tier == .inProcess && trust.isTrusted && host.status[0].generation == 1)
        await host.shutdown()
    }

    @Test("a library beside a plugin that others can write has the plugin run in a worker") func library() async throws
    {
        let folder = try Sample.Folder()
        let library = folder.path + "/lib/libtrusty.so"
        try FileManager.default.createDirectory(
            atPath: folder.path + "/lib", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        let source = folder.path + "/trusty.c"
        try "int trusty(void) { return 1; }".write(toFile: source, atomically: true, encoding: .utf8)
        try ProbePlugin.compile(
            ["-shared", "-fPIC", "-Wl,-soname,libtrusty.so", "-Wl,-z,relro,-z,now", "-o", library, source])
        let file = try Sample.build(
            in: folder, name: "x",
            link: ["-Wl,--no-as-needed", library, "-Wl,-rpath,$ORIGIN/lib", "-Wl,--enable-new-dtags"])
        let host = try host()
        func verdict() throws -> TrustVerdict { try host.trust(of: host.prepare(file)) }
        #expect(try verdict().isTrusted)
        try change(0o646, of: library)
        #expect(try verdict().because.hasPrefix("of its library libtrusty.so: every user can write \(library);"))
        let plugin = try await host.load(file)
        #expect(plugin.loaded.tier.isolation == .worker)
        await host.shutdown()
        try change(0o644, of: library)
        try change(0o757, of: folder.path + "/lib")
        #expect(
            try verdict().because.hasPrefix("of its library libtrusty.so: every user can write \(folder.path)/lib;"))
    }

    @Test("a folder that is searched before a library is found counts, there or not, if others can write it")
    func searched() async throws {
        let (folder, elsewhere) = (try Sample.Folder(), try Sample.Folder())
        let (open, good) = (elsewhere.path + "/open", elsewhere.path + "/good")
        for path in [open, good] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        }
        let source = folder.path + "/trusty.c"
        try "int trusty(void) { return 1; }".write(toFile: source, atomically: true, encoding: .utf8)
        try ProbePlugin.compile(
            [
                "-shared", "-fPIC", "-Wl,-soname,libtrusty.so", "-Wl,-z,relro,-z,now", "-o", good + "/libtrusty.so",
                source,
            ])
        let file = try Sample.build(
            in: folder, name: "x",
            link: [
                "-Wl,--no-as-needed", good + "/libtrusty.so", "-Wl,-rpath,\(open)/below:\(good)",
                "-Wl,--enable-new-dtags",
            ])
        let host = try host()
        func verdict() throws -> TrustVerdict { try host.trust(of: host.prepare(file)) }
        #expect(try verdict().isTrusted)
        // What is not there yet, somebody else could make.
        try change(0o777, of: open)
        #expect(try verdict().because.contains("every user can write \(open)"))
        try change(0o755, of: open)
        #expect(try verdict().isTrusted)
    }

    @Test("the library that was judged is loaded, wherever a link on its way leads by now")
    func linkedLibrary() async throws {
        let (folder, witness) = (try Sample.Folder(), try Sample.Folder())
        func mark(_ name: String) -> String { "\(witness.path)/\(name)" }
        for name in ["first", "second"] {
            let place = "\(folder.path)/\(name)"
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
            let text = """
                #include <stdio.h>
                __attribute__((constructor)) static void ran(void) { fclose(fopen("\(mark(name))", "w")); }
                int trusty(void) { return 1; }
                """
            try text.write(toFile: place + "/linked.c", atomically: true, encoding: .utf8)
            try ProbePlugin.compile([
                "-shared", "-fPIC", "-Wl,-soname,liblinked.so", "-Wl,-z,relro,-z,now", "-o", place + "/liblinked.so",
                place + "/linked.c",
            ])
        }
        let link = folder.path + "/lib"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "first")
        let file = try Sample.build(
            in: folder, name: "x",
            link: ["-Wl,--no-as-needed", link + "/liblinked.so", "-Wl,-rpath,$ORIGIN/lib", "-Wl,--enable-new-dtags"])
        let host = try host()
        let prepared = try host.prepare(file)
        #expect(try host.trust(of: prepared).isTrusted)
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "second")
        try change(0o777, of: folder.path + "/second")
        #expect(try await host.start(prepared).loaded.tier.isolation == .inProcess)
        #expect(FileManager.default.fileExists(atPath: mark("first")))
        #expect(!FileManager.default.fileExists(atPath: mark("second")))
        await host.shutdown()
    }

    @Test("trust lowers neither what a manifest asks for nor what the host does") func neverLowered() async throws {
        let plain = try UnrulyPlugin()
        let apart = try UnrulyPlugin(["MANIFEST=\"\\\"type\\\":\\\"embedder\\\",\\\"isolation\\\":\\\"worker\\\"\""])
        for (unruly, least) in [(apart, IsolationTier.inProcess), (plain, .worker)] {
            let host = try host(TrustPolicy(.strict, folders: [unruly.folder.path])) { $0.isolation = least }
            let (tier, trust) = try await place(host.load(unruly.path), in: host)
            #expect(tier == .worker && trust.isTrusted && trust.floor == .inProcess && trust.tier == .worker)
            await host.shutdown()
        }
        let host = try host { $0.isolation = .workerStrict }
        #expect(try host.trust(of: host.prepare(plain.path)).tier == .workerStrict)
    }

    @Test(
        "another user's file, or one in another user's folder, is not trusted unless a list vouches for it",
        .enabled(if: geteuid() == 0, "only root can give a file away"))
    func stranger() async throws {
        let unruly = try UnrulyPlugin()
        let host = try host()
        func verdict(_ policy: TrustPolicy = .development) throws -> TrustVerdict {
            try self.host(policy).trust(of: host.prepare(unruly.path))
        }
        for path in [unruly.path, unruly.folder.path] {
            try #require(unsafe chown(path, 12345, 12345) == 0)
            #expect(try verdict().because.hasPrefix("\(path) belongs to user 12345"))
            try #require(unsafe chown(path, 0, 0) == 0)
        }
        try #require(unsafe chown(unruly.path, 12345, 12345) == 0)
        #expect(try verdict(TrustPolicy(.development, folders: [unruly.folder.path])).isTrusted)
        #expect(try !verdict(.strict([unruly.folder.path])).isTrusted)
        let plugin = try await host.load(unruly.path)
        #expect(try place(plugin, in: host).tier == .worker)
        await host.shutdown()
    }
}
