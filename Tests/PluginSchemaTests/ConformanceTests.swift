import Foundation
import PluginCore
import Testing

/// The official test suite, in `Suite` with its licence.
struct ConformanceFile: Sendable, CustomTestStringConvertible {
    struct Failure: CustomStringConvertible {
        let description: String
    }

    static let suite = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Suite")

    let dialect: JSONSchema.Dialect
    /// Below the folder of the dialect.
    let path: String

    var testDescription: String { "\(Self.folder(dialect))/\(path)" }

    private static func folder(_ dialect: JSONSchema.Dialect) -> String {
        switch dialect {
        case .draft7: "draft7"
        case .draft2020: "draft2020-12"
        }
    }

    /// The files of a folder, such as "optional"; empty means what every implementation has to pass.
    static func all(in folder: String) -> [ConformanceFile] {
        JSONSchema.Dialect.allCases.flatMap { dialect in
            let url = suite.appending(path: "tests").appending(path: Self.folder(dialect)).appending(path: folder)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
            return names.filter { $0.hasSuffix(".json") }.sorted().map {
                ConformanceFile(dialect: dialect, path: folder.isEmpty ? $0 : "\(folder)/\($0)")
            }
        }
    }

    /// What the suite's remote server answers.
    static func remote(_ uri: String) -> JSON? {
        let prefix = "http://localhost:1234/"
        guard uri.hasPrefix(prefix) else { return nil }
        let file = suite.appending(path: "remotes").appending(path: String(uri.dropFirst(prefix.count)))
        return (try? Data(contentsOf: file)).flatMap { try? JSON(parsing: $0, what: uri) }
    }

    func groups() throws -> [JSON] {
        let file = Self.suite.appending(path: "tests").appending(path: testDescription)
        return try JSON(parsing: Data(contentsOf: file), what: testDescription).arrayValue ?? []
    }

    /// Runs every test of the file: how many there are, and those that went wrong.
    func run(formats: JSONSchema.Formats) throws -> (count: Int, failures: [Failure]) {
        var count = 0
        var failures: [Failure] = []
        for group in try groups() {
            let name = group["description"]?.stringValue ?? ""
            let tests = group["tests"]?.arrayValue ?? []
            count += tests.count
            do throws(PluginError) {
                let schema = try JSONSchema(
                    compiling: group["schema"] ?? .null, dialect: dialect, formats: formats, resolving: Self.remote)
                for test in tests {
                    let instance = test["data"] ?? .null
                    let violations = schema.validate(instance)
                    guard violations.isEmpty == test["valid"]?.boolValue,
                        schema.isValid(instance) == violations.isEmpty
                    else {
                        failures.append(
                            Failure(description: "\(name) / \(test["description"]?.stringValue ?? ""): \(violations)"))
                        continue
                    }
                }
            } catch {
                failures.append(Failure(description: "\(name): \(error)"))
            }
        }
        return (count, failures)
    }
}

@Suite("JSON Schema: the official test suite")
struct ConformanceTests {
    @Test("passes every required test", arguments: ConformanceFile.all(in: ""))
    func required(file: ConformanceFile) throws {
        let (count, failures) = try file.run(formats: .annotations)
        #expect(count > 0)
        #expect(failures.isEmpty, "\(failures.map(\.description).joined(separator: "\n"))")
    }

    @Test("the suite is all there")
    func files() {
        #expect(ConformanceFile.all(in: "").count { $0.dialect == .draft7 } >= 35)
        #expect(ConformanceFile.all(in: "").count { $0.dialect == .draft2020 } >= 44)
    }

    /// How many tests of an optional file we do not pass; the other files have none.
    private static let misses = [
        // The content of strings is not looked into.
        "draft7/optional/content.json": 4,
        // They refer to draft 2019-09.
        "draft7/optional/cross-draft.json": 1, "draft2020-12/optional/cross-draft.json": 1,
        // Lookbehind and back references are refused.
        "ecmascript-regex.json": 2,
        // Host names in Punycode are not decoded.
        "hostname.json": 23,
    ]

    /// Formats that are always remarks.
    private static let unchecked = ["idn-", "iri", "uri-template"]

    @Test("passes the optional tests but those that are listed", arguments: ConformanceFile.all(in: "optional"))
    func optional(file: ConformanceFile) throws {
        let (count, failures) = try file.run(formats: .annotations)
        #expect(count > 0)
        #expect(failures.count == Self.misses[file.testDescription] ?? 0, "\(failures)")
    }

    @Test("checks formats if it is asked to", arguments: ConformanceFile.all(in: "optional/format"))
    func format(file: ConformanceFile) throws {
        let name = String(file.path.dropFirst("optional/format/".count))
        let (count, failures) = try file.run(formats: .assertions)
        #expect(count > 0)
        let isChecked = !Self.unchecked.contains { name.hasPrefix($0) }
        #expect(!isChecked || failures.count == Self.misses[name] ?? 0, "\(failures)")
        #expect(isChecked == JSONSchema.checkedFormats.contains(Self.format(of: name)))
    }

    private static func format(of file: String) -> String {
        switch file {
        case "ecmascript-regex.json", "unknown.json": "regex"
        default: String(file.dropLast(".json".count))
        }
    }
}
