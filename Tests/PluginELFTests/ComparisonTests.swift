import PluginCore
import PluginELF
import TestPrograms
import Testing

/// Two builds of one plugin, and what their difference must be: `effect subject name` each.
struct ComparisonCase: Sendable, CustomTestStringConvertible {
    let name: String
    var old = PluginFixture()
    var new = PluginFixture()
    var changes: [String] = []
    var version: PluginComparison.VersionChange?
    var testDescription: String { name }
}

@Suite("Comparison of two builds", .needsCompiler)
struct ComparisonTests {
    private static func manifest(_ members: String) -> PluginFixture {
        let text = #"{"id":"witness","version":"1.2.3","type":"embedder"\#(members)}"#
            .replacing("\"", with: "\\\"")
        return PluginFixture(manifest: "KW_NOTE_MANIFEST(\"\(text)\");")
    }

    private static func abi(_ words: [UInt32]) -> PluginFixture { PluginFixture(abi: PluginFixture.abiNote(words)) }

    private static let two = PluginFixture(
        interfaces: #"KW_NOTE_IFACE(embedder, "keyway.embedder/1"); KW_NOTE_IFACE(tools, "keyway.tools/1");"#)
    private static let helper = PluginFixture(extra: "KW_EXPORT int assist(void) { return 1; }", script: "")
    private static let resolver = PluginFixture(
        extra: "#include <resolv.h>\n__attribute__((used)) static int f(void) { return ns_get16(0) != 0; }",
        flags: ["-Wl,--no-as-needed", "-lresolv"])

    static let cases: [ComparisonCase] = [
        ComparisonCase(name: "the same"),
        ComparisonCase(
            name: "other code", new: PluginFixture(extra: "__attribute__((used)) static int f(void) { return 1; }")),
        ComparisonCase(
            name: "an interface more", new: two, changes: ["compatible interface keyway.tools/1"], version: .minor),
        ComparisonCase(
            name: "an interface less", old: two, changes: ["breaking interface keyway.tools/1"], version: .major),
        ComparisonCase(
            name: "a newer SDK only", old: abi([32, 1, 1, 1, 0, 2, 1, 1]), new: abi([32, 1, 2, 2, 0, 2, 1, 1]),
            changes: ["breaking sdk range"], version: .major),
        ComparisonCase(
            name: "a newer SDK, too", old: abi([32, 1, 2, 1, 1, 2, 1, 1]), new: abi([32, 1, 2, 1, 2, 2, 1, 1]),
            changes: ["compatible sdk range"], version: .patch),
        ComparisonCase(
            name: "an SDK less", old: abi([32, 1, 2, 1, 0, 2, 1, 1]), new: abi([32, 1, 2, 1, 2, 2, 1, 1]),
            changes: ["breaking sdk range"], version: .major),
        ComparisonCase(
            name: "not concurrent any more", old: abi([32, 1, 1, 1, 1, 2, 1, 1]), new: abi([32, 1, 1, 1, 1, 0, 1, 1]),
            changes: ["notable capability concurrent"], version: .patch),
        ComparisonCase(
            name: "another language", old: abi([32, 1, 1, 1, 1, 2, 1, 1]), new: abi([32, 1, 1, 1, 1, 2, 4, 1]),
            changes: ["notable capability language"], version: .patch),
        ComparisonCase(
            name: "permissions",
            old: manifest(#","permissions":["threads","env:A",{"permission":"jit","required":false}]"#),
            new: manifest(#","permissions":["fs.read:data",{"permission":"env:B","required":false},"env:A","jit"]"#),
            changes: [
                "breaking permission fs.read:data", "breaking permission jit", "notable permission env:B",
                "compatible permission threads",
            ], version: .major),
        ComparisonCase(
            name: "another configuration", new: manifest(#","configSchema":{"type":"object"}"#),
            changes: ["notable configuration configSchema"], version: .patch),
        ComparisonCase(
            name: "another plugin",
            new: PluginFixture(
                manifest: #"KW_NOTE_MANIFEST("{\"id\":\"other\",\"version\":\"1.2.2\",\"type\":\"provider\"}");"#),
            changes: ["breaking identity id", "breaking identity type", "notable version version"], version: .major),
        ComparisonCase(
            name: "no manifest", new: PluginFixture(manifest: ""), changes: ["breaking identity manifest"],
            version: .major),
        ComparisonCase(
            name: "an export more", new: helper, changes: ["compatible export assist"], version: .minor),
        ComparisonCase(
            name: "an export less", old: helper, changes: ["breaking export assist"], version: .major),
        ComparisonCase(
            name: "a library and a symbol more", old: PluginFixture(flags: ["-Wl,--no-as-needed"]), new: resolver,
            changes: ["notable library libresolv.so.2", "notable import ns_get16"], version: .patch),
        ComparisonCase(
            name: "less hardened",
            new: PluginFixture(link: ["-Wl,-z,norelro", "-Wl,-z,lazy", "-Wl,-z,execstack"]),
            changes: ["notable hardening relro", "notable hardening bindNow", "notable hardening nx"], version: .patch),
    ]

    @Test("A difference is told with what it means", arguments: cases)
    func compares(item: ComparisonCase) throws {
        let folder = try TemporaryFolder()
        let old = try SharedObject(opening: item.old.build(in: folder, name: "old"))
        let new = try SharedObject(opening: item.new.build(in: folder, name: "new"))
        let comparison = PluginComparison(from: old, to: new)
        // A symbol's version is this machine's affair.
        let changes = comparison.changes.map {
            "\($0.effect.rawValue) \($0.subject.rawValue) \($0.name.prefix { $0 != "@" })"
        }
        #expect(changes == item.changes, "\(comparison.changes)")
        #expect(comparison.leastVersionChange == item.version)
        #expect(comparison.isCompatible == !item.changes.contains { $0.hasPrefix("breaking") })
        for change in comparison.changes {
            #expect(!change.message.hasSuffix(".") && (change.old != change.new), "\(change)")
        }
    }
}
