import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

@Suite("Needed libraries", .needsCompiler)
struct DependencyTests {
    /// Builds a library with one function and returns its path.
    private func library(
        _ name: String, function: String, in folder: TemporaryFolder, flags: [String] = []
    ) throws -> String {
        let source = try folder.write("int \(function)(void) { return 7; }\n".utf8, to: "\(name).c")
        let path = folder.file("\(name).so")
        try Toolchain.run(
            try #require(Toolchain.compiler),
            ["-shared", "-fPIC", "-Wl,-soname,\(name).so", "-o", path, source] + flags)
        return path
    }

    private func user(of function: String, flags: [String]) -> PluginFixture {
        PluginFixture(
            extra:
                "extern int \(function)(void);\n__attribute__((used)) static int use(void) { return \(function)(); }",
            flags: flags)
    }

    @Test("A library that is nowhere is named, with the plugin refused as a matter of dependencies")
    func reportsMissingLibrary() throws {
        let folder = try TemporaryFolder()
        _ = try library("libkeyway_missing", function: "missing_one", in: folder)
        let path = try user(of: "missing_one", flags: ["-L\(folder.path)", "-lkeyway_missing"]).build(in: folder)
        let verification = sharedVerifier.verify(try SharedObject(opening: path))
        #expect(verification.errorIDs == ["S030"])
        let refusal = try #require(verification.refusal)
        #expect(refusal.code == .dependency && refusal.what.contains("libkeyway_missing.so"))
        let entry = try #require(verification.libraries.first { $0.name == "libkeyway_missing.so" })
        #expect(entry.origin == .missing && entry.path == nil)
    }

    @Test("A library that is missing further down is named with the one that needs it")
    func reportsMissingIndirectLibrary() throws {
        let folder = try TemporaryFolder()
        let deep = try library("libkeyway_deep", function: "deep", in: folder)
        _ = try library(
            "libkeyway_near", function: "near", in: folder,
            flags: ["-Wl,--no-as-needed", "-L\(folder.path)", "-lkeyway_deep"])
        let path = try user(of: "near", flags: ["-L\(folder.path)", "-lkeyway_near", "-Wl,-rpath,$ORIGIN"]).build(
            in: folder)
        try FileManager.default.removeItem(atPath: deep)
        let verification = sharedVerifier.verify(try SharedObject(opening: path))
        #expect(verification.errorIDs == ["S030"])
        let message = try #require(verification.findings.first?.message)
        #expect(message.contains("libkeyway_deep.so") && message.contains("needed by libkeyway_near.so"), "\(message)")
    }

    @Test("A private library beside the plugin is found through $ORIGIN, also through a link to the plugin")
    func findsPrivateLibrary() throws {
        let folder = try TemporaryFolder()
        let library = try library("libkeyway_private", function: "private_one", in: folder)
        let path = try user(
            of: "private_one", flags: ["-L\(folder.path)", "-lkeyway_private", "-Wl,-rpath,$ORIGIN"]
        ).build(in: folder)
        let elsewhere = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(atPath: elsewhere.file("link.so"), withDestinationPath: path)
        let resolved = URL(fileURLWithPath: library).resolvingSymlinksInPath().path
        for name in [path, elsewhere.file("link.so")] {
            let verification = sharedVerifier.verify(try SharedObject(opening: name))
            #expect(verification.isLoadable, "\(verification.findings)")
            let entry = try #require(verification.libraries.first { $0.name == "libkeyway_private.so" })
            guard case .besidePlugin(let found) = entry.origin else {
                Issue.record("\(entry.origin)")
                continue
            }
            #expect(URL(fileURLWithPath: found).resolvingSymlinksInPath().path == resolved)
        }
    }

    @Test("A library that is asked for by a path beside the plugin is found")
    func findsLibraryByOriginPath() throws {
        let folder = try TemporaryFolder()
        _ = try library(
            "libkeyway_path", function: "by_path", in: folder, flags: ["-Wl,-soname,$ORIGIN/libkeyway_path.so"])
        let path = try user(of: "by_path", flags: ["-L\(folder.path)", "-lkeyway_path"]).build(in: folder)
        let verification = sharedVerifier.verify(try SharedObject(opening: path))
        #expect(verification.isLoadable, "\(verification.findings)")
        #expect(verification.libraries.first?.name == "$ORIGIN/libkeyway_path.so")
        #expect(verification.libraries.first?.path?.hasSuffix("/libkeyway_path.so") == true)
    }

