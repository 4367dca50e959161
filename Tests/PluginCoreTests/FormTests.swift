import PluginCore
import Testing

/// The error that reading ends with, and the pointer in its facts.
private func failure<Value>(_ body: () throws(PluginError) -> Value) -> (code: PluginError.Code, pointer: String)? {
    do throws(PluginError) {
        _ = try body()
        return nil
    } catch {
        guard case .pointer(let pointer) = error.facts else { return (error.code, "no pointer: \(error)") }
        return (error.code, pointer)
    }
}

@Suite("Manifests")
struct ManifestTests {
    @Test("reads every member, and names those it does not know")
    func whole() throws {
        let document: JSON = [
            "id": "a-b.c/d@e_1", "name": "Shown", "version": "1.2.3-rc.1", "type": "embedder", "description": "d",
            "license": "MIT", "interfaces": ["keyway.embedder/1"], "configSchema": ["type": "object"], "odd": 1,
            "aside": nil, "sdk": ["minVersion": 1], "tags": [],
        ]
        let manifest = try Manifest(document)
        #expect(manifest.id == "a-b.c/d@e_1" && manifest.name == "Shown")
        #expect(manifest.version == SemanticVersion("1.2.3-rc.1") && manifest.type == "embedder")
        #expect(manifest.sdk == SDKRange(minimum: 1, maximum: 1))
        #expect(manifest.description == "d" && manifest.license == "MIT")
        #expect(manifest.interfaces == ["keyway.embedder/1"] && manifest.configSchema == ["type": "object"])
        #expect(manifest.unknownKeys == ["aside", "odd"] && manifest.document == document)
    }

    @Test(
        "the range of SDKs is exactly its minimum unless it says more",
        arguments: [
            (["min": 2, "max": 3] as JSON, SDKRange(minimum: 2, maximum: 3)),
            (["minVersion": 2] as JSON, SDKRange(minimum: 2, maximum: 2)),
            (["minVersion": 2, "maxVersion": 5] as JSON, SDKRange(minimum: 2, maximum: 5)),
            (["minVersion": 2, "maxVersion": nil] as JSON, SDKRange(minimum: 2, maximum: nil)),
        ])
    func sdk(member: JSON, range: SDKRange) throws {
        #expect(try Manifest(["id": "a", "version": "1.0.0", "sdk": member]).sdk == range)
    }

    @Test("the id is the name unless it is given, and the name is the id")
    func identity() throws {
        #expect(try Manifest(["name": "n", "version": "1.0.0"]).id == "n")
        #expect(try Manifest(["id": "i", "version": "1.0.0"]).name == "i")
        #expect(try Manifest(["id": "i", "version": "1.0.0"]).interfaces.isEmpty)
    }

    @Test(
        "says where it is wrong",
        arguments: [
            ([], ""), ("x", ""), (["version": "1.0.0"], "/id"), (["id": 1, "version": "1.0.0"], "/id"),
            (["id": "", "version": "1.0.0"], "/id"), (["id": "a b", "version": "1.0.0"], "/id"),
            (["id": "é", "version": "1.0.0"], "/id"), (["id": "a"], "/version"),
            (["id": "a", "version": 1], "/version"),
            (["id": "a", "version": "1.0"], "/version"), (["id": "a", "version": "1.0.0", "type": 1], "/type"),
            (["id": "a", "version": "1.0.0", "interfaces": "x"], "/interfaces"),
            (["id": "a", "version": "1.0.0", "interfaces": ["x", 2]], "/interfaces/1"),
            (["id": "a", "version": "1.0.0", "configSchema": "x"], "/configSchema"),
            (["id": "a", "version": "1.0.0", "description": nil], "/description"),
            (["id": "a", "version": "1.0.0", "sdk": 1], "/sdk"),
            (["id": "a", "version": "1.0.0", "sdk": [:]], "/sdk/minVersion"),
            (["id": "a", "version": "1.0.0", "sdk": ["minVersion": 0]], "/sdk/minVersion"),
            (["id": "a", "version": "1.0.0", "sdk": ["minVersion": 4_294_967_296]], "/sdk/minVersion"),
            (["id": "a", "version": "1.0.0", "sdk": ["minVersion": 2, "maxVersion": 1]], "/sdk/maxVersion"),
            (["id": "a", "version": "1.0.0", "sdk": ["minVersion": 2, "maxVersion": "3"]], "/sdk/maxVersion"),
            (["id": "a", "version": "1.0.0", "sdk": ["minVersion": 2, "most": 3]], "/sdk/most"),
            (["id": "a", "version": "1.0.0", "sdk": ["minVersion": 2, "min": 2]], "/sdk/min"),
        ] as [(JSON, String)])
    func errors(document: JSON, pointer: String) throws {
        let found = try #require(failure { () throws(PluginError) in try Manifest(document) })
        #expect(found.code == .validation && found.pointer == pointer)
    }

