import PluginCore
import Testing

@Suite("The published schema of manifests")
struct ManifestSchemaTests {
    private func document() throws -> JSON { try JSON(parsing: ManifestSchema.text, what: "the schema") }

    @Test("is the file in the documentation")
    func file() throws {
        #expect(try ManifestCases.text("docs/schema/manifest-1.json") == ManifestSchema.text)
    }

    @Test("has every key that the reader knows, and no other")
    func keys() throws {
        let document = try document()
        #expect(document["properties"]?.objectValue.map { Set($0.keys) } == Set(ManifestField.bySpelling.keys))
        for keys in ManifestKeys.all {
            let properties = document["$defs"]?[keys.definition]?["properties"]?.objectValue
            #expect(properties.map { Set($0.keys) } == Set(keys.index.keys), "\(keys.definition)")
        }
    }

    @Test("and the documentation has every key, too")
    func documentation() throws {
        let page = try ManifestCases.text("docs/manifest.md")
        for key in Array(ManifestField.bySpelling.keys) + ManifestKeys.all.flatMap(\.index.keys) {
            #expect(page.contains("`\(key)`") || page.contains("\"\(key)\""), "\(key)")
        }
        for kind in Permission.Kind.all { #expect(page.contains("`\(kind.rawValue)`"), "\(kind.rawValue)") }
    }

    @Test("has every kind and every spelling of permissions")
    func permissions() throws {
        let object = try #require(try document()["$defs"]?["permissions"]?["anyOf"]?.arrayValue?.last)
        let envelope: Set = [
            "required", "optional", "justifications", "allowedHosts", "allowedPaths", "schemaVersion", "permissions",
        ]
        let expected = envelope.union(PermissionSpelling.groups).union(Permission.Kind.all.map(\.rawValue))
        #expect(object["properties"]?.objectValue.map { Set($0.keys) } == expected)
        for group in PermissionSpelling.groups {
            let verbs = object["properties"]?[group]?["anyOf"]?.arrayValue?.last?["properties"]?.objectValue
            guard let verbs else { continue }
            #expect(
                Set(verbs.keys).subtracting(["max_heap_mb", "max_workers"]) == Set(PermissionSpelling.verbs(group)),
                "\(group)")
        }
    }

    @Test(
        "takes the good manifests",
        arguments: [
            "good/complete.plugin.json", "good/orchestrator.plugin.json", "autoweave.plugin.json", "pliers.plugin.json",
        ])
    func good(name: String) throws {
        let schema = try JSONSchema(compiling: document())
        let manifest = try ManifestCases.fixture(name)
        #expect(schema.validate(manifest).isEmpty)
        #expect(schema.validate(try Manifest(manifest).json).isEmpty)
    }

    @Test("takes every spelling of permissions that is documented")
    func spellings() throws {
        let schema = try JSONSchema(compiling: document())
        for row in try ManifestPermissionTests.rows() {
            let manifest = try ManifestCases.document(#""permissions": \#(row.spelling)"#)
            #expect(schema.validate(manifest).isEmpty, "\(row.spelling)")
        }
    }

    @Test("refuses what is wrong by its form", arguments: ManifestCases.bad)
    func bad(manifest: ManifestCases.Bad) throws {
        let schema = try JSONSchema(compiling: document())
        #expect(schema.isValid(try manifest.document()) != manifest.isSchemaMatter)
    }
}
