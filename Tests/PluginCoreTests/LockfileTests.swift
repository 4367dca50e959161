import PluginCore
import Testing

@Suite("Lock files")
struct LockfileTests {
    private static let digests = (0..<4).map { "sha256:" + String(repeating: "\($0)a", count: 32) }

    private func plugin(
        _ id: String, _ version: String, _ digest: Int, needs: [String] = [], maximum: UInt32? = 2
    ) -> PluginCandidate {
        PluginCandidate(
            id: id, version: SemanticVersion(version)!,
            relations: PluginRelations(dependencies: needs.map { PluginDependency($0) }),
            sdk: SDKRange(minimum: 1, maximum: maximum), digest: Self.digests[digest])
    }

    private func resolve(_ candidates: [PluginCandidate], pins: [String: SemanticVersion] = [:]) throws -> Resolution {
        try Resolver(candidates, hostSDK: SDKRange(minimum: 1, maximum: 2), pins: pins).resolve()
    }

    private var installed: [PluginCandidate] {
        [plugin("b", "1.0.0", 0, maximum: nil), plugin("a", "2.1.0+x", 1, needs: ["b"])]
    }

    private static let text = """
        {
          "plugins": [
            {
              "dependencies": {
                "b": "1.0.0"
              },
              "digest": "\(digests[1])",
              "id": "a",
              "sdk": {
                "maxVersion": 2,
                "minVersion": 1
              },
              "version": "2.1.0+x"
            },
            {
              "dependencies": {},
              "digest": "\(digests[0])",
              "id": "b",
              "sdk": {
                "maxVersion": null,
                "minVersion": 1
              },
              "version": "1.0.0"
            }
          ],
          "version": 1
        }

        """

    @Test("have one text for what was chosen, which reads back as itself")
    func text() throws {
        let lock = Lockfile(try resolve(installed))
        #expect(lock.text == Self.text)
        #expect(try Lockfile(parsing: lock.text) == lock)
        #expect(lock["a"]?.dependencies == ["b": SemanticVersion("1.0.0")!])
    }

    @Test("keep what they locked when something newer is installed")
    func pins() throws {
        let lock = Lockfile(try resolve(installed))
        let more = installed + [plugin("b", "1.1.0", 2)]
        #expect(try resolve(more)["b"]?.version == SemanticVersion("1.1.0"))
        let locked = try resolve(more, pins: lock.pins)
        #expect(Lockfile(locked) == lock)
        try lock.check(more)
    }

    @Test("tell every kind of drift, and refuse it")
    func drift() throws {
        let lock = Lockfile(
            try resolve(installed + [plugin("c", "1.0.0", 2), plugin("d", "1.0.0", 3)]))
        #expect(lock.drift(from: installed + [plugin("c", "1.0.0", 2), plugin("d", "1.0.0", 3)]).isEmpty)
        let now = [
            plugin("a", "2.1.0+y", 1), plugin("b", "1.0.0", 3), plugin("d", "1.0.0", 3), plugin("e", "1.0.0", 0),
        ]
        let drift = lock.drift(from: now.reversed())
        #expect(drift.map(\.id) == ["a", "b", "c", "e"])
        #expect(
            drift.map(\.kind) == [
                .otherVersion(installed: [SemanticVersion("2.1.0+y")!]), .otherDigest(installed: Self.digests[3]),
                .missing, .notLocked(installed: [SemanticVersion("1.0.0")!]),
            ])
        #expect(drift.map { $0.json["kind"] } == ["otherVersion", "otherDigest", "missing", "notLocked"])
        let error = try #require(throws: PluginError.self) { try lock.check(now) }
        #expect(error.code == .dependency)
        #expect(error.facts == .names(["a", "b", "c", "e"]))
        for difference in drift { #expect(error.what.contains(difference.message)) }
        #expect(error.what.contains("a 2.1.0+x is locked, and installed is 2.1.0+y"))
        #expect(error.what.contains("e 1.0.0 is installed, and not locked"))
    }

