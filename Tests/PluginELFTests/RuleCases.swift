import PluginELF
import Testing

/// A plugin with one fault, the errors and the warnings that it must have, and words of the first one's message.
struct RuleCase: Sendable, CustomTestStringConvertible {
    let name: String
    var plugin = PluginFixture()
    var sidecar: SidecarManifest?
    var policy = VerificationPolicy()
    var errors: [String] = []
    var warnings: [String] = []
    /// Information that must be there; other information may be there, too.
    var information: [String] = []
    var words: [String] = []
    var testDescription: String { name }
}

/// The zoo: each plugin is sound but for what its name says.
extension RuleTests {
    static func note(_ words: [UInt32]) -> PluginFixture { PluginFixture(abi: PluginFixture.abiNote(words)) }

    static let notes: [RuleCase] = [
        RuleCase(name: "sound"),
        RuleCase(name: "no ABI note", plugin: PluginFixture(abi: ""), errors: ["N001"], words: ["ABI note is missing"]),
        RuleCase(
            name: "no notes and no entry",
            plugin: PluginFixture(
                abi: "", manifest: "", interfaces: "", entry: "KW_EXPORT int answer(void) { return 42; }", script: ""),
            errors: ["N001"], words: ["not a Keyway plugin"]),
        RuleCase(
            name: "two ABI notes",
            plugin: PluginFixture(
                abi: "KW_NOTE_ABI(1, 1, 0, KW_LANG_C);\n" + PluginFixture.abiNote([32, 1, 1, 1, 1, 0, 1, 1])),
            errors: ["N002"], words: ["2 ABI notes"]),
        RuleCase(name: "short note", plugin: note([32, 1, 1, 1, 1]), errors: ["N003"], words: ["20 bytes"]),
        RuleCase(
            name: "note that gives a small size", plugin: note([16, 1, 1, 1, 1, 0, 1, 1]), errors: ["N003"],
            words: ["size as 16"]),
        RuleCase(
            name: "generation 2", plugin: note([32, 2, 1, 1, 1, 0, 1, 1]), errors: ["N003"], words: ["generation 2"]),
        RuleCase(
            name: "minimum above built", plugin: note([32, 1, 1, 2, 2, 0, 1, 1]), errors: ["N003"],
            words: ["minimum SDK 2 is above SDK 1"]),
        RuleCase(
            name: "maximum below minimum", plugin: note([32, 1, 3, 3, 2, 0, 1, 1]), errors: ["N003"],
            words: ["maximum SDK 2 is below its minimum 3"]),
        RuleCase(
            name: "minimum 0", plugin: note([32, 1, 1, 0, 1, 0, 1, 1]), errors: ["N003"], words: ["begin at 1"]),
        RuleCase(
            name: "unknown manifest form", plugin: note([32, 1, 1, 1, 1, 0, 1, 9]), errors: ["N003"],
            words: ["manifest form"]),
        RuleCase(name: "longer note", plugin: note([36, 1, 1, 1, 1, 0, 1, 1, 7])),
        RuleCase(
            name: "SDK too new", plugin: note([32, 1, 5, 3, 5, 0, 1, 1]), errors: ["N004"],
            words: ["plugin \"witness\" requires SDK version 3-5, but current SDK version is 1"]),
        RuleCase(name: "no manifest", plugin: PluginFixture(manifest: ""), errors: ["N005"], words: ["missing"]),
        RuleCase(
            name: "manifest that is not JSON", plugin: PluginFixture(manifest: "KW_NOTE_MANIFEST(\"{id:1}\");"),
            errors: ["N005"], words: ["not valid JSON"]),
        RuleCase(
            name: "manifest without version",
            plugin: PluginFixture(manifest: #"KW_NOTE_MANIFEST("{\"id\":\"x\"}");"#), errors: ["N005"],
            words: ["/version is missing"]),
        RuleCase(
            name: "manifest that is not UTF-8",
            plugin: PluginFixture(manifest: #"KW_NOTE_MANIFEST("{\"id\":\"\xff\"}");"#),
            errors: ["N005"], words: ["not UTF-8"]),
        RuleCase(
            name: "two manifests",
            plugin: PluginFixture(
                manifest: PluginFixture().manifest
                    + #"KW_NOTE_TEXT(second_, ".note.keyway.manifest", KW_NOTE_TYPE_MANIFEST, "{}");"#),
            errors: ["N005"], words: ["2 manifest notes"]),
        RuleCase(name: "no interface", plugin: PluginFixture(interfaces: ""), errors: ["N006"], words: ["missing"]),
        RuleCase(
            name: "one interface twice",
            plugin: PluginFixture(
                interfaces: #"KW_NOTE_IFACE(a, "keyway.embedder/1"); KW_NOTE_IFACE(b, "keyway.embedder/1");"#),
            errors: ["N006"], words: ["two notes"]),
        RuleCase(
            name: "unknown interface", plugin: PluginFixture(interfaces: #"KW_NOTE_IFACE(a, "keyway.teapot/1");"#),
            errors: ["N006"], words: ["unknown"]),
        RuleCase(
            name: "interface without version", plugin: PluginFixture(interfaces: #"KW_NOTE_IFACE(a, "embedder");"#),
            errors: ["N006"], words: ["not an interface id"]),
        RuleCase(
            name: "somebody's own interface",
            plugin: PluginFixture(
                manifest: manifest(#"\"type\":\"ocr\""#), interfaces: #"KW_NOTE_IFACE(a, "acme.ocr/2");"#)),
    ]

    static let symbols: [RuleCase] = [
        RuleCase(
            name: "no entry", plugin: PluginFixture(entry: "static int x __attribute__((used));"), errors: ["S010"],
            words: ["missing"]),
        RuleCase(
            name: "entry is data", plugin: PluginFixture(entry: "KW_EXPORT int kw_plugin_entry_1 = 1;"),
            errors: ["S010"], words: ["not a function but object"]),
        RuleCase(
            name: "hidden entry",
            plugin: PluginFixture(entry: "__attribute__((used)) int kw_plugin_entry_1(void) { return 0; }"),
            errors: ["S010"], words: ["hidden"]),
        RuleCase(
            name: "entry of another generation",
            plugin: PluginFixture(entry: "KW_EXPORT int kw_plugin_entry_2(void) { return 0; }", script: ""),
            errors: ["S010"], warnings: ["S013"], words: ["kw_plugin_entry_2"]),
        RuleCase(
            name: "weak entry",
            plugin: PluginFixture(
                entry: "__attribute__((weak)) KW_EXPORT int kw_plugin_entry_1(void) { return 0; }")),
        RuleCase(
            name: "protected entry",
            plugin: PluginFixture(
                entry: "__attribute__((visibility(\"protected\"), used)) int kw_plugin_entry_1(void) { return 0; }")),
        RuleCase(
            name: "replaces malloc",
            plugin: PluginFixture(
                extra: "KW_EXPORT void *malloc(size_t n) { (void)n; return 0; }",
                script: "{ global: kw_plugin_entry_1; malloc; local: *; };"),
            errors: ["S012"], words: ["exports malloc"]),
        RuleCase(
            name: "another export",
            plugin: PluginFixture(extra: "KW_EXPORT int assist(void) { return 1; }", script: ""),
            warnings: ["S013"]),
        RuleCase(
            name: "named version node",
            plugin: PluginFixture(script: "KEYWAY_1 { global: kw_plugin_entry_1; local: *; };"),
            warnings: ["S013"]),
        RuleCase(
            name: "IFUNC",
            plugin: PluginFixture(
                extra: """
                    static int one(void) { return 1; }
                    static int two(void) { return 2; }
                    static volatile int wanted = 1;
                    static int (*choose(void))(void) { return wanted == 1 ? one : two; }
                    __attribute__((used)) static int pick(void) __attribute__((ifunc("choose")));
                    __attribute__((used)) static int (*volatile pointer)(void) = pick;
                    """),
            warnings: ["S015"]),
    ]

    static let dependencies: [RuleCase] = [
        RuleCase(
            name: "undefined symbol",
            plugin: PluginFixture(
                extra: "extern int nobody_defines_this(void);\n"
                    + "__attribute__((used)) static int f(void) { return nobody_defines_this(); }"),
            errors: ["S031"], words: ["nobody_defines_this"]),
        RuleCase(
            name: "undefined weak symbol",
            plugin: PluginFixture(
                extra: "extern int nobody_defines_this(void) __attribute__((weak));\n"
                    + "__attribute__((used)) static int f(void) { return nobody_defines_this ? 1 : 0; }")),
        RuleCase(
            name: "symbol of a system library that is not loaded",
            plugin: PluginFixture(
                extra: "#include <resolv.h>\n__attribute__((used)) static int f(void) { return ns_get16(0) != 0; }",
                flags: ["-Wl,--no-as-needed", "-lresolv", "-lanl"])),
        RuleCase(
            name: "search path of a toolchain",
            plugin: PluginFixture(flags: ["-Wl,-rpath,/somewhere/usr/lib/swift/linux"]), warnings: ["S034"]),
        RuleCase(
            name: "relative search path", plugin: PluginFixture(flags: ["-Wl,-rpath,lib"]), errors: ["S034"],
            words: ["happens to be started"]),
        RuleCase(name: "search path beside the plugin", plugin: PluginFixture(flags: ["-Wl,-rpath,$ORIGIN"])),
        RuleCase(
            name: "filter", plugin: PluginFixture(flags: ["-Wl,--auxiliary,libother.so"]), errors: ["S056"],
            words: ["libother.so"]),
        RuleCase(
            name: "slot for debuggers",
            plugin: PluginFixture(edit: { file in
                // Linkers leave room behind the last entry.
                let entries = try file.contents(".dynamic")
                let last = try #require(
                    stride(from: entries.lowerBound, to: entries.upperBound - 16, by: 16).first {
                        file.read($0, 8) == 0
                    })
                file.write(21, last, 8)
            }), errors: ["S056"], words: ["DT_DEBUG"]),
        RuleCase(
            name: "filtered library", plugin: PluginFixture(flags: ["-Wl,--filter,libspy.so"]), errors: ["S056"],
            words: ["libspy.so"]),
    ]

    static let hardening: [RuleCase] = [
        RuleCase(
            name: "executable stack", plugin: PluginFixture(link: ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,execstack"]),
            errors: ["S041"], words: ["executable stack"]),
        RuleCase(
            name: "no RELRO", plugin: PluginFixture(link: ["-Wl,-z,norelro", "-Wl,-z,now", "-Wl,-z,noexecstack"]),
            warnings: ["S042"]),
        RuleCase(
            name: "lazy binding", plugin: PluginFixture(link: ["-Wl,-z,relro", "-Wl,-z,lazy", "-Wl,-z,noexecstack"]),
            warnings: ["S043"]),
        RuleCase(
            name: "text relocation",
            plugin: PluginFixture(
                extra: """
                    __asm__(".text\\n.globl patched\\n.hidden patched\\npatched: .quad environ\\n");
                    """,
                link: ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,-z,notext"]),
            errors: ["S040"], words: ["modified while it is loaded"]),
    ]
}
