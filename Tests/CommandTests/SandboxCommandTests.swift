import Foundation
import PluginCore
import Testing

/// What plugins are kept from, from the command line.
@Suite("keyway and the sandbox", .timeLimit(.minutes(10)))
struct SandboxCommandTests {
    private static let embedder = "\(Command.plugins)/hash-embedder.so"

    @Test("doctor lists what the kernel offers, and why something is missing") func doctor() async throws {
        let mechanisms = try #require(try await Command.run(["doctor", "--json"]).json()["mechanisms"]?.arrayValue)
        #expect(mechanisms.count > 10)
        for mechanism in mechanisms {
            #expect(mechanism["name"]?.stringValue?.isEmpty == false)
            #expect(mechanism["minimum"]?.stringValue?.isEmpty == false)
            #expect((mechanism["available"] == true) == (mechanism["why"] == .null), "\(mechanism)")
        }
        let text = try await Command.run(["doctor"]).stdout
        #expect(mechanisms.allSatisfy { text.contains($0["name"]?.stringValue ?? "?") })
    }

    @Test("inspect --sandbox says it of what would be allowed, limited and required, too") func inspectWith()
        async throws
    {
        func state(_ name: String, _ words: String...) async throws -> JSON? {
            let output = try await Command.run(["inspect", "--sandbox", Self.embedder, "--json"] + words)
            #expect(output.status == 0, "\(output.stdout)")
            return try output.json()["guarantees"]?.arrayValue?.first { $0["name"] == .string(name) }?["state"]
        }
        #expect(try await state("fileSize") == "notEnforced")
        #expect(try await state("fileSize", "--limit", "fileSize=1M") == "enforced")
        #expect(try await state("disk") == "enforced")
        #expect(try await state("disk", "--allow", "fs.write=/tmp") == "notEnforced")
        #expect(try await state("disk", "--allow", "fs.write=/tmp", "--limit", "disk=1M") == "partial")
        #expect(try await state("files", "--require", "files") == "enforced")
        let refused = try await Command.run(["inspect", "--sandbox", Self.embedder, "--require", "fileSize", "--json"])
        #expect(refused.status == 1)
        #expect(try refused.json()["error"]?["code"] == "sandboxUnavailable")
        for words in [
            ["--sandbox", "--limit", "colour=1"], ["--sandbox", "--allow", "fs.read="], ["--limit", "wall=1s"],
        ] {
            #expect(try await Command.run(["inspect", Self.embedder, "--json"] + words).status == 2, "\(words)")
        }
    }

    @Test("inspect --sandbox says of every guarantee whether it is enforced") func inspect() async throws {
        let output = try await Command.run(["inspect", "--sandbox", Self.embedder, "--json"])
        #expect(output.status == 0)
        let guarantees = try #require(try output.json()["guarantees"]?.arrayValue)
        let names = guarantees.compactMap { $0["name"]?.stringValue }
        #expect(names == SandboxGuarantee.Name.allCases.map(\.rawValue))
        for guarantee in guarantees {
            let state = guarantee["state"]
            #expect(["enforced", "partial", "notEnforced"].contains(state))
            #expect((guarantee["reason"] == .null) == (state == "enforced"), "\(guarantee)")
            #expect((guarantee["by"] == .null) == (state == "notEnforced"), "\(guarantee)")
        }
        let text = try await Command.run(["inspect", "--sandbox", Self.embedder])
        #expect(text.status == 0 && names.allSatisfy(text.stdout.contains))
        let missing = try await Command.run(["inspect", "--sandbox", "/nowhere.so", "--json"])
        #expect(missing.status == 1)
        #expect(try missing.json()["error"]?["code"] == "notFound")
    }

    @Test("what is required and cannot be had is an error that names it") func required() async throws {
        let words = ["call-adapter", "embed", "--plugin", Self.embedder, "--text", "x", "--isolate", "--json"]
        let output = try await Command.run(words + ["--require", "fileSize"])
        #expect(output.status == 1)
        let error = try #require(try output.json()["error"])
        #expect(error["code"] == "sandboxUnavailable")
        #expect(error["message"]?.stringValue?.contains("fileSize") == true)
        #expect(try await Command.run(words + ["--require", "files", "--require", "network"]).status == 0)
        #expect(try await Command.run(words + ["--no-sandbox"]).status == 0)
    }