    @Test("tell of what is locked and left out why, and not that it is missing")
    func leftOut() throws {
        let lock = Lockfile(try resolve(installed))
        let off = LeftOutPlugin(
            id: "b", version: SemanticVersion("1.0.0"), reason: "it is disabled", remedy: "Enable it")
        let drift = lock.drift(from: installed.filter { $0.id != "b" }, leftOut: [off])
        #expect(drift.map(\.kind) == [.leftOut(off)])
        #expect(drift[0].message == "b 1.0.0 is locked, and installed, but left out: it is disabled")
        #expect(drift[0].json["kind"] == "leftOut" && drift[0].json["remedy"] == "Enable it")
        #expect(lock.drift(from: installed, leftOut: [off]).isEmpty)
    }

    @Test("take two files of the locked version for drift, because the wrong one could be loaded")
    func twoFiles() throws {
        let lock = Lockfile(try resolve(installed))
        let drift = lock.drift(from: installed + [plugin("b", "1.0.0", 3)])
        #expect(drift.map(\.kind) == [.otherDigest(installed: Self.digests[3])])
    }

    static let wrong: [(change: (String, String), pointer: String)] = [
        (("\"version\": 1\n", "\"version\": 2\n"), "/version"),
        (("\"version\": 1\n", "\"version\": \"1\"\n"), "/version"),
        (("\"plugins\": [", "\"more\": 1, \"plugins\": ["), "/more"),
        (("\"id\": \"a\"", "\"id\": \"b\""), "/plugins/1/id"),
        (("\"id\": \"a\"", "\"id\": \"\""), "/plugins/0/id"),
        (("\"id\": \"a\"", "\"id\": \"a\", \"x/y\": 1"), "/plugins/0/x~1y"),
        (("\"version\": \"2.1.0+x\"", "\"version\": \"2.1\""), "/plugins/0/version"),
        (("sha256:1a", "sha256:1A"), "/plugins/0/digest"), (("sha256:0a", "sha256:"), "/plugins/1/digest"),
        (("sha256:0a", "sha512:0a"), "/plugins/1/digest"),
        (("\"b\": \"1.0.0\"", "\"b\": \"1.0.1\""), "/plugins/0/dependencies/b"),
        (("\"b\": \"1.0.0\"", "\"z\": \"1.0.0\""), "/plugins/0/dependencies/z"),
        (("\"b\": \"1.0.0\"", "\"b\": 1"), "/plugins/0/dependencies/b"),
        (("\"dependencies\": {}", "\"dependencies\": []"), "/plugins/1/dependencies"),
        (("\"maxVersion\": 2", "\"maxVersion\": 0"), "/plugins/0/sdk/maxVersion"),
        (("\"maxVersion\": null,", ""), "/plugins/1/sdk/maxVersion"),
        (("\"minVersion\": 1", "\"minVersion\": 0"), "/plugins/0/sdk/minVersion"),
        (("\"minVersion\": 1", "\"minVersion\": 4294967296"), "/plugins/0/sdk/minVersion"),
    ]

    @Test("that are wrong are refused with the place", arguments: wrong)
    func errors(change: (String, String), pointer: String) throws {
        let place = try #require(Self.text.firstRange(of: change.0))
        let text = Self.text.replacingCharacters(in: place, with: change.1)
        let error = try #require(throws: PluginError.self) { try Lockfile(parsing: text) }
        #expect(error.code == .validation)
        #expect(error.facts == .pointer(pointer), "\(error.what)")
        #expect(error.remedy != nil)
    }

    @Test("cut at any byte are an error and nothing worse")
    func truncated() {
        let bytes = Array(Self.text.utf8)
        for count in 0..<(bytes.count - 2) {
            #expect(throws: PluginError.self) {
                try Lockfile(parsing: String(decoding: bytes.prefix(count), as: UTF8.self))
            }
        }
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
