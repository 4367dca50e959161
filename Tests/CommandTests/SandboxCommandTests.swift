import Foundation
import PluginCore
import Testing

/// What plugins are kept from, from the command line.
@Suite("keyway and the sandbox", .timeLimit(.minutes(5)))
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
        let output = try await Command.run(words + ["--require", "metadata"])
        #expect(output.status == 1)
        let error = try #require(try output.json()["error"])
        #expect(error["code"] == "sandboxUnavailable")
        #expect(error["message"]?.stringValue?.contains("metadata") == true)
        #expect(try await Command.run(words + ["--require", "files", "--require", "network"]).status == 0)
        #expect(try await Command.run(words + ["--no-sandbox"]).status == 0)
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
        #expect(try await Command.run(words + ["--allow", "fs.read=\(file)-else"]).status == 1)
    }

    @Test(
        "what is no grant and no guarantee is a mistake in the command",
        arguments: [
            ["--isolate", "--allow", "everything"], ["--isolate", "--allow", "nothing=x"],
            ["--isolate", "--allow", "net=nowhere"], ["--isolate", "--require", "luck"], ["--allow", "fs.read=/"],
            ["--require", "files"], ["--no-sandbox"],
        ])
    func mistakes(_ arguments: [String]) async throws {
        let words = ["call-adapter", "embed", "--plugin", Self.embedder, "--text", "x"]
        #expect(try await Command.run(words + arguments).status == 2)
    }
}
