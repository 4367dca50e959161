import PluginELF
import Testing

/// More of the zoo: faults of the file, of its symbols and of what it needs.
extension RuleTests {
    static func manifest(_ members: String) -> String {
        #"KW_NOTE_MANIFEST("{\"id\":\"witness\",\"version\":\"1.2.3\",\#(members)}");"#
    }

    /// A plugin that calls a function of the C library.
    static func calling(_ call: String, _ header: String, manifest: String? = nil) -> PluginFixture {
        var plugin = PluginFixture(
            extra: "#define _GNU_SOURCE\n#include <\(header)>\n__attribute__((used)) static void f(void) { \(call); }")
        if let manifest { plugin.manifest = manifest }
        return plugin
    }

    static let unloadable = "KW_NOTE_ABI(1, 1, KW_CAP_UNLOADABLE, KW_LANG_C);"

    static let files: [RuleCase] = [
        RuleCase(
            name: "everybody may write", plugin: PluginFixture(mode: 0o666), errors: ["S001"],
            words: ["every user of this machine"]),
        RuleCase(
            name: "a user who is not trusted", policy: VerificationPolicy(trustedOwners: [0xFFFF_FFF0]),
            errors: ["S001"], words: ["not trusted"]),
        RuleCase(
            name: "another machine", plugin: PluginFixture(edit: { $0.write(0xF3, 18, 2) }), errors: ["S002"],
            words: ["riscv"]),
        RuleCase(
            name: "an object file", plugin: PluginFixture(edit: { $0.write(1, 16, 2) }), errors: ["S003"],
            words: ["not linked"]),
        RuleCase(
            name: "another system", plugin: PluginFixture(edit: { $0.write(9, 7, 1) }), errors: ["S004"],
            words: ["freebsd"]),
        RuleCase(
            name: "cut short", plugin: PluginFixture(edit: { $0.bytes.removeLast(64) }), errors: ["S005"],
            words: ["damaged"]),
        RuleCase(
            name: "code that wraps around the end of all offsets",
            plugin: PluginFixture(
                extra: "__asm__(\".text\\n.fill 65536, 1, 0x90\\n\");",
                edit: { file in
                    let code = try #require(file.programHeaders(1).first { file.read($0 + 4, 4) == 5 })
                    file.write(-(file.read(code + 32, 8) / 4), code + 8, 8)
                }), errors: ["S005"], words: ["outside the file"]),
        RuleCase(
            name: "no section headers",
            plugin: PluginFixture(edit: { file in
                file.write(0, 40, 8)
                file.write(0, 60, 4)
            }), information: ["S006"]),
        RuleCase(
            name: "larger than the limit", policy: VerificationPolicy(sizeLimit: 1000), errors: ["S007"],
            words: ["the limit is 1000"]),
        RuleCase(name: "debug information", plugin: PluginFixture(flags: ["-g"]), information: ["S007"]),
        RuleCase(
            name: "writable code",
            plugin: PluginFixture(edit: { file in
                let code = try #require(file.programHeaders(1).first { file.read($0 + 4, 4) == 5 })
                file.write(7, code + 4, 4)
            }), errors: ["S008"], words: ["writable and executable"]),
        RuleCase(
            name: "segment that is not aligned",
            plugin: PluginFixture(edit: { file in
                let code = try #require(file.programHeaders(1).first { file.read($0 + 4, 4) == 5 })
                file.write(16, code + 48, 8)
            }), errors: ["S008"], words: ["not aligned"]),
        RuleCase(
            name: "unknown members of the manifest",
            plugin: PluginFixture(manifest: manifest(#"\"teapot\":true"#)), warnings: ["M001"], words: ["teapot"]),
        RuleCase(
            name: "reserved name",
            plugin: PluginFixture(
                manifest: #"KW_NOTE_MANIFEST("{\"id\":\"keyway.core\",\"version\":\"1.0.0\"}");"#),
            errors: ["M001"], words: ["reserved"]),
        RuleCase(
            name: "name that is a path",
            plugin: PluginFixture(
                manifest: #"KW_NOTE_MANIFEST("{\"id\":\"../../etc/passwd\",\"version\":\"1.0.0\"}");"#),
            errors: ["M001"], words: ["slash"]),
        RuleCase(
            name: "manifest that names other interfaces",
            plugin: PluginFixture(manifest: manifest(#"\"interfaces\":[\"keyway.provider/1\"]"#)), errors: ["M002"],
            words: ["keyway.provider/1 has no note"]),
        RuleCase(
            name: "manifest of another type", plugin: PluginFixture(manifest: manifest(#"\"type\":\"provider\""#)),
            errors: ["M002"], words: ["of type provider"]),
        RuleCase(
            name: "manifest of other SDKs",
            plugin: PluginFixture(manifest: manifest(#"\"sdk\":{\"minVersion\":1,\"maxVersion\":2}"#)),
            errors: ["M002"], words: ["SDK 1-2"]),
        RuleCase(
            name: "manifest for another version of the host",
            plugin: PluginFixture(manifest: manifest(#"\"engines\":{\"keyway\":\">=99\"}"#)), errors: ["M004"],
            words: ["wants keyway >=99"]),
        RuleCase(
            name: "manifest for this host and another",
            plugin: PluginFixture(
                manifest: manifest(
                    #"\"engines\":{\"keyway\":\"<99\"},\"platforms\":[\"linux-x86_64\",\"linux-arm64\"]"#))),
        RuleCase(
            name: "manifest for another kind of machine",
            plugin: PluginFixture(manifest: manifest(#"\"platforms\":[\"linux-riscv64\"]"#)), errors: ["M004"],
            words: ["is for linux-riscv64"]),
        RuleCase(
            name: "manifest of another build",
            plugin: PluginFixture(
                manifest: manifest(#"\"buildID\":\"1234\""#), flags: ["-Wl,--build-id=0x12ab"]), errors: ["S047"],
            words: ["the build 1234", "12ab"]),
        RuleCase(
            name: "manifest of a build that the file does not tell",
            plugin: PluginFixture(
                manifest: manifest(#"\"buildID\":\"1234\""#), flags: ["-Wl,--build-id=none"]), errors: ["S047"],
            words: ["no build id"]),
        RuleCase(
            name: "manifest of this build",
            plugin: PluginFixture(
                manifest: manifest(#"\"buildID\":\"12AB\""#), flags: ["-Wl,--build-id=0x12ab"])),
        RuleCase(
            name: "manifest for every later SDK",
            plugin: PluginFixture(
                abi: "KW_NOTE_ABI(1, 0, 0, KW_LANG_C);",
                manifest: manifest(#"\"sdk\":{\"minVersion\":1,\"maxVersion\":null}"#)), warnings: ["M001"],
            words: ["every later SDK"]),
    ]

    #if arch(x86_64)
        static let machine: [RuleCase] = [
            RuleCase(
                name: "instructions of a processor to come", plugin: needing(level: 0x80), errors: ["S009"],
                words: ["x86-64-v8"]),
            RuleCase(name: "instructions of newer processors", plugin: needing(level: 2), information: ["S009"]),
            RuleCase(
                name: "built for guarded jumps and returns",
                plugin: PluginFixture(flags: ["-fcf-protection", "-Wl,-z,ibt", "-Wl,-z,shstk"]),
                information: ["S009"], words: ["branch tracking (IBT) and shadow stacks"]),
            RuleCase(
                name: "built for guarded returns", plugin: PluginFixture(flags: ["-Wl,-z,shstk"]),
                information: ["S009"], words: ["was built for shadow stacks"]),
        ]
    #else
        static let machine: [RuleCase] = []
    #endif

    private static func needing(level: Int) -> PluginFixture {
        PluginFixture(
            extra: """
                __asm__(".pushsection .note.gnu.property,\\"a\\",@note\\n.balign 8\\n.long 4, 16, 5\\n.asciz \\"GNU\\"\\n"
                        ".long 0xc0008002, 4, \(level), 0\\n.popsection\\n");
                """)
    }

    private static let uniqueSymbol = """
        __asm__(".data\\n.globl once\\n.type once, @gnu_unique_object\\n.size once, 8\\nonce: .quad 1\\n.text\\n");
        """

    static let bindings: [RuleCase] = [
        RuleCase(
            name: "empty entry",
            plugin: PluginFixture(
                entry: """
                    __asm__(".text\\n.globl kw_plugin_entry_1\\n.type kw_plugin_entry_1, @function\\n"
                            "kw_plugin_entry_1: ret\\n");
                    """), errors: ["S010"], words: ["size is 0"]),
        RuleCase(
            name: "unique symbol",
            plugin: PluginFixture(extra: uniqueSymbol, script: "{ global: kw_plugin_entry_1; once; local: *; };"),
            policy: VerificationPolicy(allowedExports: ["on*"]), warnings: ["S014"], words: ["never unloaded"]),
        RuleCase(
            name: "unique symbol in a plugin that can be unloaded",
            plugin: PluginFixture(
                abi: unloadable, extra: uniqueSymbol, script: "{ global: kw_plugin_entry_1; once; local: *; };"),
            policy: VerificationPolicy(allowedExports: ["once"]), errors: ["S014"], words: ["can be unloaded"]),
        RuleCase(
            name: "COPY relocation",
            plugin: PluginFixture(edit: { file in
                // An address of a symbol (GLOB_DAT) becomes a copy of its data.
                let table = try file.contents(".rela.dyn")
                let entry = try #require(
                    stride(from: table.lowerBound, to: table.upperBound, by: 24).first { file.read($0 + 8, 4) == 6 })
                file.write(5, entry + 8, 4)
            }), errors: ["S016"], words: ["copy data"]),
        RuleCase(
            name: "bound to itself", plugin: PluginFixture(flags: ["-Wl,-Bsymbolic"]), information: ["S017"]),
        RuleCase(
            name: "a name of the host",
            plugin: PluginFixture(
                extra: "KW_EXPORT size_t strnlen(const char *s, size_t n) { (void)s; return n; }",
                script: "{ global: kw_plugin_entry_1; strnlen; local: *; };"),
            policy: VerificationPolicy(allowedExports: ["strnlen"]), warnings: ["S018"], words: ["strnlen"]),
        RuleCase(
            name: "hash table of old", plugin: PluginFixture(flags: ["-Wl,--hash-style=sysv"]),
            information: ["S020"]),
    ]
}
