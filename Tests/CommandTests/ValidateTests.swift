import Foundation
import PluginCore
import TestPrograms
import Testing

@Suite("keyway validate", .timeLimit(.minutes(10)))
struct ValidateTests {
    private static let samples = ["hash-embedder", "flat-vectors", "command-runner", "extractive-provider"]

    private func validate(_ arguments: [String]) async throws -> Command.Output {
        try await Command.run(["validate"] + arguments + ["--path", Command.plugins])
    }

    @Test("the samples are valid, safe and have no warning, alone and together")
    func samples() async throws {
        let output = try await validate(Self.samples + ["--json", "--fail-on", "warning"])
        #expect(output.status == 0 && output.stderr.isEmpty)
        let entries = try #require(try output.json().arrayValue)
        #expect(entries.count == Self.samples.count)
        for (entry, name) in zip(entries, Self.samples) {
            #expect(Command.keys(entry) == ["file", "findings", "safe", "score", "scoreParts", "valid"])
            #expect(entry["file"]?.stringValue?.hasSuffix("/\(name).so") == true)
            #expect(entry["valid"] == true && entry["safe"] == true && entry["score"] == 100)
            #expect(entry["findings"]?.arrayValue?.allSatisfy { $0["severity"] == "info" } == true)
        }
    }

    @Test("a file that is no plugin is refused with the reason, the rule and what to do, and the others are judged")
    func refused() async throws {
        let output = try await validate(["/bin/sh", "flat-vectors"])
        #expect(output.status == 1)
        #expect(output.stdout.contains("/bin/sh: refused"))
        #expect(output.stdout.contains("flat-vectors.so: valid, score 100 of 100"))
        #expect(output.stdout.hasSuffix("2 files: 1 refused, 0 valid with warnings\n"))
        #expect(output.stderr.hasPrefix("keyway: error: /bin/sh: ") && output.stderr.hasSuffix(".\n"))
        #expect(output.stderr.split(separator: "\n").count == 1)
    }

