import Foundation
import PluginHost
import Testing

@Suite("Permissions asked for and granted")
struct GrantPolicyTests {
    private func manifest(_ requests: [String], id: String = "acme-one", optional: Set<String> = []) throws -> Manifest
    {
        let permissions = requests.map { text -> JSON in
            ["permission": .string(text), "required": .bool(!optional.contains(text))]
        }
        return try Manifest(["id": .string(id), "version": "1.0.0", "permissions": .array(permissions)])
    }

    private func policy(_ grants: [String], to name: String? = "acme-one") throws -> GrantPolicy {
        var policy = GrantPolicy()
        for text in grants { try policy.grant(.init(try Permission(parsing: text)), to: name) }
        return policy
    }

    private func isGranted(_ wanted: String, by grant: String, dataFolder: String? = nil) throws -> Bool {
        let decision = try policy([grant]).decision(for: try manifest([wanted]), dataFolder: dataFolder)
        #expect(decision.items.count == 1)
        #expect(decision.missingRequired.isEmpty == decision.items[0].isGranted)
        return decision.items[0].isGranted
    }

    // MARK: - What covers what

    @Test(
        "a grant covers what lies in it",
        arguments: [
            ("fs.read:/data", "fs.read:/data"), ("fs.read:/data", "fs.read:/data/a/b"),
            ("fs.read:/data/", "fs.read:/data"),
            ("fs.read:/data", "fs.read://data//a"), ("fs.read:/data", "fs.read:/data/./a"),
            ("fs.read:/", "fs.read:/etc"),
            ("fs.read", "fs.read:/data"), ("fs.read", "fs.read"), ("fs.read:data", "fs.read:data/a"),
            ("fs.read:.", "fs.read:data"), ("fs.read:data", "fs.read:other/../data/x"),
            ("net:api.example.com:443", "net:api.example.com:443"),
            ("net:API.example.com:443", "net:api.Example.com:443"),
            ("net:api.example.com:443", "net:api.example.com.:443"),
            ("net:*.example.com:443", "net:api.example.com:443"),
            ("net:*.example.com:443", "net:a.b.example.com:443"), ("net:*.example.com:443", "net:*.a.example.com:443"),
            ("net:*.example.com:443", "net:*.example.com:443"), ("net:api.example.com:*", "net:api.example.com:8080"),
            ("net:*:443", "net:api.example.com:443"), ("net:api.example.com:443", "net:https://api.example.com/*"),
            ("net:https://api.example.com/*", "net:api.example.com:443"),
            ("net:api.example.com:443", "net:https://api.example.com/v1/chat"),
            ("net:https://api.example.com/v1/*", "net:https://api.example.com/v1/chat"),
            ("net:https://api.example.com/v1/*", "net:https://api.example.com/v1/*"),
            ("net:https://*.mydomain.com/*", "net:https://a.mydomain.com/*"), ("net:[::1]:443", "net:[::1]:443"),
            ("net", "net:api.example.com:443"), ("net.listen:8080", "net.listen:127.0.0.1:8080"),
            ("env:HOME", "env:HOME"),
            ("process.exec:/usr/bin", "process.exec:/usr/bin/git"), ("process.exec:git", "process.exec:git"),
            ("device:usb:1234", "device:usb:1234:ABCD"), ("device:usb:12ab:1", "device:usb:12AB:1"),
            ("threads", "threads"), ("service:kv", "service:kv"), ("endpoint:/items", "endpoint:/items/new"),
            ("endpoint:/items", "endpoint:POST /items"), ("endpoint:GET /", "endpoint:GET /items"),
            ("endpoint:/", "endpoint:GET /"), ("message.publish:a", "message.publish:a"),
        ])
    func covered(grant: String, wanted: String) throws {
        #expect(try isGranted(wanted, by: grant))
    }

