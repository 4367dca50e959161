import Foundation
import PluginELF
import Testing

/// Files of other machines, built by a compiler that knows them: 32 bits, big-endian, other kinds of relocations.
@Suite(
    "Files of other machines",
    .enabled(if: Toolchain.clang != nil && Toolchain.lld != nil, "there are no clang and ld.lld on PATH"))
struct ForeignFileTests {
    struct Target: Sendable, CustomTestStringConvertible {
        let triple: String
        let platform: String
        let flags: UInt32?
        var testDescription: String { triple }
    }

    static let targets = [
        Target(triple: "i386-linux-gnu", platform: "32-bit little-endian x86", flags: 0),
        Target(triple: "arm-linux-gnueabihf", platform: "32-bit little-endian arm", flags: nil),
        Target(triple: "armeb-linux-gnueabi", platform: "32-bit big-endian arm", flags: nil),
        Target(triple: "mips-linux-gnu", platform: "32-bit big-endian mips", flags: nil),
        Target(triple: "aarch64-linux-gnu", platform: "64-bit little-endian aarch64", flags: 0),
        Target(triple: "aarch64_be-linux-gnu", platform: "64-bit big-endian aarch64", flags: 0),
        Target(triple: "s390x-linux-gnu", platform: "64-bit big-endian s390", flags: 0),
        Target(triple: "x86_64-linux-gnu", platform: "64-bit little-endian x86-64", flags: 0),
    ]

    @Test("Every machine's files are described alike", arguments: targets)
    func describes(target: Target) throws {
        let folder = try TemporaryFolder()
        let source = try folder.write(
            """
            extern int wanted(void);
            __thread int counter = 5;
            int given(void) { return wanted() + counter; }
            __attribute__((constructor)) static void on_load(void) { __asm__(""); }
            __attribute__((destructor)) static void on_unload(void) { __asm__(""); }
            __attribute__((used, section(".note.keyway.abi"), aligned(4)))
            static const struct { unsigned a, b, c; char owner[4]; unsigned words[8]; } note =
                { 4, 32, 0x4B575901u, "KWY", { 32, 1, 1, 1, 1, 0, 1, 1 } };
            """.utf8, to: "foreign.c")
        let path = folder.file("foreign.so")
        try Toolchain.run(
            #require(Toolchain.clang),
            [
                "--target=\(target.triple)", "-fuse-ld=lld", "-nostdlib", "-shared", "-fPIC", "-O1",
                "-Wl,-soname,foreign.so.1", "-Wl,-rpath,$ORIGIN/lib", "-Wl,--build-id=0x1234",
                "-Wl,--hash-style=\(target.triple.hasPrefix("mips") ? "sysv" : "both")",
                "-o", path, source,
            ])
        let object = try SharedObject(opening: path)
        #expect(object.identity.platform == target.platform)
        if let flags = target.flags { #expect(object.identity.flags == flags) }
        #expect(object.defects.isEmpty, "\(object.defects)")
        #expect(object.soname == "foreign.so.1" && object.runpath == ["$ORIGIN/lib"] && object.buildID == "1234")
        let given = try #require(object.export(named: "given"))
        #expect(given.type == .function && given.size > 0 && given.binding == .global)
        #expect(object.imports.contains { $0.name == "wanted" && !$0.isWeak })
        #expect(object.constructors.symbols == ["on_load"])
        #expect(object.destructors.map(\.symbol) == ["on_unload"])
        #expect(object.threadLocals?.size == 4)
        #expect(object.relocations.count > 0)
        #expect(object.notes.unknownTypes.isEmpty && !object.notes.isEmpty)
        #expect(object.dynamicEntries.contains { $0.name == "SONAME" && $0.text == "foreign.so.1" })
        let isForeign = !target.platform.hasSuffix(hostMachine)
        #expect(sharedVerifier.verify(object).errorIDs.contains("S002") == isForeign)
        // Nothing of another machine's answers on this one, and asking is no error.
        #expect(try LibraryResolver(root: "/").linkage(of: object).undefined.map(\.name).contains("wanted"))
        try survivesDamage(path)
    }

    /// The readers of each class and byte order get their share of damage.
    private func survivesDamage(_ path: String) throws {
        let folder = try TemporaryFolder()
        let bytes = try contents(path)
        var answers = 0
        for place in stride(from: 4, to: min(bytes.count, 0x400), by: 2) {
            var damaged = bytes
            (damaged[place], damaged[place + 1]) = (0xFF, 0x7F)
            let damagedPath = try folder.write(damaged, to: "damaged.so")
            if let object = try? SharedObject(opening: damagedPath) {
                _ = (object.exports, object.imports, object.dynamicEntries, object.neededVersions)
            }
            answers += 1
        }
        #expect(answers > 100)
    }

    private var hostMachine: String {
        #if arch(x86_64)
            "64-bit little-endian x86-64"
        #else
            "64-bit little-endian aarch64"
        #endif
    }
}
