import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

/// The search rules, one by one, in folders of their own and below another root.
@Suite("The dynamic linker's search, without it", .needsCompiler)
struct LinkageTests {
    private func build(_ name: String, _ source: String, in folder: String, _ flags: [String] = []) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (text, path) = ("\(folder)/\(name).c", "\(folder)/\(name)")
        try Data(source.utf8).write(to: URL(fileURLWithPath: text))
        try Toolchain.run(
            #require(Toolchain.compiler),
            ["-shared", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", "-o", path, text, "-Wl,-soname,\(name)"] + flags)
        return path
    }

    /// leaf <- middle <- top, each in a folder of its own; top says where both are, with a tag that is inherited or
    /// not.
    private func chain(_ folder: TemporaryFolder, tag: String) throws -> String {
        _ = try build("libleaf.so", "int leaf(void) { return 1; }", in: folder.file("leaf"))
        _ = try build(
            "libmiddle.so", "extern int leaf(void); int middle(void) { return leaf(); }", in: folder.file("middle"),
            ["-L\(folder.file("leaf"))", "-l:libleaf.so"])
        return try build(
            "libtop.so", "extern int middle(void); int top(void) { return middle(); }", in: folder.file("top"),
            [
                "-L\(folder.file("middle"))", "-l:libmiddle.so", "-Wl,-rpath-link,\(folder.file("leaf"))",
                "-Wl,--\(tag)-new-dtags", "-Wl,-rpath,$ORIGIN/../middle:${ORIGIN}/../leaf",
            ])
    }

    @Test("DT_RPATH serves what is needed indirectly, DT_RUNPATH does not", arguments: ["disable", "enable"])
    func inheritsSearchPaths(tag: String) throws {
        let folder = try TemporaryFolder()
        let linkage = try LibraryResolver(root: "/").linkage(of: SharedObject(opening: chain(folder, tag: tag)))
        #expect(linkage.libraries.map(\.name) == ["libmiddle.so", "libleaf.so"])
        #expect(linkage.libraries[0].path?.hasSuffix("/middle/libmiddle.so") == true)
        #expect((linkage.libraries[1].origin == .missing) == (tag == "enable"))
        #expect(linkage.libraries[1].neededBy == "libmiddle.so")
        #expect(linkage.isComplete == (tag == "disable"))
        let undefined = linkage.undefined.map(\.name)
        #expect(undefined == (tag == "enable" ? ["leaf"] : []))
        #expect(linkage.undefined.allSatisfy { !$0.isCertain && $0.neededBy == "libmiddle.so" })
    }

    @Test("LD_LIBRARY_PATH comes before DT_RUNPATH and after DT_RPATH", arguments: ["disable", "enable"])
    func ordersTheEnvironment(tag: String) throws {
        let folder = try TemporaryFolder()
        let top = try chain(folder, tag: tag)
        let other = try build("libmiddle.so", "int middle(void) { return 2; }", in: folder.file("other"))
        let resolver = try LibraryResolver(root: "/", libraryPath: "/nowhere:\(folder.file("other"))")
        let path = try #require(resolver.linkage(of: SharedObject(opening: top)).libraries.first?.path)
        #expect((path == other) == (tag == "enable"))
    }

    @Test("A build for a better processor is preferred where the processor has it")
    func prefersHardwareFolders() throws {
        let folder = try TemporaryFolder()
        let top = try chain(folder, tag: "disable")
        let better = try build(
            "libleaf.so", "int leaf(void) { return 3; }", in: folder.file("leaf/glibc-hwcaps/x86-64-v3"))
        var resolver = try LibraryResolver(root: "/")
        resolver.hardwareFolders = ["x86-64-v4", "x86-64-v3"]
        var path = try resolver.linkage(of: SharedObject(opening: top)).libraries.last?.path
        #expect(path.map(real) == real(better))
        resolver.hardwareFolders = ["x86-64-v2"]
        path = try resolver.linkage(of: SharedObject(opening: top)).libraries.last?.path
        #expect(path?.hasSuffix("/leaf/libleaf.so") == true)
    }

    private func real(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    @Test("One library under two names is one library")
    func mergesNames() throws {
        let folder = try TemporaryFolder()
        _ = try build("libone.so.1", "int one(void) { return 1; }", in: folder.path)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("libother.so"), withDestinationPath: "libone.so.1")
        _ = try build("libfake.so", "int fake(void) { return 1; }", in: folder.path, ["-Wl,-soname,libother.so"])
        let user = try build(
            "libuser.so", "int user(void) { return 1; }", in: folder.path,
            ["-L\(folder.path)", "-l:libone.so.1", "-l:libfake.so", "-Wl,-rpath,$ORIGIN"])
        let object = try SharedObject(opening: user)
        #expect(object.needed == ["libone.so.1", "libother.so"])
        #expect(try LibraryResolver(root: "/").linkage(of: object).libraries.map(\.name) == ["libone.so.1"])
    }

    @Test("Below another root, folders, absolute links and the cache are those of that root")
    func searchesAnotherRoot() throws {
        let folder = try TemporaryFolder()
        let root = folder.file("root")
        let library = try build("libdeep.so", "int deep(void) { return 1; }", in: "\(root)/opt/deep")
        _ = try build("libplain.so", "int plain(void) { return 1; }", in: "\(root)/store")
        try FileManager.default.createDirectory(atPath: "\(root)/usr/lib64", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/usr/lib64/libplain.so", withDestinationPath: "/store/libplain.so")
        let user = try build(
            "libuser.so",
            "extern int deep(void), plain(void); int user(void) { return deep() + plain(); }", in: "\(root)/app",
            [
                "-L\(root)/opt/deep", "-L\(root)/store", "-l:libdeep.so", "-l:libplain.so",
                "-Wl,-rpath,/opt/../../../opt/deep",
            ])
        let object = try SharedObject(opening: user)
        let here = try LibraryResolver(root: "/").linkage(of: object)
        #expect(here.libraries.allSatisfy { $0.origin == .missing })
        let there = try LibraryResolver(root: root).linkage(of: object)
        #expect(there.isComplete, "\(there)")
        #expect(
            try LibraryResolver(root: root).locate("/usr/lib64/libplain.so")?.hasSuffix("/store/libplain.so") == true)
        #expect(there.libraries.map(\.path) == ["/opt/../../../opt/deep/libdeep.so", "/usr/lib64/libplain.so"])
        try FileManager.default.removeItem(atPath: library)
        try FileManager.default.createSymbolicLink(atPath: library, withDestinationPath: "libdeep.so")
        #expect(try LibraryResolver(root: root).linkage(of: object).libraries[0].origin == .missing)
        #expect(throws: PluginError.self) { try LibraryResolver(root: user) }
        #expect(throws: PluginError.self) { try LibraryResolver(root: "\(root)/none") }
    }

    @Test(
        "The cache that ldconfig writes for another root is read, builds for better processors included",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/sbin/ldconfig"), "there is no /sbin/ldconfig"))
    func readsTheCacheOfAnotherRoot() throws {
        let folder = try TemporaryFolder()
        let root = folder.file("root")
        _ = try build("libcached.so", "int cached(void) { return 1; }", in: "\(root)/far/away")
        _ = try build("libcached.so", "int cached(void) { return 2; }", in: "\(root)/far/away/glibc-hwcaps/x86-64-v3")
        for part in ["etc", "lib", "usr/lib", "var/cache/ldconfig"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(part)", withIntermediateDirectories: true)
        }
        _ = try folder.write("/far/away\n".utf8, to: "root/etc/ld.so.conf")
        _ = try Toolchain.output("/sbin/ldconfig", ["-r", root])
        guard FileManager.default.fileExists(atPath: "\(root)/etc/ld.so.cache") else { return }
        let user = try build(
            "libuser.so", "extern int cached(void); int user(void) { return cached(); }", in: folder.path,
            ["-L\(root)/far/away", "-l:libcached.so"])
        let object = try SharedObject(opening: user)
        var resolver = try LibraryResolver(root: root)
        #expect(resolver.linkage(of: object).libraries.map(\.path) == ["/far/away/libcached.so"])
        guard object.identity.machine == .x8664 else { return }
        resolver.hardwareFolders = ["x86-64-v4", "x86-64-v3", "x86-64-v2"]
        #expect(
            resolver.linkage(of: object).libraries.map(\.path)
                == ["/far/away/glibc-hwcaps/x86-64-v3/libcached.so"])
    }

    @Test("Weak symbols that nobody has are listed as weak and do no harm")
    func listsWeakSymbols() throws {
        let folder = try TemporaryFolder()
        let user = try build(
            "libuser.so",
            "extern int maybe(void) __attribute__((weak)); int user(void) { return maybe ? maybe() : 0; }",
            in: folder.path)
        let linkage = try LibraryResolver(root: "/").linkage(of: SharedObject(opening: user))
        #expect(linkage.undefined.map(\.name) == ["maybe"] && linkage.undefined[0].isWeak && linkage.isComplete)
    }

    @Test("A version that a library lost is missing, even if its symbols are still there")
    func findsMissingVersions() throws {
        let folder = try TemporaryFolder()
        func library(_ version: String) throws {
            let script = try folder.write("\(version) { global: f; local: *; };".utf8, to: "v.map")
            _ = try build(
                "libversioned.so", "int f(void) { return 1; }", in: folder.path, ["-Wl,--version-script=\(script)"])
        }
        try library("V_2")
        let user = try build(
            "libuser.so", "extern int f(void); int user(void) { return f(); }", in: folder.path,
            ["-L\(folder.path)", "-l:libversioned.so", "-Wl,-rpath,$ORIGIN"])
        let resolver = try LibraryResolver(root: "/")
        #expect(try resolver.linkage(of: SharedObject(opening: user)).isComplete)
        try library("V_1")
        let linkage = try resolver.linkage(of: SharedObject(opening: user))
        #expect(linkage.missingVersions.map(\.version) == ["V_2"])
        #expect(linkage.missingVersions.first?.library == "libversioned.so")
        #expect(linkage.undefined.map(\.name) == ["f"] && linkage.undefined.first?.version == "V_2")
        #expect(!linkage.isComplete)
    }

    @Test("A target names the versions that are newer than it, with the symbols that need them")
    func judgesTargets() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(
            extra: "extern int puts(const char *);\n__attribute__((used)) static int f(void) { return puts(\"x\"); }"
        ).build(in: folder)
        let object = try SharedObject(opening: path)
        let needed = try #require(object.minimumGlibc)
        let old = try TargetProfile(parsing: "glibc=2.0,GLIBCXX=3.4")
        let newer = old.newerVersions(in: object)
        #expect(newer.contains { $0.library == "libc.so.6" && $0.symbols.contains("puts") })
        #expect(try TargetProfile(parsing: "glibc=\(needed)").newerVersions(in: object).isEmpty)
        for text in ["", "glibc", "glibc=", "musl=1.2", "glibc=2.x", "glibc=2.28,"] {
            let error = #expect(throws: PluginError.self) { try TargetProfile(parsing: text) }
            #expect(error?.code == .invalidArgument && error?.remedy?.isEmpty == false)
        }
    }
}