    @Test(
        "what is allowed to nobody, such as an unset variable's path, is wrong usage",
        arguments: ["fs.read=", "fs.write=", "env=", "net="])
    func nothing(_ grant: String) async throws {
        let words = ["call-adapter", "embed", "--plugin", Self.embedder, "--text", "x", "--isolate", "--json"]
        let output = try await Command.run(words + ["--allow", grant])
        #expect(output.status == 2)
        #expect(try output.json()["error"]?["code"] == "usage")
    }

    @Test("doctor does not take any program for the one that runs plugins") func otherProgram() async throws {
        let output = try await Command.run(["doctor", "--json"], environment: ["KEYWAY_WORKER": "/bin/true"])
        let checks = try #require(try output.json()["checks"]?.arrayValue)
        let worker = try #require(checks.first { $0["name"] == "worker" })
        #expect(worker["state"] == "warning" && worker["detail"]?.stringValue?.contains("/bin/true") == true)
    }

    @Test("an audit of plugins in this process is said to tell nothing") func unheard() async throws {
        let folder = try TemporaryFolder()
        let log = folder.url.appendingPathComponent("log").path
        let words = ["call-adapter", "embed", "--plugin", Self.embedder, "--text", "x", "--dims", "8", "--audit", log]
        let note = "nothing is told of hash-embedder in this process; give --isolate"
        #expect(try await Command.run(words).stderr.contains(note))
        #expect(try await !Command.run(words + ["--isolate"]).stderr.contains(note))
    }

    @Test("a file is out of reach until it is allowed, and said so") func allowed() async throws {
        let folder = try TemporaryFolder()
        let plugin = try await UnrulyCommandPlugin.build(in: folder)
        let file = try folder.write("text", to: "secret").path
        let words = ["call-adapter", "embed", "--plugin", plugin, "--text", "read \(file)", "--isolate", "--json"]
        let denied = try await Command.run(words)
        #expect(denied.status == 1)
        #expect(try denied.json()["error"]?["code"] == "permissionDenied")
        #expect(try await Command.run(words + ["--allow", "fs.read=\(file)"]).status == 0)
        #expect(try await Command.run(words + ["--allow", "fs.read=secret"], in: folder.url).status == 0)
        #expect(try await Command.run(words + ["--allow", "fs.read:\(file)", "--allow", "threads"]).status == 0)
        #expect(try await Command.run(words + ["--allow", "fs.read=\(file)-else"]).status == 1)
    }

    @Test("a host is out of reach until it is allowed, and its other ports stay so") func network() async throws {
        let (listener, port) = try Self.listen()
        let (other, otherPort) = try Self.listen()
        defer { for socket in [listener, other] { close(socket) } }
        let folder = try TemporaryFolder()
        let plugin = try await UnrulyCommandPlugin.build(in: folder, ["NETWORK"])
        func reach(_ port: UInt16, _ grants: String...) async throws -> Command.Output {
            try await Command.run(
                ["call-adapter", "embed", "--plugin", plugin, "--text", "net reach 127.0.0.1 \(port)"]
                    + ["--isolate", "--json"] + grants.flatMap { ["--allow", $0] }, in: folder.url)
        }
        for grant in ["net=127.0.0.1:\(port)", "net=localhost:\(port)"] {
            #expect(try await reach(port, grant).status == 0)
            let denied = try await reach(otherPort, grant)
            #expect(denied.status == 1)
            #expect(try denied.json()["error"]?["code"] == "permissionDenied")
        }
        #expect(try await reach(otherPort, "net=127.0.0.1:\(port)", "net=127.0.0.1:\(otherPort)").status == 0)
        #expect(try await reach(port).status == 1)
        for wrong in ["ex*mple.com:443", "a b:80", "[:80", "https://h:99999", "*.:443"] {
            let refused = try await reach(port, "net=\(wrong)")
            let text = "the permission \\\"net:\(wrong)\\\" cannot be"
            #expect(refused.status == 2 && refused.stdout.contains(text), "\(refused.stdout)")
        }
    }