    @Test(
        "a grant does not cover what only looks like it, or is more",
        arguments: [
            ("fs.read:/data", "fs.read:/data-evil"), ("fs.read:/data", "fs.read:/dat"),
            ("fs.read:/data/a", "fs.read:/data"),
            ("fs.read:/data", "fs.read"), ("fs.read:/", "fs.read"), ("fs.read:/data", "fs.write:/data"),
            ("fs.read:/Data", "fs.read:/data"), ("fs.read:data", "fs.read:/data"), ("fs.read:/data", "fs.read:data"),
            ("fs.read:data", "fs.read:data-evil"), ("fs.read:data", "fs.read:data/../other"),
            ("net:*.mydomain.com:443", "net:evilmydomain.com:443"), ("net:*.mydomain.com:443", "net:mydomain.com:443"),
            ("net:*.mydomain.com:443", "net:a.mydomain.com.evil.org:443"),
            ("net:*.a.example.com:443", "net:*.example.com:443"),
            ("net:api.example.com:443", "net:*.example.com:443"), ("net:api.example.com:443", "net:api.example.com:80"),
            ("net:api.example.com:443", "net:api.example.com:*"), ("net:api.example.com:443", "net:*:443"),
            ("net:api.example.com:443", "net"), ("net:*:*", "net"),
            ("net:https://api.example.com/*", "net:http://api.example.com/*"),
            ("net:https://api.example.com/v1/*", "net:api.example.com:443"),
            ("net:https://api.example.com/v1/*", "net:https://api.example.com/v10"),
            ("net:https://api.example.com/v1/*", "net:https://api.example.com/v1/../v2"),
            ("net:https://api.example.com/v1/*", "net:https://api.example.com/v1/%2e%2e/v2"),
            ("net:https://api.example.com/v1", "net:https://api.example.com/v1/chat"),
            ("net.listen:8080", "net.listen:80"), ("net.listen:127.0.0.1:8080", "net.listen:8080"),
            ("net.listen:80", "net.listen:127.0.0.1:8080"), ("env:HOME", "env:HOMEPAGE"), ("env:HOME", "env"),
            ("process.exec:/usr/bin/git", "process.exec:/usr/bin/git-evil"),
            ("process.exec:git", "process.exec:/usr/bin/git"),
            ("process.exec:/usr/bin/git", "process.exec:git"), ("process.exec:git", "process.exec"),
            ("device:usb:1234", "device:usb:12345"), ("device:usb:1234:1", "device:usb:1234"), ("threads", "jit"),
            ("service:kv", "service:kv2"), ("endpoint:/items", "endpoint:/items-evil"),
            ("endpoint:POST /items", "endpoint:/items"), ("endpoint:GET /", "endpoint:POST /items"),
            ("endpoint:GET /items", "endpoint:POST /items"),
        ])
    func notCovered(grant: String, wanted: String) throws {
        #expect(try !isGranted(wanted, by: grant))
    }

    @Test("every kind without a resource covers every kind of its own, and no other")
    func kinds() throws {
        let kinds = Permission.Kind.all.filter { (try? policy([$0.rawValue])) != nil }
        #expect(kinds.count >= 13)
        for grant in kinds {
            for wanted in kinds {
                #expect(try isGranted(wanted.rawValue, by: grant.rawValue) == (grant == wanted))
            }
        }
    }

    // MARK: - Paths