    @Test("what cannot be read is listed with one finding and no score")
    func unreadable() async throws {
        let folder = try TemporaryFolder()
        let text = try folder.write("#!/bin/sh\n", to: "text.so").path
        let empty = try folder.write("", to: "empty.so").path
        let archive = try folder.write("!<arch>\n", to: "archive.a").path
        let pipe = folder.url.appendingPathComponent("pipe").path
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        let loop = folder.url.appendingPathComponent("loop.so").path
        try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
        let files = [text, empty, archive, pipe, loop, folder.url.path, "/dev/null", "\(folder.url.path)/none.so"]
        let output = try await validate(files + ["--json"])
        #expect(output.status == 1)
        let entries = try #require(try output.json().arrayValue)
        #expect(entries.map { $0["file"]?.stringValue } == files)
        for entry in entries {
            #expect(entry["valid"] == false && entry["safe"] == false && entry["score"] == .null, "\(entry)")
            let findings = try #require(entry["findings"]?.arrayValue)
            #expect(findings.count == 1, "\(entry)")
            #expect(
                Command.keys(findings.first) == ["id", "message", "remedy", "risk", "severity", "where", "why"])
            #expect(findings.first?["severity"] == "error")
        }
    }

    @Test("the severity that fails, the rules that are ignored and the policy are the caller's")
    func choices() async throws {
        // An older system than this plugin was built on.
        let old = ["extractive-provider", "--target", "glibc=2.17"]
        let refused = try await validate(old)
        #expect(refused.status == 1 && refused.stdout.contains("S033"))
        #expect(try await validate(old + ["--ignore", "S033"]).status == 0)
        #expect(try await validate(old + ["--policy", #"{"ignoredRules":["S033"]}"#]).status == 0)
        #expect(try await validate(["/bin/sh", "--fail-on", "info"]).status == 1)
        #expect(try await validate(["flat-vectors", "--policy", #"{"deniedLibraries":["libm.so.*"]}"#]).status == 1)
        #expect(try await validate(["flat-vectors", "--policy", #"{"deniedImports":["pwrite"]}"#]).status == 1)
        #expect(try await validate(["flat-vectors", "--policy", #"{"sizeLimit":1000}"#]).status == 1)
        let quiet = try await validate(["flat-vectors", "--quiet"])
        #expect(quiet.stdout.split(separator: "\n").count == 1)
    }

    @Test(
        "a policy that is wrong is refused, and the error says where",
        arguments: [
            ("[]", "the document"), ("{", "line 1"), (#"{"unknown":1}"#, "/unknown"),
            (#"{"deniedImports":"x"}"#, "/deniedImports"), (#"{"deniedImports":[1]}"#, "/deniedImports"),
            (#"{"constructors":"maybe"}"#, "/constructors"), (#"{"release":1}"#, "/release"),
            (#"{"sizeLimit":0}"#, "/sizeLimit"), (#"{"trustedOwners":[-1]}"#, "/trustedOwners"),
            ("@/no/such/file", "/no/such/file"),
        ])
    func wrongPolicy(policy: String, words: String) async throws {
        let output = try await validate(["flat-vectors", "--policy", policy])
        #expect(output.status == 2 && output.stdout.isEmpty)
        #expect(output.stderr.hasPrefix("keyway: error: ") && output.stderr.contains(words), "\(output.stderr)")
    }

    @Test("wrong usage ends with 2")
    func usage() async throws {
        for arguments in [
            [], ["flat-vectors", "--fail-on", "always"], ["flat-vectors", "--ignore", "S999"],
            ["flat-vectors", "--json", "--format", "sarif"], ["flat-vectors", "--format", "xml"],
        ] {
            #expect(try await validate(arguments).status == 2, "\(arguments)")
        }
        #expect(try await validate(["flat-vectors", "--target", "glibc"]).status == 2)
    }

    @Test("SARIF has the rules, and a result for each finding")
    func sarif() async throws {
        let output = try await validate(["/bin/sh", "flat-vectors", "--format", "sarif"])
        #expect(output.status == 1 && output.stderr.isEmpty)
        let log = try output.json()
        #expect(log["version"] == "2.1.0")
        let run = try #require(log["runs"]?.arrayValue?.first)
        let rules = (run["tool"]?["driver"]?["rules"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
        #expect(rules.count > 40 && Set(rules).count == rules.count)
        let results = try #require(run["results"]?.arrayValue)
        #expect(results.contains { $0["level"] == "error" })
        for result in results {
            #expect(rules.contains(result["ruleId"]?.stringValue ?? ""))
            #expect(["error", "warning", "note"].contains(result["level"]?.stringValue))
            let place = result["locations"]?.arrayValue?.first?["physicalLocation"]?["artifactLocation"]?["uri"]
            #expect(place?.stringValue?.hasPrefix("file:///") == true)
        }
    }

    @Test("JUnit's XML counts the files that fail, and quotes what XML cannot have")
    func junit() async throws {
        let folder = try TemporaryFolder()
        let odd = try folder.write("text", to: "a<b>&\"c.so").path
        let output = try await validate([odd, "flat-vectors", "--format", "junit"])
        #expect(output.status == 1)
        let document = try XMLDocumentCheck(output.stdout)
        #expect(document.elements["testsuites"]?.first?["failures"] == "1")
        #expect(document.elements["testcase"]?.count == 2)
        #expect(document.elements["testcase"]?.first?["name"] == odd)
        #expect(document.elements["failure"]?.first?["type"] == "S002")
    }
}

/// The elements of a document with their attributes, as an independent reader of XML (Python's) sees them.
private struct XMLDocumentCheck {
    var elements: [String: [[String: String]]] = [:]

    init(_ text: String) throws {
        let program = """
            import json, sys, xml.etree.ElementTree as tree
            print(json.dumps([[e.tag, e.attrib] for e in tree.fromstring(sys.stdin.read()).iter()]))
            """
        let result = try Programs.run("python3", ["-c", program], input: text)
        let list = try JSON(parsing: result.output, what: "what Python read: \(result.errors)")
        for element in list.arrayValue ?? [] {
            guard let name = element.arrayValue?.first?.stringValue else { continue }
            let attributes = element.arrayValue?.last?.objectValue?.compactMapValues(\.stringValue) ?? [:]
            elements[name, default: []].append(attributes)
        }
    }
}
