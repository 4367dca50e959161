import Foundation
import PluginELF
import TestPrograms
import Testing

/// Each fact is read from a file that was built to have it, and from one that was built not to.
@Suite("Facts beyond the plugin's own", .needsCompiler)
struct FactTests {
    /// Builds a shared object from C and reads it.
    private func build(
        _ source: String, _ flags: [String] = [], in folder: TemporaryFolder, name: String = "object"
    ) throws -> SharedObject {
        let path = try folder.write(source.utf8, to: "\(name).c")
        try Toolchain.run(
            #require(Toolchain.compiler), ["-shared", "-fPIC", "-o", folder.file("\(name).so"), path] + flags)
        return try SharedObject(opening: folder.file("\(name).so"))
    }

    @Test("Versions that a library defines have their parents, and exports their version")
    func readsDefinedVersions() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write(
            "ONE { global: first; local: *; };\nTWO { global: second; } ONE;\n".utf8, to: "versions.map")
        let object = try build(
            "int first(void) { return 1; }\nint second(void) { return 2; }\n",
            ["-Wl,--version-script=\(script)", "-Wl,-soname,versioned.so.2"], in: folder)
        let versions = object.definedVersions
        #expect(versions.map(\.name) == ["versioned.so.2", "ONE", "TWO"])
        #expect(versions.map(\.isBase) == [true, false, false])
        #expect(versions.map(\.parents) == [[], [], ["ONE"]])
        let second = try #require(object.export(named: "second"))
        #expect(second.version == "TWO" && second.isDefaultVersion)
    }

    @Test("A version that is not the default answers only who asks for it")
    func readsHiddenVersions() throws {
        let folder = try TemporaryFolder()
        let script = try folder.write("ONE { global: f; local: *; };\nTWO { global: f; } ONE;\n".utf8, to: "v.map")
        let object = try build(
            """
            __asm__(".symver old, f@ONE");
            __asm__(".symver new, f@@TWO");
            int old(void) { return 1; }
            int new(void) { return 2; }
            """, ["-Wl,--version-script=\(script)"], in: folder)
        let versions = object.exports.filter { $0.name == "f" }
        #expect(Set(versions.map(\.version)) == ["ONE", "TWO"])
        #expect(versions.filter(\.isDefaultVersion).map(\.version) == ["TWO"])
        #expect(object.export(named: "f")?.version == "TWO")
    }

    @Test("Needed versions come by library, and the oldest C library that will do is known")
    func readsNeededVersions() throws {
        let folder = try TemporaryFolder()
        let object = try build(
            "#include <stdio.h>\nvoid f(void) { puts(\"x\"); }\n", in: folder)
        let libc = try #require(object.neededVersions.first { $0.library == "libc.so.6" })
        #expect(libc.versions.contains { $0.name.hasPrefix("GLIBC_2.") && !$0.isWeak })
        let minimum = try #require(object.minimumGlibc)
        #expect(object.minimumVersions == ["GLIBC": minimum])
        #expect(minimum >= VersionNumber("2.2.5")! && minimum < VersionNumber("3")!)
        let bare = try build("int f(void) { return 1; }\n", ["-nostdlib"], in: folder)
        #expect(bare.minimumGlibc == nil && bare.neededVersions.isEmpty)
    }

