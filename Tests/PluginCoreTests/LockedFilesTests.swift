import PluginCore
import Testing

@Suite("Files beside plugins in lock files")
struct LockedFilesTests {
    private static let digests = (0..<4).map { "sha256:" + String(repeating: "\($0)a", count: 32) }

    private func plugin(_ files: [String: String]) -> PluginCandidate {
        var plugin = PluginCandidate(
            id: "a", version: SemanticVersion("1.0.0")!, sdk: SDKRange(minimum: 1, maximum: 1),
            digest: Self.digests[0])
        plugin.companions = files
        return plugin
    }

    private func lock(_ files: [String: String]) throws -> Lockfile {
        Lockfile(try Resolver([plugin(files)], hostSDK: SDKRange(minimum: 1, maximum: 1)).resolve())
    }

    @Test("are written and read back; where there are none, nothing is said of them")
    func text() throws {
        let files = ["lib/libx.so": Self.digests[1], "a.plugin.json": Self.digests[2]]
        let lock = try lock(files)
        #expect(lock["a"]?.companions == files)
        #expect(lock.json["plugins"]?.arrayValue?[0]["files"] == .object(files.mapValues(JSON.string)))
        #expect(try Lockfile(parsing: lock.text) == lock)
        #expect(try !self.lock([:]).text.contains("files"))
    }

    @Test("are wrong without a digest", arguments: [#"[]"#, #"{"x": 1}"#, #"{"x": "sha256:12"}"#])
    func wrong(files: String) throws {
        var document = try lock(["x": Self.digests[1]]).json
        guard case .object(var entry) = document["plugins"]?.arrayValue?[0] ?? .null else { return }
        entry["files"] = try JSON(parsing: files, what: "a test")
        document = ["version": 1, "plugins": [.object(entry)]]
        let error = #expect(throws: PluginError.self) { try Lockfile(document) }
        #expect(error?.code == .validation)
        #expect(error?.facts == .pointer("/plugins/0/files" + (files == "[]" ? "" : "/x")))
    }

    @Test("that are others, gone or new are a difference that names them")
    func drift() throws {
        let lock = try lock(["x": Self.digests[1], "y": Self.digests[2]])
        #expect(lock.drift(from: [plugin(["x": Self.digests[1], "y": Self.digests[2]])]).isEmpty)
        for (files, names) in [
            (["x": Self.digests[3], "y": Self.digests[2]], ["x"]), (["y": Self.digests[2]], ["x"]), ([:], ["x", "y"]),
            (["x": Self.digests[1], "y": Self.digests[2], "z": Self.digests[3]], ["z"]),
        ] {
            let drift = lock.drift(from: [plugin(files)])
            #expect(drift.map(\.kind) == [.otherFiles(names)])
            #expect(drift[0].message.hasSuffix(names.joined(separator: ", ")))
            #expect(drift[0].json["kind"] == "otherFiles")
            #expect(drift[0].json["files"] == .array(names.map(JSON.string)))
            #expect(throws: PluginError.self) { try lock.check([plugin(files)]) }
        }
    }
}
