import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

@Suite("What is not a plugin's file at all")
struct FileTests {
    @Test("Each kind of path that is not a regular file has its own answer")
    func refusesOtherKinds() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.file("pipe")
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        try FileManager.default.createSymbolicLink(atPath: folder.file("circle"), withDestinationPath: "circle")
        try FileManager.default.createSymbolicLink(atPath: folder.file("dangling"), withDestinationPath: "nowhere")
        let plain = try folder.write("x".utf8, to: "plain")
        let cases: [(String, PluginError.Code, String)] = [
            (folder.path, .validation, "is a directory"), (pipe, .validation, "is a named pipe"),
            ("/dev/null", .validation, "is a character device"), (folder.file("none"), .notFound, "no such file"),
            (folder.file("circle"), .validation, "circle"), (folder.file("dangling"), .notFound, "symbolic link"),
            (plain + "/x", .notFound, "is a file, not a folder"), ("", .invalidArgument, "empty"),
            ("a\0b", .invalidArgument, "NUL"),
            (folder.file(String(repeating: "x", count: 300)), .invalidArgument, "longer"),
        ]
        for (path, code, text) in cases {
            let error = try #require(readingError(path), "\(path) was read")
            #expect(error.code == code, "\(path)")
            #expect(error.what.contains(text), "\(error.what)")
            #expect(error.remedy?.isEmpty == false)
            #expect(error.stage == .open)
        }
    }

    @Test("An unreadable file is a matter of permission", .enabled(if: getuid() != 0, "root may read every file"))
    func refusesUnreadable() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("x".utf8, to: "secret")
        #expect(unsafe chmod(path, 0) == 0)
        #expect(readingError(path)?.code == .permissionDenied)
    }

    @Test(
        "A file that is not ELF has the single finding S002, which says what it is",
        arguments: [
            ("", "empty"), ("hello, world\n", "text"), ("!<arch>\nfoo", "a static archive"),
            ("#!/bin/sh\n", "a script"),
            ("PK\u{3}\u{4}", "a zip archive"), ("\u{1}\u{2}\u{3}", "unknown kind"), ("\u{7F}EL", "unknown kind"),
        ])
    func refusesOtherFormats(text: String, kind: String) throws {
        let folder = try TemporaryFolder()
        let error = try #require(readingError(folder.write(text.utf8, to: "file.so")))
        #expect(error.code == .validation)
        #expect(error.findings.map(\.id) == ["S002"])
        #expect(error.what.contains(kind), "\(error.what)")
    }

    @Test("A world-writable plugin is refused", .needsCompiler)
    func refusesWorldWritable() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture().build(in: folder)
        #expect(unsafe chmod(path, 0o777) == 0)
        let verification = sharedVerifier.verify(try SharedObject(opening: path))
        #expect(verification.errorIDs == ["S001"])
    }

    @Test("Builds for other machines are refused, with both machines named", .needsCompiler)
    func refusesOtherMachines() throws {
        let folder = try TemporaryFolder()
        var bytes = try contents(PluginFixture().build(in: folder))
        (bytes[18], bytes[19]) = (0xF3, 0)
        let verification = sharedVerifier.verify(try SharedObject(opening: folder.write(bytes, to: "riscv.so")))
        #expect(verification.findings.map(\.id) == ["S002"])
        let message = try #require(verification.findings.first?.message)
        #expect(message.contains("riscv") && message.contains("this host is 64-bit"), "\(message)")
        #expect(verification.libraries.isEmpty)
    }

    @Test(
        "A header that claims 32 bits or the other byte order gives one error, not a cascade", .needsCompiler,
        arguments: [4, 5])
    func refusesPatchedHeaders(byte: Int) throws {
        let folder = try TemporaryFolder()
        var bytes = try contents(PluginFixture().build(in: folder))
        bytes[byte] = bytes[byte] == 1 ? 2 : 1
        let path = try folder.write(bytes, to: "patched.so")
        if let error = readingError(path) {
            #expect(error.findings.count == 1)
        } else {
            #expect(sharedVerifier.verify(try SharedObject(opening: path)).errorIDs == ["S002"])
        }
    }

    @Test("Programs, object files and archives are refused with S003 or S002", .needsCompiler)
    func refusesOtherTypes() throws {
        let folder = try TemporaryFolder()
        let compiler = try #require(Toolchain.compiler)
        let source = try folder.write("int main(void) { return 0; }\n".utf8, to: "main.c")
        let cases: [(String, [String], String)] = [
            ("pie", ["-pie", "-fPIE"], "position-independent program"), ("exec", ["-no-pie"], "is a program"),
            ("main.o", ["-c"], "not linked"),
        ]
        for (name, flags, text) in cases {
            try Toolchain.run(compiler, flags + ["-o", folder.file(name), source])
            let verification = sharedVerifier.verify(try SharedObject(opening: folder.file(name)))
            #expect(verification.findings.map(\.id) == ["S003"], "\(name)")
            #expect(verification.findings.first?.message.contains(text) == true, "\(name)")
        }
        if let ar = Toolchain.ar {
            try Toolchain.run(ar, ["rc", folder.file("main.a"), folder.file("main.o")])
            #expect(readingError(folder.file("main.a"))?.findings.map(\.id) == ["S002"])
        }
    }

    @Test("A library for another system is refused", .needsCompiler)
    func refusesOtherSystems() throws {
        let folder = try TemporaryFolder()
        var bytes = try contents(PluginFixture().build(in: folder))
        bytes[7] = 9
        let verification = sharedVerifier.verify(try SharedObject(opening: folder.write(bytes, to: "freebsd.so")))
        #expect(verification.errorIDs == ["S004"])
    }
}