    @Test(
        "Versions compare as numbers",
        arguments: [("2.9", "2.10"), ("2.2", "2.2.5"), ("3.4", "3.4.0.1"), ("2.34", "3")])
    func comparesVersions(older: String, newer: String) throws {
        let (first, second) = (try #require(VersionNumber(older)), try #require(VersionNumber(newer)))
        #expect(first < second && second > first && first != second)
        #expect(VersionNumber("2.2")! == VersionNumber("2.2.0")!)
        for text in ["", "2.", "x", "2.-1", "1.2.3.4.5.6.7", "99999999999"] { #expect(VersionNumber(text) == nil) }
    }

    @Test("Relocations are counted by kind, packed ones too")
    func countsRelocations() throws {
        let folder = try TemporaryFolder()
        let source = """
            extern int elsewhere;
            static int here[8];
            int *table[] = { here, here + 1, here + 2, here + 3, &elsewhere };
            int elsewhere_too(void);
            int f(void) { return elsewhere_too(); }
            """
        let plain = try build(source, in: folder)
        #expect(plain.relocations.count == plain.relocations.kinds.map(\.count).reduce(0, +))
        #expect((plain.relocations.kinds.first { $0.name == "RELATIVE" }?.count ?? 0) >= 4)
        #expect(plain.relocations.kinds.contains { $0.name == "JUMP_SLOT" })
        #expect(plain.relocations.packed == 0 && plain.relocations.inReadOnlySegments == 0)
        guard let packed = try? build(source, ["-Wl,-z,pack-relative-relocs"], in: folder, name: "packed"),
            packed.dynamicEntries.contains(where: { $0.name == "RELR" })
        else { return }
        #expect(packed.relocations.packed >= 4)
        #expect(packed.relocations.count + packed.relocations.packed == plain.relocations.count)
    }

    @Test("Constructors and destructors are listed in the order in which they run")
    func ordersLifecycle() throws {
        let folder = try TemporaryFolder()
        let source = """
            __attribute__((constructor(200))) static void second_to_start(void) { __asm__(""); }
            __attribute__((constructor(150))) static void first_to_start(void) { __asm__(""); }
            __attribute__((destructor(200))) static void first_to_stop(void) { __asm__(""); }
            __attribute__((destructor(150))) static void second_to_stop(void) { __asm__(""); }
            """
        for flags in [[], ["-Wl,-z,pack-relative-relocs"]] {
            guard let object = try? build(source, flags, in: folder) else { continue }
            let starts = object.constructors.symbols.filter { $0.hasSuffix("to_start") }
            #expect(starts == ["first_to_start", "second_to_start"])
            let stops = object.destructors.compactMap(\.symbol).filter { $0.hasSuffix("to_stop") }
            #expect(stops == ["first_to_stop", "second_to_stop"])
            #expect(object.destructors.contains { $0.symbol == "_fini" && $0.origin == .finiFunction && $0.isBenign })
        }
    }

    @Test("What takes the place of the start files' function is nobody's start-up code, named or not")
    func namesReplacedStart() throws {
        let folder = try TemporaryFolder()
        let source = "__attribute__((visibility(\"hidden\"))) void my_start(void) { __asm__(\"\"); }\n"
        let replaced = try build(source, ["-Wl,-init=my_start"], in: folder, name: "replaced")
        let own = try #require(replaced.constructors.entries.first { $0.origin == .initFunction })
        #expect(own.symbol == "my_start" && !own.isBenign)
        let stripped = try build(source, ["-Wl,-init=my_start", "-s"], in: folder, name: "stripped")
        let unnamed = try #require(stripped.constructors.entries.first { $0.origin == .initFunction })
        #expect(unnamed.symbol == nil && !unnamed.isBenign)
    }

    @Test("Thread-local variables have a size, and those that need room at the start say so")
    func readsThreadLocals() throws {
        let folder = try TemporaryFolder()
        let source =
            "__thread int counter = 1;\n__thread char buffer[100];\nint f(void) { return counter + buffer[0]; }\n"
        let object = try build(source, in: folder)
        let storage = try #require(object.threadLocals)
        #expect(storage.size >= 104 && storage.initializedSize == 4 && !storage.isStatic)
        #expect(try build(source, ["-ftls-model=initial-exec"], in: folder).threadLocals?.isStatic == true)
        #expect(try build("int f(void) { return 1; }\n", in: folder).threadLocals == nil)
    }

    @Test("Stack protection, checked functions and branch tracking are seen where they are used")
    func readsHardening() throws {
        let folder = try TemporaryFolder()
        let source = """
            #include <stdio.h>
            #include <string.h>
            int f(const char *text) { char buffer[64]; strcpy(buffer, text); return printf("%s", buffer); }
            """
        let hard = try build(
            source, ["-O2", "-fstack-protector-all", "-D_FORTIFY_SOURCE=2"], in: folder, name: "hard")
        #expect(hard.hardening.stackProtector && hard.hardening.fortify)
        let soft = try build(
            source, ["-O2", "-fno-stack-protector", "-U_FORTIFY_SOURCE"], in: folder, name: "soft")
        #expect(!soft.hardening.stackProtector && !soft.hardening.fortify)
        #expect(!soft.hardening.branchTracking && soft.properties?.ibt != true)
    }

    @Test("Processor features are read from the property note")
    func readsProperties() throws {
        // Descriptor: type, size, value, padding; as the x86 ABI has it.
        let folder = try TemporaryFolder()
        let object = try build(
            """
            __attribute__((used, section(".note.gnu.property"), aligned(8)))
            static const struct { unsigned namesz, descsz, type; char owner[4]; unsigned words[8]; } note =
                { 4, 32, 5, "GNU", { 0xc0000002u, 4, 3, 0, 0xc0008002u, 4, 7, 0 } };
            """, ["-nostdlib", "-Wl,-z,separate-code"], in: folder)
        guard object.identity.machine == .x8664 else { return }
        let properties = try #require(object.properties)
        #expect(properties.levelNeeded == "x86-64-v3")
        #expect(properties.ibt == object.hardening.branchTracking)
        #expect(object.allNotes.contains { $0.owner == "GNU" && $0.type == 5 })
    }

    @Test("A package note is handed on as it stands")
    func readsThePackage() throws {
        let folder = try TemporaryFolder()
        let text = #"{"type":"deb","name":"witness","version":"1.2"}"#
        let escaped = text.replacingOccurrences(of: "\"", with: "\\\"")
        let object = try build(
            """
            __attribute__((used, section(".note.package"), aligned(4)))
            static const struct { unsigned namesz, descsz, type; char owner[4]; char text[\(text.utf8.count + 1)]; } note =
                { 4, \(text.utf8.count + 1), 0xcafe1a7eu, "FDO", "\(escaped)" };
            """, in: folder)
        #expect(object.package == text)
        #expect(object.defects.isEmpty, "\(object.defects)")
    }

    @Test("Debug information is found within the file, beside it, and nowhere", .enabled(if: Toolchain.objcopy != nil))
    func readsDebugInfo() throws {
        let folder = try TemporaryFolder()
        let object = try build("int f(int x) { return x + 1; }\n", ["-g"], in: folder)
        #expect(object.debugInfo.isPresent && object.debugInfo.hasSymbols && !object.debugInfo.isStripped)
        #expect(object.debugInfo.link == nil && !object.debugInfo.isCompressed)
        #expect(object.sizes.file == object.size && object.sizes.debug > 0)
        #expect(object.sizes.strippable > object.sizes.debug && object.sizes.strippable < object.sizes.file)
        #expect(object.sizes.loaded >= 4096 && object.sizes.loaded % 4096 == 0)
        let objcopy = try #require(Toolchain.objcopy)
        let (debug, bare) = (folder.file("object.debug"), folder.file("bare.so"))
        try Toolchain.run(objcopy, ["--only-keep-debug", folder.file("object.so"), debug])
        try Toolchain.run(objcopy, ["--strip-all", "--add-gnu-debuglink=\(debug)", folder.file("object.so"), bare])
        let stripped = try SharedObject(opening: bare)
        #expect(stripped.debugInfo.isStripped && stripped.debugInfo.link == "object.debug")
        #expect(stripped.debugInfo.linkChecksum != nil && stripped.sizes.debug == 0)
        let compressed = try build(
            "int f(int x) { return x + 1; }\n" + String(repeating: "struct s { int a; };\n", count: 1), ["-g", "-gz"],
            in: folder, name: "compressed")
        #expect(compressed.debugInfo.isPresent && compressed.defects.isEmpty)
    }

    @Test("The language leaves its marks")
    func readsTraits() throws {
        let folder = try TemporaryFolder()
        let plain = try build("int f(void) { return 1; }\n", in: folder)
        #expect(!plain.traits.swift && !plain.traits.cxx && !plain.traits.go && !plain.traits.rust)
        #expect(!plain.producers.isEmpty)
        let cxx = try build("int _Z1fv(void) { return 1; }\n", in: folder)
        #expect(cxx.traits.cxx && !cxx.traits.rust)
        let rust = try build("int _ZN4core3fmt17h0123456789abcdefE(void) { return 1; }\n", in: folder)
        #expect(rust.traits.rust && !rust.traits.cxx)
        let similar = try build("int _ZN4core3fmt17hasNoHashButANameE(void) { return 1; }\n", in: folder)
        #expect(similar.traits.cxx && !similar.traits.rust)
        let swift = try build("int f(void) __asm__(\"$s4main1fyyF\");\nint f(void) { return 1; }\n", in: folder)
        #expect(swift.traits.swift && swift.traits.staticSwiftRuntime)
        let go = try build(
            "__attribute__((used, section(\".go.buildinfo\"))) static int x = 1;\n", in: folder)
        #expect(go.traits.go)
    }
}
