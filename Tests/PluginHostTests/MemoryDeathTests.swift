import Foundation
import PluginHost
import TestPrograms
import Testing

/// Plugins in C, C++ and Swift die in many ways of finding no memory, and in others of something else.
@Suite("Deaths of memory", .timeLimit(.minutes(10))) struct MemoryDeathTests {
    enum Language: String, CaseIterable {
        case c, cpp, swift

        var ofMemory: [String] {
            switch self {
            case .c: ["little by little", "at once", "its end", "a mapping", "growing"]
            case .cpp: ["little by little", "at once", "nothrow"]
            case .swift: ["little by little", "at once", "growing"]
            }
        }

        var ofSomethingElse: [String] {
            switch self {
            case .c: ["null", "abort", "wild"]
            case .cpp: ["thrown"]
            case .swift: ["trap", "unwrapped"]
            }
        }

        /// Bears it, and says so.
        var borne: String? { self == .swift ? nil : "checked" }

        var compiler: String? {
            switch self {
            case .c: Programs.compiler
            case .cpp: Programs.find("c++", "g++", "clang++")
            case .swift: Programs.find("swiftc")
            }
        }

        /// Builds `unruly.c` with the ways of this language.
        func build(in folder: String) throws -> String {
            let fixtures = "\(ProbePlugin.repository)/Tests/Fixtures/workers"
            let (object, path) = ("\(folder)/unruly.o", "\(folder)/unruly.so")
            try ProbePlugin.compile([
                "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wno-infinite-recursion", "-Werror", "-O1", "-fPIC",
                "-fvisibility=hidden", "-DEXHAUST", "-I\(ProbePlugin.repository)/PluginABI/include", "-c", "-o", object,
                "\(fixtures)/unruly.c",
            ])
            let source = "\(fixtures)/exhaust.\(rawValue)"
            let link = ["--version-script=\(ProbePlugin.repository)/PluginABI/plugin.map", "-z", "relro", "-z", "now"]
            let common = ["-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared", "-fvisibility=hidden"]
            let build =
                switch self {
                case .c: ["-std=gnu11"] + common
                case .cpp: ["-std=c++17"] + common
                case .swift:
                    [
                        "-swift-version", "6", "-O", "-parse-as-library", "-emit-library", "-no-toolchain-stdlib-rpath",
                        "-module-name", "Exhausting",
                    ]
                }
            let linker = link.flatMap { self == .swift ? ["-Xlinker", $0] : ["-Wl,\($0)"] }
            try ProbePlugin.compile(build + ["-o", path, source, object] + linker, with: compiler)
            return path
        }
    }

    @Test("are told from others, and from memory that was asked for in vain", arguments: Language.allCases)
    func deaths(_ language: Language) async throws {
        let folder = try Sample.Folder()
        let host = try UnrulyPlugin.host(["memory=160M", "workers=1"])
        let plugin = try await host.load(try language.build(in: folder.path))
        for way in language.ofMemory {
            let error = try UnrulyPlugin.failure(plugin, "exhaust \(way)")
            #expect(error.code == .memoryLimit, "\(language) \(way): \(error)")
            let limit = PluginError.Facts.resourceLimit(
                kind: "memory", value: 160 << 20, unit: "bytes", source: "rlimit", setBy: "call")
            #expect(error.facts == limit, "\(language) \(way)")
            // It would be refused as a call that ends workers, and the plugin as one that fails.
            try await host.resume(plugin.id)
        }
        for way in language.ofSomethingElse {
            let error = try UnrulyPlugin.failure(plugin, "exhaust \(way)")
            #expect(error.code == .crashed, "\(language) \(way): \(error)")
            try await host.resume(plugin.id)
        }
        if let way = language.borne {
            let process = try UnrulyPlugin.ask(plugin).process
            #expect(try UnrulyPlugin.failure(plugin, "exhaust \(way)").code == .resourceExhausted, "\(language)")
            // In the same worker, which remembers nothing of it.
            #expect(try UnrulyPlugin.ask(plugin).process == process)
            #expect(try UnrulyPlugin.failure(plugin, "null").code == .crashed, "\(language)")
        }
        await host.shutdown()
    }

    @Test(
        "are told while a plugin is loaded: by the linker, in its constructors, for want of a thread",
        arguments: [
            ("64K", "", true), ("160M", "for (;;) memset(malloc(1 << 20), 1, 1 << 20)", true), ("6M", "", true),
            ("160M", "abort()", false), ("160M", "__builtin_trap()", false),
        ])
    func loading(_ limit: String, _ constructor: String, isMemory: Bool) async throws {
        let unruly = try UnrulyPlugin(constructor.isEmpty ? [] : ["CONSTRUCTOR=\(constructor)"])
        let host = try UnrulyPlugin.host(["memory=\(limit)", "workers=1"])
        let error = try #require(await failure { () async throws(PluginError) in try await host.load(unruly.path) })
        #expect(error.stage == .load && error.plugin != nil)
        if isMemory {
            let value = try #require(try LimitSet(["memory=\(limit)"])[.memory])
            #expect(error.code == .memoryLimit, "\(error)")
            #expect(
                error.facts
                    == .resourceLimit(kind: "memory", value: value, unit: "bytes", source: "rlimit", setBy: "call"))
        } else {
            #expect(error.code == .crashed, "\(error)")
        }
        await host.shutdown()
    }

    @Test("a constructor that writes more into a file than it may is an error of that limit") func fileSize()
        async throws
    {
        let folder = try Sample.Folder()
        let unruly = try UnrulyPlugin([
            "CONSTRUCTOR=int file = open(\"\(folder.path)/file\", O_WRONLY | O_CREAT, 0600);"
                + " if (file >= 0) ftruncate(file, 2 << 20)"
        ])
        let host = try UnrulyPlugin.host(["fileSize=1M", "workers=1"]) {
            $0.workers.allowed = [try Permission(.writeFiles, folder.path)]
        }
        let error = try #require(await failure { () async throws(PluginError) in try await host.load(unruly.path) })
        #expect(error.code == .resourceExhausted && error.stage == .load && error.plugin != nil, "\(error)")
        #expect(
            error.facts
                == .resourceLimit(kind: "fileSize", value: 1 << 20, unit: "bytes", source: "rlimit", setBy: "call"))
        await host.shutdown()
    }

    @Test("too few descriptors to load a plugin are an error of their limit, with its source")
    func descriptors() async throws {
        let unruly = try UnrulyPlugin()
        let host = try UnrulyPlugin.host(["openFiles=3", "workers=1"])
        let error = try #require(await failure { () async throws(PluginError) in try await host.load(unruly.path) })
        #expect(error.code == .resourceExhausted && error.stage == .load && error.plugin != nil, "\(error)")
        #expect(
            error.facts == .resourceLimit(kind: "openFiles", value: 3, unit: "count", source: "rlimit", setBy: "call"))
        await host.shutdown()
        // What is enough for the linker is enough.
        let other = try UnrulyPlugin.host(["openFiles=16", "workers=1"])
        _ = try await other.load(unruly.path)
        await other.shutdown()
    }
}