    @Test("what was reached for is written down, shown, learned and compared") func audit() async throws {
        let (listener, port) = try Self.listen()
        defer { close(listener) }
        let folder = try TemporaryFolder()
        let plugin = try await UnrulyCommandPlugin.build(in: folder, ["NETWORK"])
        func reach(_ address: String, _ words: String...) async throws -> Command.Output {
            try await Command.run(
                ["call-adapter", "embed", "--plugin", plugin, "--text", "net reach \(address) \(port)", "--isolate"]
                    + ["--allow", "net=127.0.0.1:\(port)", "--json"] + words, in: folder.url)
        }
        #expect(try await reach("127.0.0.1", "--audit", "log").status == 0)
        let learned = try await Command.run(["audit", "learn", "log"], in: folder.url)
        #expect(learned.status == 0)
        try folder.write(Data(learned.stdout.utf8), to: "profile.json")
        #expect(try await reach("127.0.0.2", "--audit", "log", "--profile", "profile.json").status == 1)
        let shown = try await Command.run(["audit", "show", "log", "--json"], in: folder.url).json()
        let accesses = try #require(shown["plugins"]?.arrayValue?.first?["accesses"]?.arrayValue)
        #expect(
            accesses == [
                ["action": "connect", "resource": .string("127.0.0.1:\(port)"), "allowed": 1, "refused": 0],
                ["action": "connect", "resource": .string("127.0.0.2:\(port)"), "allowed": 0, "refused": 1],
            ])
        #expect(shown["unreadable"] == 0)
        let missing = try await Command.run(["audit", "show", "nothing", "--json"], in: folder.url)
        #expect(try missing.status == 1 && missing.json()["error"]?["code"] == "notFound")
        #expect(try await reach("127.0.0.1", "--quarantine-departures").status == 2)
        let unnamed = try await reach("127.0.0.1", "--profile", "")
        #expect(unnamed.status == 2 && unnamed.stdout.contains("--profile names no file"), "\(unnamed.stdout)")
        let damaged = try await reach("127.0.0.1", "--profile", "log")
        #expect(damaged.status == 1)
    }

    @Test("whether a plugin may do something is asked without running it") func check() async throws {
        let plugin = "\(Command.plugins)/hash-embedder.so"
        let denied = try await Command.run(["permissions", "check", plugin, "fs.read:/etc/passwd", "--json"])
        #expect(denied.status == 1)
        #expect(try denied.json()["allowed"] == false && denied.json()["permission"] == "fs.read:/etc/passwd")
        #expect(try await Command.run(["permissions", "check", plugin, "sing"]).status == 2)
    }

    /// Whoever connects is not answered, and connected all the same.
    private static func listen() throws -> (socket: Int32, port: UInt16) {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = unsafe withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = unsafe bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
            return unsafe bind(made, pointer, size) == 0 && Glibc.listen(made, 8) == 0
                && getsockname(made, pointer, &size) == 0
        }
        try #require(isListening, "errno \(errno)")
        return (made, UInt16(bigEndian: address.sin_port))
    }

    @Test(
        "what is no grant and no guarantee is a mistake in the command",
        arguments: [
            ["--isolate", "--allow", "everything"], ["--isolate", "--allow", "fs.read"],
            ["--isolate", "--allow", "nothing=x"],
            ["--isolate", "--allow", "net=nowhere"], ["--isolate", "--require", "luck"], ["--allow", "fs.read=/"],
            ["--require", "files"], ["--no-sandbox"],
        ])
    func mistakes(_ arguments: [String]) async throws {
        let words = ["call-adapter", "embed", "--plugin", Self.embedder, "--text", "x"]
        #expect(try await Command.run(words + arguments).status == 2)
    }
}
