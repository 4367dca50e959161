import Foundation
import PluginCore
import Testing

@Suite("keyway call-adapter", .timeLimit(.minutes(10)))
struct CallAdapterTests {
    private func call(_ operation: String, _ arguments: String...) async throws -> Command.Output {
        try await Command.run(["call-adapter", operation, "--path", Command.plugins] + arguments)
    }

    // MARK: - embed

    @Test("embed prints the contract's members, and rows of length 1")
    func embed() async throws {
        let output = try await call(
            "embed", "--plugin", "hash-embedder", "--text", "how do I install it", "bananas", "--dims", "256", "--json")
        #expect(output.status == 0)
        let json = try output.json()
        #expect(Command.keys(json) == ["dims", "model", "tokens", "truncated", "usage", "vectors"])
        #expect(json["dims"] == 256)
        let rows = try #require(json["vectors"]?.arrayValue)
        #expect(rows.count == 2)
        for row in rows {
            let values = try #require(row.arrayValue).compactMap(\.doubleValue)
            #expect(values.count == 256)
            #expect(abs(values.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
        }
        #expect(json["tokens"]?.arrayValue?.count == 2)
        #expect(json["truncated"] == [])
    }

    @Test("the same text gives the same vector, in another process too")
    func embedIsDeterministic() async throws {
        let first = try await call("embed", "--plugin", "hash-embedder", "--text", "same text", "--json").json()
        let second = try await call("embed", "--plugin", "hash-embedder", "--text", "same text", "--json").json()
        #expect(first["vectors"] == second["vectors"])
    }

    @Test(
        "a number of dimensions that is not offered is an error with both numbers or the range",
        arguments: ["1", "100000", "2000000"])
    func embedDims(dims: String) async throws {
        let output = try await call(
            "embed", "--plugin", "hash-embedder", "--text", "x", "--dims", dims, "--json")
        #expect(output.status == 1)
        #expect(try output.json()["error"]?["code"] == "dimensionMismatch")
    }

