import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

@Suite("Score and policy", .needsCompiler)
struct ScoreTests {
    @Test("A sound plugin has all points, and the weights sum to 100")
    func sound() throws {
        let score = try #require(try PluginFixture().verify().score)
        #expect(score.total == 100 && score.isSafe)
        #expect(score.parts.map(\.group) == RuleGroup.allCases)
        #expect(score.parts.reduce(0) { $0 + $1.weight } == 100)
        #expect(score.parts.allSatisfy { $0.points == $0.weight })
    }

    @Test("A warning costs its group a part, by its risk, however often it is given")
    func warnings() throws {
        var plugin = PluginFixture(extra: "KW_EXPORT int a(void) { return 1; }", script: "")
        // A low risk takes an eighth of 15 points.
        #expect(try plugin.verify().score?.total == 98)
        plugin.flags = ["-Wl,-rpath,/opt/one:/opt/two"]
        // A medium one takes two eighths of 20.
        let score = try #require(try plugin.verify().score)
        #expect(score.total == 93 && score.isSafe)
        #expect(score.json["parts"]?["dependencies"] == ["points": 15, "weight": 20])
    }

    @Test("A warning of high risk makes a plugin unsafe, though it may be loaded")
    func unsafe() throws {
        let verification = try RuleTests.calling("exit(1)", "stdlib.h").verify()
        let score = try #require(verification.score)
        #expect(verification.isLoadable && !score.isSafe && score.total == 90)
    }

    @Test("Errors limit the score, those of critical risk more")
    func errors() throws {
        let open = try PluginFixture(flags: ["-Wl,-z,nodlopen"]).verify().score
        #expect(open?.total == SecurityScore.limitWithError && open?.isSafe == false)
        var stack = PluginFixture()
        stack.link = ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,execstack"]
        #expect(try stack.verify().score?.total == SecurityScore.limitWithCriticalError)
    }

    @Test("What a gate refuses has no score")
    func refused() throws {
        #expect(try PluginFixture(edit: { $0.write(0xF3, 18, 2) }).verify().score == nil)
    }

    @Test("Findings of ignored rules are dropped, those of gates never")
    func ignores() throws {
        let folder = try TemporaryFolder()
        let plugin = PluginFixture(extra: "KW_EXPORT int a(void) { return 1; }", script: "", flags: ["-Wl,-rpath,lib"])
        let path = try plugin.build(in: folder)
        let verifier = Verifier(policy: VerificationPolicy(ignoredRules: ["S013", "S034", "S018", "S019"]))
        #expect(verifier.verify(try SharedObject(opening: path)).findings.allSatisfy { $0.severity == .info })
        let other = try plugin.build(in: folder, name: "two")
        let pair = [try SharedObject(opening: path), try SharedObject(opening: other)]
        #expect(verifier.verify(pair).allSatisfy { $0.isLoadable && $0.score?.total == 100 })
        let gates = Verifier(policy: VerificationPolicy(ignoredRules: ["S002", "S003", "S005"]))
        #expect(try PluginFixture(edit: { $0.write(0xF3, 18, 2) }).verify(with: gates).errorIDs == ["S002"])
    }

    @Test("What breaks a rule in more places is told fifty times, errors first")
    func limitsFindings() throws {
        let paths = (1...63).map { "/opt/\($0)" } + ["lib"]
        let verification = try PluginFixture(flags: ["-Wl,-rpath,\(paths.joined(separator: ":"))"]).verify()
        let found = verification.findings.filter { $0.id == "S034" }
        #expect(found.count == 50 && verification.errorIDs == ["S034"])
        #expect(found.last?.message.hasSuffix("14 findings more are left out") == true)
    }

    @Test("A symbolic link into another folder, and a folder that everybody may write to, are told")
    func folders() throws {
        let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
        let path = try PluginFixture().build(in: folder)
        try FileManager.default.createSymbolicLink(atPath: other.file("link.so"), withDestinationPath: path)
        let linked = sharedVerifier.verify(try SharedObject(opening: other.file("link.so")))
        let link = try #require(linked.finding("S001"))
        #expect(link.severity == .info && link.message.contains("witness.so"))
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
        let open = sharedVerifier.verify(try SharedObject(opening: path))
        #expect(open.warningIDs == ["S001"] && open.finding("S001")?.place == "folder")
    }

    @Test("The sample plugins have no errors and no warnings", .needsSamples)
    func samples() throws {
        let paths = try SamplePlugins.paths()
        let verifications = sharedVerifier.verify(try paths.map { try SharedObject(opening: $0) })
        #expect(!paths.isEmpty)
        for (path, verification) in zip(paths, verifications) {
            let serious = verification.findings.filter { $0.severity != .info }
            #expect(serious.isEmpty, "\(path): \(serious.map { "\($0.id) \($0.message)" })")
            #expect(verification.score?.total == 100 && verification.score?.isSafe == true)
        }
    }
}

/// The plugins of this repository, where they are built.
enum SamplePlugins {
    static let folder =
        ProcessInfo.processInfo.environment["KEYWAY_TEST_PLUGINS"]
        ?? PluginFixture.repository + "/.build/release/plugins"

    static func paths() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".so") }.sorted()
            .map { "\(folder)/\($0)" }
    }
}

extension Trait where Self == ConditionTrait {
    static var needsSamples: Self {
        .enabled(
            if: FileManager.default.fileExists(atPath: SamplePlugins.folder),
            "the sample plugins are not built (make plugins)")
    }
}
