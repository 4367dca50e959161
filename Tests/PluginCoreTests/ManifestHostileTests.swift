import PluginCore
import Testing

@Suite("Manifests of bad will")
struct ManifestHostileTests {
    private func failure(_ text: [UInt8]) -> PluginError? {
        do throws(PluginError) {
            _ = try Manifest(JSON(parsing: text, what: "a manifest"))
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "text that is no JSON is refused with its place",
        arguments: [
            ("{\"id\": \"a\",\n \"id\": \"b\"}", 2, 2), ("{\"id\": \"a\"", 1, 11), ("", 1, 1), (#"{"id": 01}"#, 1, 8),
            ("{\n  id: 1}", 2, 3), (#"{"é": "a", "b": x}"#, 1, 17),
        ])
    func syntax(text: String, line: Int, column: Int) {
        let error = failure(Array(text.utf8))
        #expect(error?.code == .invalidArgument)
        #expect((error?.underlying as? SyntaxFault)?.position == TextPosition(line: line, column: column), "\(text)")
    }

    @Test("a key that is not UTF-8, and a string that is not, are refused")
    func encoding() {
        for text in [[UInt8](#"{"id": "?"}"#.utf8), [UInt8](#"{"?": 1}"#.utf8)] {
            let bytes = text.map { $0 == UInt8(ascii: "?") ? 0xFF : $0 }
            #expect((failure(bytes)?.underlying as? SyntaxFault)?.reason == "a string that is not UTF-8")
        }
    }

    @Test("nesting without end is refused, and deep nesting is read")
    func depth() throws {
        for (opening, closing) in [("[", "]"), (#"{"a":"#, "}")] {
            let deep = String(repeating: opening, count: 1_000_000) + "1" + String(repeating: closing, count: 1_000_000)
            #expect(failure(Array(#"{"id":"a","version":"1.0.0","x":\#(deep)}"#.utf8))?.code == .invalidArgument)
            let fair = String(repeating: opening, count: 500) + "1" + String(repeating: closing, count: 500)
            for key in ["configSchema", "permissions", "hooks", "tools", "x", "dependencies"] {
                let text = #"{"id":"a","version":"1.0.0","\#(key)":\#(fair)}"#
                let reading = Manifest.read(try JSON(parsing: text, what: "a manifest"))
                #expect(reading.problems.count <= ManifestReading.maximumProblems)
            }
        }
    }

    @Test("strings of ten megabytes are read or refused, and messages stay short")
    func long() throws {
        let long = String(repeating: "x", count: 10_000_000)
        for key in ["id", "version", "name", "type", "license", "sha256", "main", "loading", "permissions", "authors"] {
            let reading = Manifest.read((["id": "a", "version": "1.0.0"] as JSON).setting(key, .string(long)))
            for problem in reading.problems { #expect(problem.message.utf8.count < 500, "\(key)") }
        }
    }

    @Test("a manifest of very many members is read")
    func wide() throws {
        let members = (0..<20_000).map { #""k\#($0)": \#($0)"# }.joined(separator: ",")
        let reading = Manifest.read(try ManifestCases.document(members))
        #expect(reading.manifest != nil && reading.problems.count == ManifestReading.maximumProblems)
        // The error that is not listed is not lost.
        let wrong = Manifest.read(try ManifestCases.document(members + #", "limits": 1"#))
        #expect(wrong.manifest == nil && wrong.problems.last?.severity == .error)
    }

    @Test(
        "the place of a value is that of its key, and of what is missing that of what would hold it",
        arguments: [
            ("", 1, 1), ("/a", 2, 3), ("/a/b", 2, 9), ("/a/b/1", 2, 18), ("/a/b/1/c", 2, 19), ("/missing", 1, 1),
            ("/a/x", 2, 3),
            ("/a/b/9", 2, 9), ("/d~1e~0", 3, 3), ("/é", 4, 3), ("/after", 4, 11),
        ])
    func positions(pointer: String, line: Int, column: Int) {
        let text = "{\n  \"a\": {\"b\": [1, {\"c\": 2}]},\n  \"d/e~\": 1,\n  \"é\": 1, \"after\": 2\n}"
        #expect(JSON.position(of: pointer, in: Array(text.utf8)) == TextPosition(line: line, column: column))
    }

    @Test("a place is found in no text that is cut off before it")
    func cut() {
        let text = Array(#"{"a": [1, 2, {"b": "c"}]}"#.utf8)
        for count in text.indices { _ = JSON.position(of: "/a/2/b", in: Array(text[..<count])) }
        #expect(JSON.position(of: "/a/2/b", in: Array("{\"a\": [1,".utf8)) == TextPosition(line: 1, column: 2))
        #expect(JSON.position(of: "/b", in: Array("{\"a\": \"".utf8)) == nil)
    }
}

extension JSON {
    fileprivate func setting(_ key: String, _ value: JSON) -> JSON {
        var members = objectValue ?? [:]
        members[key] = value
        return .object(members)
    }
}