    @Test("an id has at most 128 bytes")
    func length() {
        func read(_ count: Int) -> PluginError.Code? {
            failure { () throws(PluginError) in
                try Manifest(["id": .string(String(repeating: "x", count: count)), "version": "1.0.0"])
            }?.code
        }
        #expect(read(128) == nil)
        #expect(read(129) == .validation)
    }
}

@Suite("Filters")
struct FilterTests {
    @Test(
        "reads the JSON form",
        arguments: [
            ([:], .all), (true, .all), (false, .none), (["a": 1], .equal("a", .int(1))),
            (["a": nil], .equal("a", .null)), (["a": [1, "x"]], .in("a", [.int(1), .string("x")])),
            (["a": ["$ge": 1.5]], .greaterOrEqual("a", .double(1.5))),
            (
                ["a": ["ge": 1, "lt": 2], "b": true],
                .and([.greaterOrEqual("a", .int(1)), .less("a", .int(2)), .equal("b", .bool(true))])
            ),
            (
                ["or": [["a": 1], ["not": ["b": ["ne": 2]]]]],
                .or([.equal("a", .int(1)), .not(.notEqual("b", .int(2)))])
            ),
            (["$and": [], "ids": ["x", "y"]], .and([.and([]), .ids(["x", "y"])])),
            (["a": ["exists": true]], .exists("a")), (["a": ["exists": false]], .not(.exists("a"))),
            (["a": ["isNull": true]], .isNull("a")), (["a": ["isNull": false]], .not(.isNull("a"))),
            (["a": ["prefix": "x"]], .prefix("a", "x")), (["a": ["contains": "x"]], .contains("a", .string("x"))),
            (["a": ["in": []]], .in("a", [])), (["a": ["nin": [1]]], .notIn("a", [.int(1)])),
            (["a": ["notIn": [1]]], .notIn("a", [.int(1)])), (["a": ["eq": 1]], .equal("a", .int(1))),
            (["a": ["gt": 1]], .greater("a", .int(1))), (["a": ["lte": 1]], .lessOrEqual("a", .int(1))),
        ] as [(JSON, Filter)])
    func forms(json: JSON, filter: Filter) throws {
        #expect(try Filter(json) == filter)
    }

    @Test(
        "says where it is wrong",
        arguments: [
            ("x", ""), (["a": ["like": 1]], "/a/like"), (["a": [:]], "/a"), (["a": ["eq": [1]]], "/a/eq"),
            (["a": ["in": 1]], "/a/in"), (["a": ["in": [1, [:]]]], "/a/in/1"), (["a": [[]]], "/a/0"),
            (["and": 1], "/and"), (["or": [["a": 1], 2]], "/or/1"), (["not": []], "/not"), (["ids": "x"], "/ids"),
            (["ids": ["x", 1]], "/ids/1"), (["a": ["exists": 1]], "/a/exists"), (["a": ["prefix": 1]], "/a/prefix"),
            (["a/b~c": ["like": 1]], "/a~1b~0c/like"), (["and": [["x": ["lt": [:]]]]], "/and/0/x/lt"),
        ] as [(JSON, String)])
    func errors(json: JSON, pointer: String) throws {
        let found = try #require(failure { () throws(PluginError) in try Filter(json) })
        #expect(found.code == .invalidArgument && found.pointer == pointer)
    }