    @Test("a relative path is below the data folder, and shown so")
    func dataFolder() throws {
        let policy = try policy(["fs.read:/var/lib/app/acme-one/models", "fs.write:cache"])
        let manifest = try manifest(["fs.read:models/small", "fs.write:cache/a", "fs.read:other"])
        let decision = policy.decision(for: manifest, dataFolder: "/var/lib/app//acme-one/")
        #expect(decision.granted.map(\.request.permission.text) == ["fs.read:models/small", "fs.write:cache/a"])
        #expect(
            decision.items.map { $0.effective?.resource } == [
                "/var/lib/app/acme-one/models/small", "/var/lib/app/acme-one/cache/a", "/var/lib/app/acme-one/other",
            ])
        #expect(decision.missingRequired.map(\.request.permission.text) == ["fs.read:other"])
        let elsewhere = policy.decision(for: manifest, dataFolder: "/srv/x")
        #expect(elsewhere.granted.map(\.effective?.resource) == ["/srv/x/cache/a"])
        let nowhere = policy.decision(for: manifest)
        #expect(nowhere.granted.map(\.effective?.resource) == ["cache/a"])
        let relative = policy.decision(for: manifest, dataFolder: "store")
        #expect(
            relative.items[0].effective?.resource == FileManager.default.currentDirectoryPath + "/store/models/small")
    }

    @Test(
        "nobody can ask for or be granted a path that leads out of the data folder, or an absolute one with ..",
        arguments: [
            "fs.read:../x", "fs.read:a/../../x", "fs.write:..", "fs.read:/a/../b", "process.exec:/usr/../bin/sh",
            "process.exec:bin/sh", "process.exec:./sh", "process.exec:..", "env:A,B", "env:A B", "env:A=B",
            "net:-a.example:443", "net:a-.example:443",
        ])
    func escapes(text: String) throws {
        // A manifest may be refused for it before anybody is asked.
        if let manifest = try? manifest([text, "threads"]) {
            let kind = try #require(text.split(separator: ":").first)
            let decision = try policy([String(kind), "threads"]).decision(for: manifest, dataFolder: "/srv/data")
            #expect(decision.missingRequired.map(\.request.permission.text) == [text])
            #expect(decision.items[0].effective == nil)
            guard case .impossible(let reason) = decision.items[0].answer else {
                Issue.record("it is \(decision.items[0].answer)")
                return
            }
            #expect(!reason.isEmpty)
        }
        #expect(throws: PluginError.self) { try policy([text]) }
    }

    @Test(
        "what no host has can be asked for, and nobody can grant it",
        arguments: ["database:read:users", "process.signal"])
    func ungrantable(text: String) throws {
        let manifest = try manifest([text, "threads"], optional: ["threads"])
        let decision = try policy(["threads"]).decision(for: manifest)
        #expect(decision.missingRequired.map(\.request.permission.text) == [text])
        guard case .impossible = decision.items[0].answer else {
            Issue.record("it is \(decision.items[0].answer)")
            return
        }
        #expect(throws: PluginError.self) { try policy([text]) }
    }

    // MARK: - Who has what

    @Test("grants come from the id, then from globs, then from what all have; others have none of them")
    func names() throws {
        var policy = try policy(["fs.read:/one"])
        try policy.grant(.init(try Permission(parsing: "fs.read:/all")), to: nil)
        try policy.grant(.init(try Permission(parsing: "fs.read:/acme")), to: "acme-*")
        let requests = ["fs.read:/one", "fs.read:/acme", "fs.read:/all"]
        func granted(_ id: String) throws -> [String] {
            policy.decision(for: try manifest(requests, id: id)).granted.map(\.request.permission.text)
        }
        #expect(try granted("acme-one") == requests)
        #expect(try granted("acme-two") == ["fs.read:/acme", "fs.read:/all"])
        #expect(try granted("other") == ["fs.read:/all"])
        #expect(try granted("Acme-one") == ["fs.read:/all"])
        #expect(GrantPolicy().decision(for: try manifest(requests)).missingRequired.count == 3)
    }

    @Test(
        "everything of a kind is granted to one plugin by its id only",
        arguments: [
            "fs.read", "fs.write:/", "net", "net:*:443", "net:https://*/v1/*", "endpoint:/", "endpoint:.",
            "endpoint:./",
            "process.exec:/", "process.exec:.", "device:usb",
        ])
    func unlimited(text: String) throws {
        for name in [nil, "*", "acme-?", "acme-[o]ne"] {
            #expect(throws: PluginError.self) { try policy([text], to: name) }
        }
        #expect(try policy([text]).plugins.count == 1)
        let item = try policy([]).decision(for: try manifest([text])).items[0]
        #expect(
            try item.isEverything
                && policy([]).decision(for: try manifest([text])).json.arrayValue?[0]["unlimited"] == true)
    }

    @Test("a relative path is everything where the plugin's data folder is", arguments: ["fs.read:.", "fs.write:."])
    func everywhere(text: String) throws {
        let manifest = try manifest([text])
        #expect(try !policy([]).decision(for: manifest, dataFolder: "/srv").items[0].isEverything)
        #expect(try policy([]).decision(for: manifest, dataFolder: "/").items[0].isEverything)
    }

    @Test(
        "nothing is granted to a name that no plugin can have",
        arguments: [
            "acme!", "acme one", "ümlaut", "-acme", "a..b", "@acme", "a/b", "acme?!", "ac me-*", "acme-[ab", "*é",
        ])
    func names(name: String) {
        let error = #expect(throws: PluginError.self) { try policy(["threads"], to: name) }
        #expect(error?.code == .validation && error?.remedy != nil)
    }

    @Test("globs of ids are taken", arguments: ["*", "acme-*", "@acme/*", "acme-[a-z]?", "acme-[!x]*", "[]a]x*"])
    func globs(name: String) throws {
        #expect(try policy(["threads"], to: name).plugins.keys.sorted() == [name])
    }

    // MARK: - Doubts

    @Test(
        "a grant that covers hardly anything says why",
        arguments: [
            "fs.read:/data/*", "process.exec:/usr/bin/*", "endpoint:/items/*", "net:https://a.example/v*/chat",
            "net:https://a.example/v1?x=1", "net:https://a.example/a b",
            "net.listen:*:8080", "device:disk", "device:usb:12345", "device:usb:12:34:56", "service:nothing",
            "env:AWS_*", "message.subscribe:orders.*",
        ])
    func doubts(text: String) throws {
        #expect(try Permission(parsing: text).doubt != nil)
        // Not if the plugin asks for it in these words.
        #expect(try Permission(parsing: text).warning(grantedTo: try manifest([text])) == nil)
    }

    @Test(
        "a grant in the documented form is no cause for doubt",
        arguments: [
            "fs.read", "fs.read:/data", "net:*.example.com:443", "net:*:*", "net:[::1]:80",
            "net:https://a.example/v1/*", "net:https://*.a.example/*", "net.listen:8080", "net.listen:127.0.0.1:80",
            "device:usb:1234:ABCD", "device:usb", "service:kv", "env:HOME", "message.publish:a", "endpoint:POST /items",
            "threads",
        ])
    func noDoubts(text: String) throws {
        #expect(try Permission(parsing: text).warning(grantedTo: nil) == nil)
    }

    @Test("a grant of what a plugin does not ask for is told")
    func unasked() throws {
        let manifest = try manifest(["fs.read:/data/a", "fs.write:cache", "threads"])
        func warning(_ text: String) throws -> String? { try Permission(parsing: text).warning(grantedTo: manifest) }
        #expect(try warning("jit") == "acme-one asks for no jit")
        #expect(try warning("fs.read:/other") == "acme-one asks for nothing that fs.read:/other covers")
        #expect(try warning("fs.read:/data/*")?.contains("paths are no patterns") == true)
        for text in ["fs.read:/data", "fs.read", "threads", "fs.write:/var/lib/acme-one"] {
            #expect(try warning(text) == nil, "\(text)")
        }
    }

    @Test("what is required and what is optional is told apart, in the manifest's order")
    func optional() throws {
        let manifest = try manifest(["threads", "fs.read:/b", "fs.read:/a", "jit"], optional: ["jit", "fs.read:/b"])
        let decision = try policy(["threads"]).decision(for: manifest)
        #expect(decision.plugin == "acme-one")
        #expect(decision.granted.map(\.request.permission.text) == ["threads"])
        #expect(decision.missingRequired.map(\.request.permission.text) == ["fs.read:/a"])
        #expect(decision.missingOptional.map(\.request.permission.text) == ["fs.read:/b", "jit"])
    }

    @Test("what is granted again is there once, and what is revoked is gone for this name alone")
    func revoking() throws {
        var policy = try policy(["threads", "fs.read:/a"])
        let threads = try Permission(parsing: "threads")
        try policy.grant(.init(threads, reason: "measured"), to: "acme-one")
        try policy.grant(.init(threads), to: "acme-*")
        #expect(policy.plugins["acme-one"]?.count == 2)
        #expect(policy.revoke([threads], from: "acme-one").map(\.reason) == ["measured"])
        #expect(policy.revoke([threads], from: "acme-one").isEmpty)
        #expect(policy.decision(for: try manifest(["threads"])).granted.count == 1)
        #expect(policy.revoke(from: "acme-*").count == 1 && policy.revoke(from: "acme-one").count == 1)
        #expect(policy == GrantPolicy())
    }

    // MARK: - The document

    @Test("a policy is written and read again without loss, in short and long form")
    func document() throws {
        var policy = try policy(["net:*.example.com:443"])
        try policy.grant(
            .init(
                try Permission(parsing: "process.exec"), reason: "runs \"git\"", grantor: "ada", since: 1_767_225_600),
            to: "acme-two")
        try policy.grant(.init(try Permission(parsing: "threads")), to: nil)
        let read = try GrantPolicy(try JSON(parsing: policy.json.text, what: "the policy"), source: "p.json")
        #expect(read.json == policy.json)
        #expect(read.plugins["acme-two"]?.first?.source == "p.json")
        let short = try GrantPolicy(["version": 1, "plugins": ["a": ["threads", "fs.read:x"]]], source: "p.json")
        #expect(short.plugins["a"]?.map(\.permission.text) == ["threads", "fs.read:x"])
    }

    @Test(
        "a damaged policy is an error with its place, and grants nothing",
        arguments: [
            ("[]", ""), (#"{"version": 2}"#, "/version"), ("{}", "/version"), (#"{"version": 1, "deny": []}"#, "/deny"),
            (#"{"version": 1, "default": {}}"#, "/default"), (#"{"version": 1, "default": ["fs.read"]}"#, "/default/0"),
            (#"{"version": 1, "plugins": []}"#, "/plugins"),
            (#"{"version": 1, "plugins": {"a": "threads"}}"#, "/plugins/a"),
            (#"{"version": 1, "plugins": {"a/b": ["wish"]}}"#, "/plugins/a~1b/0"),
            (#"{"version": 1, "plugins": {"a*": ["threads", "net"]}}"#, "/plugins/a*/1"),
            (#"{"version": 1, "plugins": {"a": [{"reason": "x"}]}}"#, "/plugins/a/0/permission"),
            (#"{"version": 1, "plugins": {"a": [{"permission": "threads", "since": "now"}]}}"#, "/plugins/a/0/since"),
            (#"{"version": 1, "plugins": {"a": [{"permission": "threads", "until": 5}]}}"#, "/plugins/a/0/until"),
            (#"{"version": 1, "plugins": {"a": [{"permission": "fs.read:../x"}]}}"#, "/plugins/a/0/permission"),
            (#"{"version": 1, "plugins": {"": ["threads"]}}"#, "/plugins//0"),
            (#"{"version": 1, "plugins": {"x y": ["threads"]}}"#, "/plugins/x y/0"),
            (#"{"version": 1, "plugins": {"a/b": ["threads"]}}"#, "/plugins/a~1b/0"),
        ])
    func damaged(text: String, pointer: String) throws {
        let document = try JSON(parsing: text, what: "the policy")
        let error = #expect(throws: PluginError.self) { try GrantPolicy(document, source: "/x/p.json") }
        #expect(error?.code == .dataLoss)
        guard case .pointer(let place) = error?.facts else {
            Issue.record("no pointer in \(error as Any)")
            return
        }
        // Where it is seen depends on whether the permission or the grant of it is refused.
        #expect(place == pointer || pointer == place + "/permission")
        #expect(error?.message.contains("/x/p.json") == true)
    }
}
