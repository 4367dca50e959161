import Foundation
import PluginCore
import Testing

@Suite("The lock file on the command line", .timeLimit(.minutes(10)))
struct LockCommandTests {
    private func resolve(_ folder: TemporaryFolder, _ options: [String], json: Bool = true) async throws
        -> Command.Output
    {
        let arguments = ["resolve", "--path", folder.url.path] + options + (json ? ["--json"] : [])
        return try await Command.run(arguments, in: folder.url)
    }

    @Test("resolve writes keyway.lock, takes the locked versions, and refuses and lists drift")
    func resolveLock() async throws {
        let folder = try TemporaryFolder()
        try NotedPlugin.build("store", "1.0.0", in: folder)
        try NotedPlugin.build("app", "1.0.0", #","dependencies":{"store":"*"}"#, in: folder)
        #expect(try await resolve(folder, ["--locked"]).status == 1)
        let written = try await resolve(folder, ["--write-lock"])
        #expect(try written.status == 0 && written.json()["lock"] == "keyway.lock")
        let path = folder.url.appendingPathComponent("keyway.lock").path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try Lockfile(parsing: text).entries.map(\.id) == ["app", "store"])
        let same = try await resolve(folder, ["--locked"])
        #expect(try same.status == 0 && same.json()["order"] == ["store", "app"] && same.json()["drift"] == [])
        // A newer version beside the locked one is not taken, and no drift.
        try NotedPlugin.build("store", "2.0.0", in: folder)
        func version(_ options: [String]) async throws -> JSON? {
            try await resolve(folder, options).json()["plugins"]?.arrayValue?.first?["version"]
        }
        #expect(try await version([]) == "2.0.0")
        #expect(try await version(["--lock", "keyway.lock"]) == "1.0.0")
        #expect(try await version(["--locked"]) == "1.0.0")
        // Other bytes of the locked version are drift, and so is a plugin that nobody locked.
        try NotedPlugin.build("store", "1.0.0", #","description":"other""#, in: folder)
        try NotedPlugin.build("new", "1.0.0", in: folder)
        let drifted = try await resolve(folder, ["--locked"])
        #expect(drifted.status == 1)
        let json = try drifted.json()
        #expect(json["error"]?["code"] == "dependency" && json["order"] == [])
        #expect(json["drift"]?.arrayValue?.compactMap { $0["kind"]?.stringValue } == ["notLocked", "otherDigest"])
        #expect(json["conflicts"]?.arrayValue?.count == 2)
        let page = try await resolve(folder, ["--locked"], json: false)
        #expect(page.status == 1 && page.stdout.isEmpty && page.stderr.contains("store 1.0.0 is locked with sha256:"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        #expect(try await resolve(folder, ["--write-lock"]).status == 0)
        #expect(try await resolve(folder, ["--locked"]).status == 0)
    }

    @Test("what cannot be resolved writes no lock, and a damaged or missing lock is an error")
    func damaged() async throws {
        let folder = try TemporaryFolder()
        try NotedPlugin.build("app", "1.0.0", #","dependencies":{"store":"*"}"#, in: folder)
        #expect(try await resolve(folder, ["--write-lock"]).status == 1)
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("keyway.lock").path))
        let missing = try await resolve(folder, ["--lock", "none.lock"])
        #expect(try missing.status == 1 && missing.json()["error"]?["code"] == "notFound")
        try folder.write(#"{"version":1,"plugins":[{"id":"a"}]}"#, to: "bad.lock")
        let damaged = try await resolve(folder, ["--lock", "bad.lock"])
        #expect(try damaged.json()["error"]?["pointer"] == "/plugins/0/digest")
        #expect(try await resolve(folder, ["--write-lock", "--locked"]).status == 2)
    }

    @Test("call-adapter and ask load what is locked, and nothing else")
    func loading() async throws {
        let folder = try TemporaryFolder()
        for name in ["hash-embedder", "flat-vectors"] {
            try FileManager.default.copyItem(
                atPath: "\(Command.plugins)/\(name).so", toPath: "\(folder.url.path)/\(name).so")
        }
        #expect(try await resolve(folder, ["--write-lock"]).status == 0)
        let call = ["call-adapter", "embed", "--text", "x", "--json", "--lock", "keyway.lock", "--plugin"]
        let locked = try await Command.run(call + ["./hash-embedder.so"], in: folder.url)
        #expect(locked.status == 0, "\(locked)")
        let other = try await Command.run(call + ["\(Command.plugins)/extractive-provider.so"], in: folder.url)
        #expect(try other.status == 1 && other.json()["error"]?["code"] == "dependency")
        #expect(try other.json()["error"]?["message"]?.stringValue?.contains("not locked") == true)
        try folder.write("# A title\n\nSome text about plugins.\n", to: "docs/a.md")
        let ask = try await Command.run(
            ["ask", "What?", "--no-cache", "--path", Command.plugins, "--lock", "keyway.lock", "--json"], in: folder.url
        )
        #expect(try ask.status == 1 && ask.json()["error"]?["code"] == "dependency")
    }
}