    @Test("a configuration is passed on, and a bad one is refused by the plugin")
    func embedConfiguration() async throws {
        let good = try await call(
            "embed", "--plugin", "hash-embedder", "--config", #"{"dims": 128}"#, "--text", "x", "--json")
        #expect(try good.json()["dims"] == 128)
        let bad = try await call(
            "embed", "--plugin", "hash-embedder", "--config", #"{"dims": "many"}"#, "--text", "x", "--json")
        #expect(bad.status == 1)
        #expect(try bad.json()["error"]?["stage"] == "create")
        #expect(try bad.json()["error"]?["code"] == "configuration")
        let broken = try await call(
            "embed", "--plugin", "hash-embedder", "--config", "{", "--text", "x", "--json")
        #expect(broken.status == 1)
        #expect(try broken.json()["error"]?["code"] == "invalidArgument")
        let list = try await call("embed", "--plugin", "hash-embedder", "--config", "[]", "--text", "x", "--json")
        #expect(try list.json()["error"]?["code"] == "configuration")
    }

    // MARK: - upsert and query

    @Test("what upsert stores, a later query finds: order, scores, metadata, text, filters")
    func vectors() async throws {
        let folder = try TemporaryFolder()
        let data = folder.url.appendingPathComponent("data").path
        let items = try folder.write(
            """
            {"id": "north", "vector": [1, 0], "metadata": {"type": "guide", "year": 2024}, "text": "up"}
            {"id": "east", "vector": [0, 1], "metadata": {"type": "note", "year": 2020}}

            {"id": "northeast", "vector": [0.7, 0.7], "metadata": {"type": "guide", "year": 2019}}
            """, to: "items.jsonl")
        let upsert = try await call(
            "upsert", "--plugin", "flat-vectors", "--data", data, "--repo", "map", "--items", items.path, "--json")
        #expect(upsert.status == 0)
        #expect(try upsert.json()["count"] == 3)

        func query(_ arguments: String...) async throws -> JSON {
            let output = try await Command.run(
                ["call-adapter", "query", "--plugin", "flat-vectors", "--path", Command.plugins, "--data", data]
                    + ["--repo", "map", "--json"] + arguments)
            #expect(output.status == 0, "\(output.stderr)")
            return try output.json()
        }
        func ids(_ json: JSON) -> [String] { (json["hits"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue } }

        let all = try await query("--vector", "[1, 0]")
        #expect(Command.keys(all) == ["complete", "exact", "hits", "scanned"])
        #expect(ids(all) == ["north", "northeast", "east"])
        #expect(all["exact"] == true)
        #expect(all["complete"] == true)
        #expect(all["scanned"] == 3)
        let first = try #require(all["hits"]?.arrayValue?.first)
        #expect(Command.keys(first) == ["distance", "id", "metadata", "score", "text"])
        #expect(first["metadata"] == ["type": "guide", "year": 2024])
        #expect(first["text"] == "up")
        #expect(all["hits"]?.arrayValue?[1]["text"] == .null)

        #expect(ids(try await query("--vector", "[1, 0]", "--top-k", "1")) == ["north"])
        #expect(ids(try await query("--vector", "[1, 0]", "--top-k", "0")) == [])
        let filters: [(String, [String])] = [
            (#"{"type": "guide"}"#, ["north", "northeast"]),
            (#"{"type": "guide", "year": {"lt": 2020}}"#, ["northeast"]),
            (#"{"or": [{"type": "note"}, {"year": {"ge": 2024}}]}"#, ["north", "east"]),
            (#"{"not": {"type": "guide"}}"#, ["east"]),
            (#"{"year": {"in": [2019, 2020]}}"#, ["northeast", "east"]),
            (#"{"missing": {"exists": true}}"#, []),
            (#"{"ids": ["east"]}"#, ["east"]),
        ]
        for (filter, expected) in filters {
            #expect(ids(try await query("--vector", "[1, 0]", "--filter", filter)) == expected, "\(filter)")
        }
    }

    @Test("bad items are refused with file and line, and nothing is written")
    func badItems() async throws {
        let folder = try TemporaryFolder()
        let data = folder.url.appendingPathComponent("data").path
        let lines = [
            #"{"id": "a", "vector": [1, 0]}"# + "\n" + #"{"id": "b", "vector": [1]}"#,
            #"{"id": "a", "vector": [1, 0]}"# + "\nnot json",
            #"{"vector": [1, 0]}"#, #"{"id": "a"}"#, #"{"id": "a", "vector": ["x"]}"#, #"{"id": "a", "vector": []}"#,
            #"{"id": "a", "vector": [1, 0], "metadata": 3}"#, #"{"id": "a", "vector": [1e300]}"#, "",
        ]
        for text in lines {
            let items = try folder.write(text, to: "items.jsonl")
            let output = try await call(
                "upsert", "--plugin", "flat-vectors", "--data", data, "--repo", "r", "--items", items.path, "--json")
            #expect(output.status == 1, "\(text)")
            #expect(try output.json()["error"]?["message"]?.stringValue?.contains("items.jsonl") == true, "\(text)")
        }
        let query = try await call(
            "query", "--plugin", "flat-vectors", "--data", data, "--repo", "r", "--vector", "[1,0]", "--json")
        #expect(query.status == 1)
        #expect(try query.json()["error"]?["code"] == "notFound")
    }

    // MARK: - generate

    @Test("generate prints the contract's members, and streams the same text")
    func generate() async throws {
        let folder = try TemporaryFolder()
        let request = try folder.write(
            """
            {"messages": [{"role": "user", "content": [
                {"type": "text", "text": "[1] boats.md:3\\nA sailing boat needs wind. Oars need arms."},
                {"type": "text", "text": "What does a sailing boat need?"}]}]}
            """, to: "request.json")
        let whole = try await call("generate", "--plugin", "extractive-provider", "--request", request.path, "--json")
        #expect(whole.status == 0, "\(whole.stderr)")
        let response = try whole.json()
        #expect(Command.keys(response) == ["choices", "id", "model", "usage", "warnings"])
        let choice = try #require(response["choices"]?.arrayValue?.first)
        #expect(Command.keys(choice) == ["parts", "stop"])
        #expect(choice["stop"]?["kind"] == "stop")
        let text = (choice["parts"]?.arrayValue ?? []).compactMap { $0["text"]?.stringValue }.joined()
        #expect(text.contains("wind"))
        #expect(text.contains("[1]"))

        let stream = try await call(
            "generate", "--plugin", "extractive-provider", "--request", request.path, "--stream", "--json")
        let events = try stream.jsonLines()
        #expect(events.first?["event"] == "started")
        #expect(events.last?["event"] == "completed")
        let deltas = events.filter { $0["event"] == "text" }.compactMap { $0["text"]?.stringValue }
        #expect(deltas.joined() == text)
        #expect(events.last?["response"]?["choices"]?.arrayValue?.first?["parts"] == choice["parts"])
        #expect(events.filter { $0["event"] == "finished" }.count == 1)
    }

    @Test(
        "a request with a misspelt or wrong member says which",
        arguments: [
            (#"{"messages": []}"#, "/messages"),
            (#"{"messages": [{"role": "king", "content": "x"}]}"#, "/messages/0/role"),
            (#"{"messages": [{"role": "user", "content": "x"}], "temprature": 1}"#, "/temprature"), ("[]", ""),
        ])
    func badRequests(text: String, pointer: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(text, to: "request.json").path
        let output = try await call("generate", "--plugin", "extractive-provider", "--request", file, "--json")
        #expect(output.status == 1)
        #expect(try output.json()["error"]?["pointer"] == .string(pointer))
    }

    // MARK: - execute

    @Test("execute runs what a rule allows and reports what was enforced")
    func execute() async throws {
        let folder = try TemporaryFolder()
        let policy = try folder.write(#"{"allow": [["sh", "-c"], "cat"], "wallMs": 20000}"#, to: "policy.json").path
        let output = try await call(
            "execute", "--plugin", "command-runner", "--policy", policy, "--json", "--", "sh", "-c",
            "echo out; echo err >&2; exit 3")
        #expect(output.status == 0, "\(output.stderr)")
        let json = try output.json()
        #expect(
            Set(Command.keys(json)).isSuperset(of: [
                "end", "exitCode", "signal", "durationMs", "stdout", "stderr", "stdoutBytes", "stderrBytes",
                "truncated",
                "enforced", "violations",
            ]))
        #expect(json["end"] == "exited")
        #expect(json["exitCode"] == 3)
        #expect(json["signal"] == .null)
        #expect(json["stdout"] == "out\n")
        #expect(json["stderr"] == "err\n")
        #expect(json["enforced"]?["wall"] == true)
    }

    @Test("without a rule nothing runs, and the result says why")
    func executeDenied() async throws {
        let folder = try TemporaryFolder()
        let witness = folder.url.appendingPathComponent("witness").path
        for policy in [
            #"{}"#, #"{"allow": ["true"]}"#, #"{"allow": ["touch"], "deny": ["touch"]}"#,
            #"{"allow": ["touch"], "enabled": false}"#,
        ] {
            let file = try folder.write(policy, to: "policy.json").path
            let output = try await Command.run([
                "call-adapter", "execute", "--plugin", "command-runner", "--path", Command.plugins, "--policy", file,
                "--json", "--", "touch", witness,
            ])
            #expect(output.status == 1, "\(policy)")
            #expect(try output.json()["end"] == "denied", "\(policy)")
            #expect(!FileManager.default.fileExists(atPath: witness), "\(policy)")
        }
    }

    @Test(
        "limits end a program, and the result says which",
        arguments: [
            (#"{"allow": ["sleep"], "wallMs": 100}"#, ["sleep", "600"], "timeout"),
            (#"{"allow": ["yes"], "stdoutBytes": 1000, "overflow": "kill"}"#, ["yes"], "output"),
        ])
    func executeLimits(policy: String, argv: [String], end: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(policy, to: "policy.json").path
        let output = try await Command.run(
            ["call-adapter", "execute", "--plugin", "command-runner", "--path", Command.plugins]
                + ["--policy", file, "--json", "--"] + argv)
        #expect(output.status == 1)
        let json = try output.json()
        #expect(json["end"] == .string(end))
        #expect((json["stdout"]?.stringValue?.utf8.count ?? 0) <= 1000)
    }

    @Test("a policy with a misspelt member is refused before anything runs")
    func badPolicy() async throws {
        let folder = try TemporaryFolder()
        let policy = try folder.write(#"{"alow": ["true"]}"#, to: "policy.json").path
        let output = try await Command.run([
            "call-adapter", "execute", "--plugin", "command-runner", "--path", Command.plugins, "--policy", policy,
            "--json",
            "--", "true",
        ])
        #expect(output.status == 1)
        #expect(try output.json()["error"]?["pointer"] == "/alow")
    }

    // MARK: - All of them

    @Test("a plugin of another kind is refused with what it offers")
    func wrongKind() async throws {
        let output = try await call("embed", "--plugin", "flat-vectors", "--text", "x", "--json")
        #expect(output.status == 1)
        let error = try output.json()["error"]
        #expect(error?["code"] == "unsupported")
        #expect(error?["names"] == ["keyway.vector-backend/1"])
    }

    @Test("a name that is not there lists those that are")
    func unknownName() async throws {
        let output = try await call("embed", "--plugin", "hash-embeder", "--text", "x", "--json")
        #expect(output.status == 1)
        let names = try #require(try output.json()["error"]?["names"]?.arrayValue).compactMap(\.stringValue)
        #expect(names.contains("hash-embedder"))
    }
}
