import Foundation
import PluginHost
import Testing

@Suite("Manifests in files", .timeLimit(.minutes(10)))
struct ManifestFileTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Fixtures/manifests")

    /// A folder that is gone when nobody needs it any more.
    private final class Folder: Sendable {
        let path: String

        init(_ files: [String: String]) throws {
            let url = FileManager.default.temporaryDirectory.appendingPathComponent(
                "keyway-manifest-\(UUID().uuidString)")
            path = url.path
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            for (name, text) in files { try Data(text.utf8).write(to: url.appendingPathComponent(name)) }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ name: String) -> String { "\(path)/\(name)" }
    }

    private func toml(_ text: String) throws -> ManifestFile {
        let folder = try Folder(["a.toml": text])
        return try ManifestFile(reading: folder.file("a.toml"))
    }

    private func failure(_ text: some DataProtocol, in name: String = "a.toml") throws -> PluginError? {
        let folder = try Folder([:])
        try Data(text).write(to: URL(fileURLWithPath: folder.file(name)))
        do throws(PluginError) {
            _ = try ManifestFile(reading: folder.file(name))
            return nil
        } catch {
            return error
        }
    }

    @Test("a manifest in TOML is the same as in JSON")
    func twoFormats() throws {
        let file = try ManifestFile(reading: Self.fixtures.appendingPathComponent("good/word-counter.plugin.toml").path)
        let document: JSON = [
            "main": "word-counter.so", "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "plugin": [
                "id": "word-counter", "version": "1.0.0", "authors": ["Ada Byron <ada@example.com>"],
                "sdk": ["minVersion": 1],
            ],
            "dependencies": ["splitter": "^1.2"], "permissions": ["permissions": ["fs_read:./data", "env:LANG"]],
            "limits": ["memory": "64MB", "time": "10s"], "tags": [["tags": ["text", "demo"]]],
            "configuration": [
                "type": "object", "required": ["language"],
                "properties": ["language": ["type": "string", "default": "en"]],
            ],
            "endpoints": [["method": "GET", "path": "/count"]],
        ]
        let same = try Manifest(document)
        #expect(file.format == .toml && file.document == document && file.manifest == same)
        #expect(file.declaredDigest == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(file.manifest.id == "word-counter" && file.manifest.tags == ["text", "demo"])
        #expect(file.manifest.configSchema?["required"] == ["language"] && file.warnings.isEmpty)
    }

    @Test("values of TOML keep their kinds and their characters")
    func values() throws {
        let file = try toml(
            #"""
            id = "a"
            version = "1.0.0"
            # Unknown members are kept as they are.
            [x]
            strings = ["é😀\t\"\\\u0001", 'c:\d', """
            two
            lines""", "a\u007Fb"]
            numbers = [9223372036854775807, -1, 1.5, 1e3, 0xff, 1_000]
            others = [true, 1979-05-27T07:32:00Z, 07:32:00]
            "quoted key" = { inner.deep = 1 }
            not = [nan, -inf]
            """#)
        #expect(
            file.document["x"] == [
                "strings": ["é😀\t\"\\\u{1}", "c:\\d", "two\nlines", "a\u{7F}b"],
                "numbers": [9_223_372_036_854_775_807, -1, 1.5, 1000.0, 255, 1000],
                "others": [true, "1979-05-27T07:32:00Z", "07:32:00"], "quoted key": ["inner": ["deep": 1]],
                "not": ["nan", "-inf"],
            ])
    }

    @Test(
        "what is no TOML is refused with its place",
        arguments: [
            ("id = \"a\"\nid = \"b\"", 2), ("id = \"a\"\nversion = ", 2), ("[a]\n[a]", 2), ("a = 1\nb = \"\\q\"", 2),
            ("a = 1\n\u{0}b = 2", 2), ("x", 1),
        ])
    func syntax(text: String, line: Int) throws {
        let error = try #require(try failure(Data(text.utf8)))
        #expect(error.code == .invalidArgument && error.remedy != nil)
        #expect((error.underlying as? SyntaxFault)?.position.line == line, "\(error)")
    }

    @Test("an inline table over several lines is refused with what to write instead")
    func inlineTable() throws {
        let error = try #require(try failure(Data("id = \"a\"\n[configuration]\nproperties = {\n  a = 1\n}".utf8)))
        let fault = try #require(error.underlying as? SyntaxFault)
        #expect(fault.position.line == 3 && fault.reason.hasSuffix("below [configuration.properties]"), "\(fault)")
    }

    @Test("text that is not UTF-8 is refused with its line")
    func encoding() throws {
        let error = try #require(try failure([UInt8]("a = 1\nb = \"".utf8) + [0xC3, 0x28] + [UInt8]("\"\n".utf8)))
        #expect((error.underlying as? SyntaxFault)?.position == TextPosition(line: 2, column: 1))
        let json = try #require(try failure([UInt8("{".utf8.first!), 0xFF], in: "a.json"))
        #expect(json.code == .invalidArgument)
    }

    @Test("nesting without end and files without end are refused")
    func bounds() throws {
        let levels = 100_000
        let deep = [
            "a = " + String(repeating: "[", count: levels), "a = " + String(repeating: "[\n", count: levels),
            "a = " + String(repeating: "{a = ", count: levels),
            "a = [\n{b" + String(repeating: ".'b'", count: levels) + " = 1}]",
            "[" + Array(repeating: "a", count: levels).joined(separator: " . ") + "]",
            "[[" + Array(repeating: "\"a\"", count: levels).joined(separator: ".") + "]]",
            "a = \"\"\"\n\"\"\"\"\nb" + String(repeating: ".b", count: levels) + " = 1",
            "# \u{2028}\u{85}\r\nb" + String(repeating: ".b", count: levels) + " = 1",
        ]
        for text in deep {
            let error = try #require(try failure(Data(text.utf8)))
            #expect((error.underlying as? SyntaxFault)?.reason == "nested more than 64 deep", "\(text.prefix(20))")
        }
        let fair = "id = 'a'\nversion = '1.0.0'\n[x" + String(repeating: ".x", count: 60) + "]\na = [[1]]"
        #expect(try toml(fair).manifest.id == "a")
        for name in ["a.toml", "a.json"] {
            let error = try failure(Data(repeating: UInt8(ascii: " "), count: 10 << 20), in: name)
            #expect(error?.code == .resourceExhausted)
        }
    }

    @Test("an error in the manifest has the place in the text")
    func places() throws {
        let text = """
            id = "a"
            [plugin]
            version = "1.0.0"

            [limits]
            memory = 0
            [permissions]
            "fs.read" = [
              "data",
              7,
            ]
            [hooks."before.run"]
            modes = { a = 1 }
            [[endpoints]]
            method = "GET"
            path = '/a'
            [[endpoints]]
            path = "/b"
            """
        let folder = try Folder(["a.toml": text])
        let check = try ManifestCheck(folder.file("a.toml"))
        #expect(
            check.findings.map { "\($0.position.line):\($0.position.column) \($0.problem.pointer)" } == [
                "6:1 /limits/memory", "10:3 /permissions/fs.read/1", "13:1 /hooks/before.run/modes",
                "17:1 /endpoints/1/method",
            ])
        #expect(check.id == "a" && check.version == "1.0.0" && check.manifest == nil && !check.isValid)
        let error = #expect(throws: PluginError.self) { try ManifestFile(reading: folder.file("a.toml")) }
        #expect(error?.code == .validation && error?.message.contains("line 6, column 1") == true, "\(error as Any)")
    }

    @Test("what is no regular file, and what is not there, is refused at once")
    func kinds() throws {
        let folder = try Folder([:])
        let pipe = folder.file("pipe.json")
        let made = unsafe mkfifo(pipe, 0o600)
        #expect(made == 0)
        #expect(throws: PluginError.self) { try ManifestFile(reading: pipe) }
        #expect(throws: PluginError.self) { try ManifestFile(reading: folder.path) }
        #expect(throws: PluginError.self) { try ManifestFile(reading: "/dev/zero") }
        let error = #expect(throws: PluginError.self) { try ManifestFile(reading: folder.file("gone.json")) }
        #expect(error?.code == .notFound)
    }

    private static let named = #"{"id": "named", "version": "1.0.0"}"#

    @Test("the manifest beside a plugin is its own one, or the folder's if that means this file")
    func beside() throws {
        func id(_ files: [String: String], of plugin: String = "a.so") throws -> String? {
            let folder = try Folder(files)
            return try ManifestFile.beside(pluginFile: folder.file(plugin))?.manifest.id
        }
        let shared = #"{"id": "shared", "version": "1.0.0"}"#
        let ofB = #"{"id": "b", "version": "1.0.0", "main": "./b.so"}"#
        let table = "id = \"toml\"\nversion = \"1.0.0\"\nmain = \"a.so\""
        #expect(try id(["a.so": ""]) == nil)
        #expect(try id(["a.so": "", "a.plugin.json": Self.named, "plugin.toml": table]) == "named")
        #expect(try id(["a.so": "", "a.plugin.toml": table, "keyway.plugin.json": shared]) == "toml")
        #expect(try id(["a.so": "", "keyway.plugin.json": shared]) == "shared")
        // It cannot be said of which of two it is.
        #expect(try id(["a.so": "", "b.so": "", "keyway.plugin.json": shared]) == nil)
        #expect(try id(["a.so": "", "b.so": "", "keyway.plugin.json": ofB]) == nil)
        #expect(try id(["a.so": "", "b.so": "", "keyway.plugin.json": ofB], of: "b.so") == "b")
        #expect(try id(["a.so": "", "b.so": "", "keyway.plugin.json": ofB, "plugin.toml": table]) == "toml")
        #expect(throws: PluginError.self) { try id(["a.so": "", "a.plugin.json": "{"]) }
    }

    @Test("a check holds the defaults against the schema, and opens the files that are named")
    func contents() throws {
        let text = """
            {"id": "@a/core", "version": "1.0.0",
             "configuration": {"schema": "schema.json", "defaults": {"port": "x"}},
             "tools": {"t": {"inputSchema": {"type": "text"}}},
             "operations": [{"name": "o", "outputSchema": {"$ref": "#/nowhere"}}]}
            """
        let folder = try Folder([
            "a.json": text, "schema.json": #"{"properties": {"port": {"type": "integer"}}, "required": ["host"]}"#,
        ])
        let check = try ManifestCheck(folder.file("a.json"))
        #expect(
            check.findings.map { "\($0.position.line) \($0.problem.pointer)" } == [
                "2 /configuration/defaults/port", "3 /tools/t/inputSchema", "4 /operations/0/outputSchema",
            ])
        let reserved = try Folder([
            "a.json": #"{"name": "host", "version": "1.0.0", "configuration": {"schema": "none.json"}}"#
        ])
        let findings = try ManifestCheck(reserved.file("a.json")).findings.map(\.problem)
        #expect(findings.map(\.pointer) == ["/name", "/configuration/schema"])
        #expect(findings.map(\.severity) == [.error, .warning])
    }

    @Test("a check holds the plugin's file against main and sha256")
    func pluginFile() throws {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        func findings(_ members: String, in name: String = "keyway.plugin.json", _ plugins: String...) throws
            -> [String]
        {
            var files = [name: #"{"id": "a", "version": "1.0.0"\#(members)}"#]
            for plugin in plugins { files[plugin] = "" }
            let folder = try Folder(files)
            return try ManifestCheck(folder.file(name)).findings.map {
                "\($0.problem.severity) \($0.position.column) \($0.problem)"
            }
        }
        #expect(try findings(#", "main": "b.so""#) == ["warning 33 /main names b.so, which is not there"])
        #expect(try findings(#", "entry": "b.so""#) == ["warning 33 /entry names b.so, which is not there"])
        #expect(try findings(#", "main": "b.so", "sha256": "\#(empty)""#, "b.so") == [])
        let other = empty.replacing("e3", with: "00")
        let wrong = "/sha256 is \(other), but b.so has \(empty)"
        #expect(try findings(#", "main": "b.so", "sha256": "\#(other)""#, "b.so") == ["error 49 \(wrong)"])
        // The one that it is for by its name, or because there is no other.
        #expect(try findings(#", "sha256": "\#(other)""#, in: "b.plugin.json", "a.so", "b.so") == ["error 33 \(wrong)"])
        #expect(try findings(#", "sha256": "\#(other)""#, "b.so") == ["error 33 \(wrong)"])
        #expect(try findings(#", "sha256": "\#(other)""#, "a.so", "b.so") == [])
        #expect(
            try findings("", "b.so")[0].hasSuffix(
                "is missing, so b.so cannot be loaded with this manifest; that of the file is \(empty)"))
        #expect(try findings("", in: "other.json", "b.so") == [])
    }

    @Test("a check finds a type without its interface, and ranges that no version lies in")
    func agreement() throws {
        let folder = try Folder([
            "a.json": #"{"id": "a", "version": "1.0.0", "type": "embedder", "interfaces": ["keyway.provider/1"]}"#,
            "b.json": """
            {"id": "b", "version": "1.0.0", "type": "embedder", "interfaces": ["x/1", "keyway.embedder/1"],
             "plugin": {"dependencies": [{"name": "c", "version": ">2 <1"}]}, "conflicts": {"d/e": "<1 >1"}}
            """,
        ])
        let error = try ManifestCheck(folder.file("a.json"))
        #expect(
            error.findings.map { "\($0.position.column) \($0.problem)" } == [
                "33 /type is \"embedder\", which needs the interface keyway.embedder/1, and interfaces has only keyway.provider/1"
            ])
        #expect(!error.isValid)
        let ranges = try ManifestCheck(folder.file("b.json"))
        #expect(
            ranges.findings.map { "\($0.position.line) \($0.problem)" } == [
                "2 /plugin/dependencies/0 asks for >2 <1, and no version can be that",
                "2 /conflicts/d~1e asks for <1 >1, and no version can be that",
            ])
        #expect(ranges.isValid)
    }

    @Test("the format is that of the ending, in whatever case")
    func endings() throws {
        let text = "id = 'a'\nversion = '1.0.0'\n"
        let folder = try Folder(["A.TOML": text, "B.Json": Self.named, "c.Toml": "="])
        #expect(try ManifestFile(reading: folder.file("A.TOML")).format == .toml)
        #expect(try ManifestCheck(folder.file("A.TOML")).isValid)
        #expect(try ManifestFile(reading: folder.file("B.Json")).format == .json)
        #expect(try ManifestCheck(folder.file("c.Toml")).format == .toml)
    }
}