    @Test("nests 32 deep and no deeper")
    func depth() throws {
        func nested(_ depth: Int) -> JSON { (0..<depth).reduce(["a": 1]) { inner, _ in ["not": inner] } }
        #expect(failure { () throws(PluginError) in try Filter(nested(31)) } == nil)
        #expect(try #require(failure { () throws(PluginError) in try Filter(nested(32)) }).code == .invalidArgument)
    }
}

@Suite("Tool policies")
struct ToolPolicyTests {
    @Test("admits nothing by default")
    func empty() throws {
        let policy = try ToolPolicy([:])
        #expect(policy == ToolPolicy())
        #expect(policy.allow.isEmpty && !policy.allowShell && !policy.allowNetwork && policy.isEnabled)
        #expect(policy.limits.wall == .seconds(60) && policy.limits.stdoutBytes == 1 << 20)
    }

    @Test("reads every member")
    func whole() throws {
        let policy = try ToolPolicy([
            "enabled": false, "allowShell": true, "allowNetwork": true, "requireEnforced": true,
            "allow": [["git", "status"], "ls  -l"], "deny": ["rm"],
            "denyPatterns": ["reset --hard", ["--force"]], "overflow": "kill", "inheritEnvironment": "none",
            "environmentAllow": ["A*"], "environmentDeny": [], "environmentSet": ["X": "1"],
            "paths": [["path": "/tmp", "access": "write", "execute": true], ["path": "/", "access": "read"]],
            "wallMs": 1.5, "cpuMs": 2, "idleMs": nil, "graceMs": 0, "memory": 1, "fileSize": 2, "openFiles": 3,
            "processes": 4, "stdoutBytes": 5, "stderrBytes": nil,
        ])
        var expected = ToolPolicy()
        expected.isEnabled = false
        (expected.allowShell, expected.allowNetwork, expected.requireEnforced) = (true, true, true)
        expected.allow = [["git", "status"], ["ls", "-l"]]
        expected.deny = [["rm"]]
        expected.denyPatterns = [["reset", "--hard"], ["--force"]]
        (expected.overflow, expected.inheritEnvironment) = (.kill, .none)
        (expected.environmentAllow, expected.environmentDeny, expected.environmentSet) = (["A*"], [], ["X": "1"])
        expected.paths = [.init(path: "/tmp", access: .write, execute: true), .init(path: "/", access: .read)]
        var limits = ToolPolicy.Limits()
        (limits.wall, limits.cpu, limits.idle, limits.grace) = (.microseconds(1500), .milliseconds(2), nil, .zero)
        (limits.memory, limits.fileSize, limits.openFiles, limits.processes) = (1, 2, 3, 4)
        (limits.stdoutBytes, limits.stderrBytes) = (5, nil)
        expected.limits = limits
        #expect(policy == expected)
    }

    @Test(
        "says where it is wrong",
        arguments: [
            ([], ""), (["allowshell": true], "/allowshell"), (["a/b": 1], "/a~1b"), (["enabled": 1], "/enabled"),
            (["allow": "ls"], "/allow"), (["allow": [[]]], "/allow/0"), (["allow": [["a", 1]]], "/allow/0/1"),
            (["overflow": "stop"], "/overflow"), (["environmentSet": ["x/y": 1]], "/environmentSet/x~1y"),
            (["paths": [["path": "tmp"]]], "/paths/0/path"), (["paths": [["path": "/"]]], "/paths/0/access"),
            (["paths": [["path": "/", "access": "read", "execute": 1]]], "/paths/0/execute"),
            (["wallMs": -1], "/wallMs"), (["wallMs": 1e13], "/wallMs"), (["memory": 0], "/memory"),
            (["stdoutBytes": 1.5], "/stdoutBytes"),
        ] as [(JSON, String)])
    func errors(json: JSON, pointer: String) throws {
        let found = try #require(failure { () throws(PluginError) in try ToolPolicy(json) })
        #expect(found.code == .invalidArgument && found.pointer == pointer)
    }
}

