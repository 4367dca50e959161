import Foundation
import PluginCore
import Testing

@Suite("keyway semver and schema", .timeLimit(.minutes(10)))
struct SemverSchemaTests {
    @Test(
        "semver satisfies ends with 0, 1 or 2",
        arguments: [
            (["^1.2", "1.9.0"], 0), (["^1.2", "2.0.0"], 1), (["1.x || >=3 <4", "3.1.4"], 0), (["*", "1.0.0-rc.1"], 1),
            (["*", "1.0.0-rc.1", "--include-prerelease"], 0), (["1.2 - 2.3", "2.3.9"], 0), (["^x.y", "1.0.0"], 2),
            (["^1", "one"], 2), (["^1"], 2),
        ] as [([String], Int32)])
    func satisfies(arguments: [String], status: Int32) async throws {
        let output = try await Command.run(["semver", "satisfies"] + arguments)
        #expect(output.status == status, "\(output)")
        let json = try await Command.run(["semver", "satisfies"] + arguments + ["--json"])
        #expect(json.status == status)
        let document = try json.json()
        if status < 2 {
            #expect(document["satisfies"] == .bool(status == 0) && output.stderr.isEmpty, "\(output)")
        } else {
            #expect(document["error"]?["message"]?.stringValue?.isEmpty == false)
            #expect(output.stderr.hasPrefix("keyway: error: ") && output.stdout.isEmpty)
        }
    }

    @Test("references to files are URIs: spaces and percent signs are escaped in them")
    func fileNames() async throws {
        let folder = try TemporaryFolder()
        let good = try folder.write("1", to: "good.json").path
        for (name, reference) in [("a b.json", "a%20b.json"), ("100%.json", "100%25.json"), ("a%20b", "a%2520b")] {
            let part = try folder.write(#"{"type":"integer"}"#, to: "my parts/\(name)").path
            let schema = try folder.write(#"{"$ref":"\#(reference)"}"#, to: "my parts/50% schema.json").path
            #expect(try await Command.run(["schema", "validate", schema, good]).status == 0, "\(name)")
            #expect(try await Command.run(["schema", "validate", schema, part]).status == 1, "\(name)")
        }
        let empty = try folder.write(#"{"type":[]}"#, to: "empty.json").path
        #expect(try await Command.run(["schema", "validate", empty, good]).status == 2)
    }

    @Test("schema validate says where a document does not conform")
    func schema() async throws {
        let folder = try TemporaryFolder()
        let common = try folder.write(#"{"$defs":{"port":{"type":"integer","maximum":65535}}}"#, to: "common.json").path
        let schema = try folder.write(
            #"{"type":"object","required":["host"],"properties":{"port":{"$ref":"common.json#/$defs/port"}}}"#,
            to: "schema.json"
        ).path
        let good = try folder.write(#"{"host":"h","port":80}"#, to: "good.json").path
        let bad = try folder.write(#"{"port":70000}"#, to: "bad.json").path
        #expect(try await Command.run(["schema", "validate", schema, good]).status == 0)
        let output = try await Command.run(["schema", "validate", schema, bad, "--json"])
        #expect(output.status == 1)
        let document = try output.json()
        #expect(document["valid"] == false)
        #expect(
            document["violations"]?.arrayValue?.compactMap { $0["instance"]?.stringValue }.sorted() == ["", "/port"])
        let text = try await Command.run(["schema", "validate", schema, bad])
        #expect(text.stdout.contains("host") && text.stdout.contains("/port"))
        // From standard input; a schema that is none, or that refers to nothing; a document that is no JSON.
        #expect(try await Command.run(["schema", "validate", schema, "-"], input: "{}").status == 1)
        let lost = try folder.write(#"{"$ref":"gone.json"}"#, to: "lost.json").path
        for unusable in [common + "x", lost, try folder.write("[]", to: "array.json").path] {
            let output = try await Command.run(["schema", "validate", unusable, good])
            #expect(output.status == 2 && output.stderr.hasPrefix("keyway: error: "), "\(unusable): \(output)")
        }
        #expect(
            try await Command.run(["schema", "validate", schema, folder.write("{", to: "cut.json").path]).status == 1)
    }
}
