import Foundation
import PluginHost
import Testing

@Suite("TOML", .timeLimit(.minutes(10)))
struct ManifestTOMLTests {
    /// The document behind an id and a version, or what is wrong with it.
    private func read(_ text: [UInt8]) throws -> Result<JSON, PluginError> {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("keyway-\(UUID().uuidString).toml")
        try Data([UInt8]("id = 'a'\nversion = '1.0.0'\n".utf8) + text).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        do throws(PluginError) {
            return .success(try ManifestFile(reading: file.path).document)
        } catch {
            return .failure(error)
        }
    }

    @Test(
        "keys that are one text in two Unicode forms are refused wherever they stand",
        arguments: [
            "\"é\" = 1\n\"e\u{301}\" = 2", "[\"é\"]\n[\"e\u{301}\".x]", "[[\"é\"]]\n[[\"e\u{301}\"]]",
            "\"é\".x = 1\n\"e\u{301}\".y = 2", "x = { \"é\" = 1, \"e\u{301}\" = 2 }",
        ])
    func forms(text: String) throws {
        let message =
            switch try read(Array(text.utf8)) {
            case .success: ""
            case .failure(let error): error.message
            }
        #expect(message.contains(#"in two Unicode forms, "\u00e9" and "e\u0301""#), "\(message)")
    }

    @Test(
        "is read as TOML 1.0 has it",
        arguments: [
            ("x = \"a\\tb\\\\ \\\"\\u00e9\\U0001F600\"", ["x": "a\tb\\ \"é😀"]), ("x = 'c:\\d'", ["x": "c:\\d"]),
            ("x = \"\"", ["x": ""]), ("x = ''''a''b'''''", ["x": "'a''b''"]),
            ("x = \"\"\"\r\na\\\n\n  b\\n\"\"\"", ["x": "ab\n"]),
            ("x = \"\"\"a\"\"b\"\"\"\"\"", ["x": "a\"\"b\"\""]), ("x = '''\na\r\nb'''", ["x": "a\nb"]),
            ("x = [0, +1, -0, 1_000, 0xDEAD_beef, 0o17, 0b11]", ["x": [0, 1, 0, 1000, 3_735_928_559, 15, 3]]),
            ("x = [9223372036854775807, -9223372036854775808]", ["x": [.int(.max), .int(.min)]]),
            ("x = [1.5, -0.0_1, 5e+2, 1_0.2E-1]", ["x": [1.5, -0.01, 500.0, 1.02]]),
            ("x = [inf, -inf, nan]", ["x": ["inf", "-inf", "nan"]]), ("x = [true, false]", ["x": [true, false]]),
            (
                "x = [1979-05-27, 07:32:00.5, 1979-05-27 07:32:00, 1979-05-27T07:32:00+01:00, 1979-05-27t07:32:00.25z]",
                [
                    "x": [
                        "1979-05-27", "07:32:00.5", "1979-05-27 07:32:00", "1979-05-27T07:32:00+01:00",
                        "1979-05-27t07:32:00.25z",
                    ]
                ]
            ), ("x = [ # a\n 1, # b\n [2],\n] # c", ["x": [1, [2]]]),
            ("x = { a = 1, b.c = 2 }", ["x": ["a": 1, "b": ["c": 2]]]),
            ("x = {}", ["x": [:]]), (" x . \"y z\" . '' = 1", ["x": ["y z": ["": 1]]]), ("1.2 = 3", ["1": ["2": 3]]),
            ("[x.y]\na = 1\n[x]\nb = 2", ["x": ["y": ["a": 1], "b": 2]]),
            ("[x]\ny.z = 1\n[x.y.w]\nv = 2", ["x": ["y": ["z": 1, "w": ["v": 2]]]]),
            ("[[x]]\na = 1\n[x.y]\nb = 2\n[[x]]", ["x": [["a": 1, "y": ["b": 2]], [:]]]),
            ("[[x]]\n[[x.y]]\n[[x.y]]\na = 1", ["x": [["y": [[:], ["a": 1]]]]]), ("# only a comment", [:]),
            ("x = 1\r\n", ["x": 1]),
        ] as [(String, JSON)])
    func good(text: String, document: JSON) throws {
        var members = try #require(read(Array(text.utf8)).get().objectValue)
        (members["id"], members["version"]) = (nil, nil)
        #expect(.object(members) == document)
    }

    @Test(
        "is refused where TOML 1.0 refuses it",
        arguments: [
            "x", "x =", "= 1", "x = 1 2", "x = 1 y = 2", "x = 1\nx = 2", "x.y = 1\nx = 2", "x = 1\nx.y = 2", "x. = 1",
            "x = [1 2]", "x = [1,,2]", "x = [", "x = {a = 1,}", "x = {a = 1", "x = {\na = 1}", "x = {a = 1, a = 2}",
            "x = {a.b = 1, a = 2}", "x = {}\n[x]", "x = {}\nx.y = 1", "x = [1]\n[[x]]", "[x]\n[x]", "[x]\ny = 1\n[x.y]",
            "[x.y]\n[x]\ny.z = 1", "[x]\ny.z = 1\n[x.y]", "[[x]]\n[x]", "[x]\n[[x]]", "[]", "[x", "[x]]", "[[x]",
            "[ [x]]",
            "[x] y = 1", "x = 01", "x = 1__0", "x = _1", "x = 1_", "x = .5", "x = 1.", "x = +0x1", "x = 0x", "x = 1e",
            "x = ++1",
            "x = 9223372036854775808", "x = 1e400", "x = True", "x = infinity", "x = yes", "x = 1979-13-01",
            "x = 1979-05-27T", "x = 24:00:00", "x = 07:32", "x = \"a", "x = \"a\nb\"", "x = 'a\nb'", "x = \"\\q\"",
            "x = \"\\u12\"", "x = \"\\uD800\"", "x = \"\\U00110000\"", "x = \"a\\ b\"", "x = \"\"\"a", "x = \"\u{1}\"",
            "x = 'a\u{7F}'", "# \u{1}", "x = 1\ry = 2", "\"\"\"x\"\"\" = 1", "é = 1", "x = \u{A0}1",
        ])
    func bad(text: String) throws {
        guard case .failure(let error) = try read(Array(text.utf8)) else {
            Issue.record("\(text) is taken")
            return
        }
        #expect(error.code == .invalidArgument && (error.underlying as? SyntaxFault)?.position.line ?? 0 >= 3)
    }

    @Test("whatever a damaged document says, it is an answer")
    func damaged() throws {
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/manifests/good/word-counter.plugin.toml")
        let text = [UInt8](try Data(contentsOf: fixture))
        for count in text.indices { _ = try read(Array(text[..<count])) }
        var random = SplitMix(seed: 1)
        var refused = 0
        for _ in 0..<2000 {
            var damaged = text
            damaged[Int(random.next() % UInt64(text.count))] = UInt8(truncatingIfNeeded: random.next())
            if case .failure = try read(damaged) { refused += 1 }
        }
        #expect(refused > 1000)
    }
}