@Suite("Model requests")
struct ModelRequestTests {
    @Test("reads every member")
    func whole() throws {
        let request = try ModelRequest([
            "model": "m", "maxOutputTokens": 5, "temperature": 1, "topP": 0.5, "topK": 3, "choices": 2, "seed": -1,
            "stop": "end", "extra": ["k": 1], "output": ["schema": ["type": "object"]], "toolChoice": ["t"],
            "tools": [["name": "t", "description": "d", "inputSchema": ["type": "string"]], ["name": "u"]],
            "messages": [
                ["role": "system", "content": "s", "name": "n"],
                [
                    "role": "user",
                    "content": [
                        ["type": "text", "text": "t"], ["type": "url", "url": "u", "mediaType": "m"],
                        ["type": "toolResult", "callID": "c", "text": "r", "isError": true],
                    ],
                ],
                [
                    "role": "assistant",
                    "parts": [
                        ["type": "reasoning", "text": "r"], ["type": "refusal", "text": "no"],
                        ["type": "toolCall", "id": "c", "name": "t", "arguments": "{}"],
                    ],
                ],
            ],
        ])
        let expected = ModelRequest(
            [
                Message(.system, parts: [.text("s")], name: "n"),
                Message(
                    .user,
                    parts: [
                        .text("t"), .url("u", mediaType: "m"), .toolResult(callID: "c", text: "r", isError: true),
                    ]),
                Message(
                    .assistant,
                    parts: [
                        .reasoning("r", signature: nil), .refusal("no"),
                        .toolCall(ToolCall(id: "c", name: "t", arguments: "{}", index: 0)),
                    ]),
            ], model: "m",
            tools: [
                ToolSpecification(name: "t", description: "d", inputSchema: ["type": "string"]),
                ToolSpecification(name: "u"),
            ], toolChoice: .named(["t"]), output: .schema(["type": "object"]), stop: ["end"], maxOutputTokens: 5,
            temperature: 1, topP: 0.5, topK: 3, seed: -1, choices: 2, extra: ["k": 1])
        #expect(request == expected)
    }

    @Test(
        "says where it is wrong",
        arguments: [
            ([], ""), ([:], "/messages"), (["messages": []], "/messages"),
            (["messages": [["role": "x", "content": ""]]], "/messages/0/role"),
            (["messages": [["role": "user"]]], "/messages/0/content"),
            (["messages": [["role": "user", "content": 1]]], "/messages/0/content"),
            (["messages": [["role": "user", "content": [["type": "x"]]]]], "/messages/0/content/0/type"),
            (["messages": [["role": "user", "content": [["type": "text"]]]]], "/messages/0/content/0/text"),
            (["messages": [["role": "user", "content": ""]], "temperatur": 1], "/temperatur"),
            (["messages": [["role": "user", "content": ""]], "topK": -1], "/topK"),
            (["messages": [["role": "user", "content": ""]], "seed": 1.5], "/seed"),
            (["messages": [["role": "user", "content": ""]], "stop": [1]], "/stop/0"),
            (["messages": [["role": "user", "content": ""]], "output": "xml"], "/output"),
            (["messages": [["role": "user", "content": ""]], "tools": [[:]]], "/tools/0/name"),
            (["messages": [["role": "user", "content": ""]], "extra": 1], "/extra"),
        ] as [(JSON, String)])
    func errors(json: JSON, pointer: String) throws {
        let found = try #require(failure { () throws(PluginError) in try ModelRequest(json) })
        #expect(found.code == .invalidArgument && found.pointer == pointer)
    }
}