    @Test("A private library that lost the symbol is noticed, and a new one is read again")
    func noticesReplacedLibrary() throws {
        let folder = try TemporaryFolder()
        _ = try library("libkeyway_changing", function: "first", in: folder)
        let path = try user(
            of: "first", flags: ["-L\(folder.path)", "-lkeyway_changing", "-Wl,-rpath,$ORIGIN"]
        ).build(in: folder)
        let object = try SharedObject(opening: path)
        #expect(sharedVerifier.verify(object).isLoadable)
        _ = try library("libkeyway_changing", function: "renamed", in: folder)
        let verification = sharedVerifier.verify(object)
        #expect(verification.errorIDs == ["S031"])
        #expect(verification.refusal?.code == .dependency)
    }

    @Test("A library of another machine is passed over, and the answer says so")
    func passesOverForeignLibrary() throws {
        let folder = try TemporaryFolder()
        let library = try library("libkeyway_foreign", function: "foreign", in: folder)
        let path = try user(
            of: "foreign", flags: ["-L\(folder.path)", "-lkeyway_foreign", "-Wl,-rpath,$ORIGIN"]
        ).build(in: folder)
        var bytes = try contents(library)
        (bytes[18], bytes[19]) = (0xF3, 0)
        _ = try folder.write(bytes, to: "libkeyway_foreign.so")
        let verification = sharedVerifier.verify(try SharedObject(opening: path))
        #expect(verification.errorIDs == ["S030"])
        #expect(verification.findings.first?.message.contains("riscv") == true)
    }

    @Test("A symbol in a version that the C library does not have is missing")
    func checksVersions() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(
            extra: "extern int puts(const char *);\n"
                + "__attribute__((used)) static int f(void) { return puts(\"words\"); }"
        ).build(in: folder)
        let version = try #require(SharedObject(opening: path).imports.first { $0.name == "puts" }?.version)
        let future = String(version.map { $0.isNumber ? "9" : $0 })
        var bytes = try contents(path)
        let wanted = Array(version.utf8) + [0]
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: wanted) })
        bytes.replaceSubrange(place..<place + wanted.count, with: Array(future.utf8) + [0])
        let verification = sharedVerifier.verify(try SharedObject(opening: folder.write(bytes, to: "future.so")))
        #expect(verification.errorIDs == ["S032"])
        #expect(verification.findings.first?.message.contains(future) == true)
    }

    @Test("The C library of this process counts as loaded, and the host's Swift runtime is known")
    func knowsThisProcess() throws {
        let folder = try TemporaryFolder()
        let path = try user(of: "getpid", flags: []).build(in: folder)
        let verification = sharedVerifier.verify(try SharedObject(opening: path))
        let libc = try #require(verification.libraries.first { $0.name == "libc.so.6" })
        guard case .alreadyLoaded(let loaded) = libc.origin else {
            Issue.record("libc is \(libc.origin)")
            return
        }
        #expect(FileManager.default.fileExists(atPath: loaded))
        let runtime = try #require(LibraryResolver().hostRuntimeFolder)
        #expect(FileManager.default.fileExists(atPath: "\(runtime)/libswiftCore.so"))
    }

    @Test("The system's libraries resolve without a missing one where the dynamic linker agrees")
    func resolvesSystemLibraries() throws {
        let names = ["libm.so.6", "libresolv.so.2", "libstdc++.so.6", "libgcc_s.so.1", "libelf.so.1"]
        var compared = 0
        for folder in [
            "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64",
        ] {
            for name in names {
                guard let object = try? SharedObject(opening: "\(folder)/\(name)") else { continue }
                let verification = sharedVerifier.verify(object)
                #expect(verification.finding("S030") == nil && verification.finding("S031") == nil, "\(name)")
                compared += 1
            }
        }
        #expect(compared > 0)
    }

    @Test("A symbol that a library may have whose file is gone is a warning")
    func warnsOfUnreadableLibrary() throws {
        let folder = try TemporaryFolder()
        let library = try library("libkeyway_vanished", function: "vanished", in: folder)
        let path = try user(of: "nobody_defines_this", flags: ["-L\(folder.path)", "-lkeyway_vanished"])
            .build(in: folder)
        // It stays loaded: nothing is said of it any more than that it is there.
        let handle = unsafe dlopen(library, RTLD_NOW | RTLD_LOCAL)
        #expect(unsafe handle != nil)
        defer { if let handle = unsafe handle { unsafe dlclose(handle) } }
        try FileManager.default.removeItem(atPath: library)
        let verification = Verifier().verify(try SharedObject(opening: path))
        #expect(verification.isLoadable && verification.warningIDs == ["S031"])
        #expect(verification.finding("S031")?.message.contains("nobody_defines_this") == true)
    }
}
