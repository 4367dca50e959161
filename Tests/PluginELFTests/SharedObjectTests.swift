import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

@Suite("Facts of a shared object", .needsCompiler)
struct SharedObjectTests {
    @Test("A sound plugin is described completely")
    func describesAPlugin() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(
            extra: """
                #include <string.h>
                #include <stdlib.h>
                extern char *getenv(const char *);
                __attribute__((constructor)) static void prepare_tables(void)
                {
                    if (getenv("KEYWAY_NEVER_SET")) abort();
                }
                """,
            flags: ["-Wl,-soname,witness.so.1", "-Wl,--build-id=0x0123456789abcdef"]
        ).build(in: folder)
        let object = try SharedObject(opening: path)
        #expect(object.file.path == path)
        #expect(object.size == UInt64(try contents(path).count))
        #expect(object.identity.class.rawValue == "64")
        #expect(object.identity.data.rawValue == "little")
        #expect(object.identity.type.description == "dyn")
        #expect(object.identity.osabi.description == "sysv")
        #expect(object.soname == "witness.so.1")
        #expect(object.needed == ["libc.so.6"])
        #expect(object.buildID == "0123456789abcdef")
        #expect(object.exports.map(\.name) == ["kw_plugin_entry_1"])
        let entry = try #require(object.export(named: "kw_plugin_entry_1"))
        #expect(entry.type == .function && entry.binding == .global && entry.isDefined && entry.size > 0)
        let getenv = try #require(object.imports.first { $0.name == "getenv" })
        #expect(getenv.version?.hasPrefix("GLIBC_") == true && getenv.library == "libc.so.6" && !getenv.isWeak)
        #expect(object.imports.contains { $0.name == "__cxa_finalize" && $0.isWeak })
        #expect(object.constructors.symbols.contains("prepare_tables"))
        #expect(object.constructors.entries.contains { $0.symbol == "frame_dummy" && $0.isBenign })
        #expect(object.hardening.relro == .full && object.hardening.bindNow && object.hardening.nx)
        #expect(!object.hardening.textrel && !object.hardening.rwx)
        #expect(object.defects.isEmpty)
    }

    @Test("The notes of a plugin are read")
    func readsNotes() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(
            abi:
                "KW_NOTE_ABI(1, 0, KW_CAP_CONCURRENT | KW_CAP_ASYNC, KW_LANG_CXX);\nKW_NOTE_BUILD(\"compiler=cc 1.0\");",
            interfaces: #"KW_NOTE_IFACE(a, "keyway.embedder/1"); KW_NOTE_IFACE(b, "keyway.tools/1");"#
        ).build(in: folder)
        let notes = try SharedObject(opening: path).notes
        let abi = try #require(notes.abi)
        #expect(abi.size == 32 && abi.generation == 1 && abi.sdkBuilt == 1 && abi.manifestSDK == 1)
        #expect(abi.sdkRange == SDKRange(minimum: 1, maximum: nil))
        #expect(abi.language == "C++")
        #expect(abi.capabilities == ["concurrent", "async"])
        #expect(Set(notes.interfaces) == ["keyway.embedder/1", "keyway.tools/1"])
        #expect(notes.build == "compiler=cc 1.0")
        #expect(notes.manifestText == #"{"id":"witness","version":"1.2.3","type":"embedder"}"#)
    }

    @Test(
        "A file without section headers has the same facts",
        arguments: Toolchain.stripsSectionHeaders ? [false, true] : [false])
    func worksWithoutSections(useObjcopy: Bool) throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(
            extra: "#include <string.h>\nextern int puts(const char *);\nvoid speak(void) { puts(\"x\"); }"
        ).build(in: folder)
        let stripped = folder.file("stripped.so")
        if useObjcopy {
            try Toolchain.run(#require(Toolchain.objcopy), ["--strip-section-headers", path, stripped])
        } else {
            var bytes = try contents(path)
            for index in 40..<48 { bytes[index] = 0 }
            for index in 60..<64 { bytes[index] = 0 }
            _ = try folder.write(bytes, to: "stripped.so")
        }
        let (whole, bare) = (try SharedObject(opening: path), try SharedObject(opening: stripped))
        #expect(bare.sections.isEmpty && !whole.sections.isEmpty)
        #expect(bare.exports == whole.exports && bare.imports == whole.imports)
        #expect(bare.needed == whole.needed && bare.soname == whole.soname && bare.buildID == whole.buildID)
        #expect(bare.notes.abi == whole.notes.abi && bare.notes.interfaces == whole.notes.interfaces)
        #expect(bare.hardening == whole.hardening && bare.flags == whole.flags)
        #expect(bare.constructors.count == whole.constructors.count)
        #expect(bare.defects.isEmpty)
        #expect(sharedVerifier.verify(bare).isLoadable)
    }

    @Test("The older hash table alone is enough")
    func readsSystemVHash() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(flags: ["-Wl,--hash-style=sysv"]).build(in: folder)
        let object = try SharedObject(opening: path)
        #expect(object.exports.map(\.name) == ["kw_plugin_entry_1"])
        #expect(object.export(named: "kw_plugin_entry_1") != nil)
        #expect(object.export(named: "kw_plugin_entry_2") == nil)
        #expect(sharedVerifier.verify(object).isLoadable)
    }

    @Test("A file that exports nothing still shows what it wants")
    func countsSymbolsOfAnEmptyHashTable() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(
            entry: "extern int puts(const char *);\n__attribute__((used)) static void f(void) { puts(\"words\"); }",
            script: "{ local: *; };"
        ).build(in: folder)
        let object = try SharedObject(opening: path)
        #expect(object.exports.isEmpty)
        #expect(object.imports.contains { $0.name == "puts" })
    }

    @Test("A copy in memory is judged like the file it came from")
    func adoptsADescriptor() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture().build(in: folder)
        let status = try FileImage(opening: path).status
        let copy = unsafe open(path, O_RDONLY)
        let image = try FileImage(adopting: copy, copiedFrom: status)
        try FileManager.default.removeItem(atPath: path)
        let object = try SharedObject(reading: image)
        #expect(object.file.path == path)
        #expect(sharedVerifier.verify(object).isLoadable)
    }
}
