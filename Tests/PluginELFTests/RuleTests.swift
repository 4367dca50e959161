import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

@Suite("Rules", .needsCompiler)
struct RuleTests {
    static let zoo =
        notes + symbols + dependencies + hardening + files + machine + bindings + libraries + builds + lives
        + starts + sidecars

    private static let severities = Dictionary(
        uniqueKeysWithValues: RuleCatalogue.entries.map { ($0.id, $0.severities) })

    @Test("A fault gives exactly its errors and warnings", arguments: zoo)
    func findsExactly(item: RuleCase) throws {
        var verifier = sharedVerifier
        verifier.policy = item.policy
        let verification = try item.plugin.verify(with: verifier, sidecar: item.sidecar)
        let information = verification.findings.filter { $0.severity == .info }.map(\.id)
        #expect(Set(item.information).isSubset(of: information), "\(information)")
        #expect(Set(verification.errorIDs) == Set(item.errors), "\(verification.findings.map(\.message))")
        #expect(Set(verification.warningIDs) == Set(item.warnings), "\(verification.findings.map(\.message))")
        #expect(verification.isLoadable == item.errors.isEmpty)
        for word in item.words {
            let message = verification.findings.first?.message ?? ""
            #expect(message.contains(word), "\(message)")
        }
        for finding in verification.findings {
            #expect(!finding.why.isEmpty && !finding.remedy.isEmpty && !finding.place.isEmpty)
            #expect(!finding.message.hasSuffix(".") && !finding.remedy.hasSuffix("."))
            #expect(Self.severities[finding.id]?.contains(finding.severity) == true, "\(finding.id)")
        }
    }

    /// Where a rule and its severity are broken by another test, and why not here.
    private static let elsewhere: Set<String> = [
        // Two files.
        "S019 warning", "S019 error",
        // A link, and a folder that everybody may write to: ScoreTests.
        "S001 warning", "S001 info",
        // A library that was loaded and is gone: DependencyTests.
        "S031 warning",
    ]

    @Test("Every rule is broken with each of its severities")
    func coversEveryRule() {
        var seen = Self.elsewhere
        for item in Self.zoo {
            seen.formUnion(item.errors.map { "\($0) error" })
            seen.formUnion(item.warnings.map { "\($0) warning" })
            seen.formUnion(item.information.map { "\($0) info" })
        }
        let promised = Set(
            RuleCatalogue.entries.flatMap { rule in rule.severities.map { "\(rule.id) \($0.rawValue)" } })
        #expect(promised.subtracting(seen).sorted() == [])
        #expect(seen.subtracting(promised).sorted() == [])
    }

    @Test("A plugin for SDKs that the host no longer serves says that the plugin must be updated")
    func refusesOldSDK() throws {
        let verifier = Verifier(hostSDK: SDKRange(minimum: 3, maximum: 5))
        let verification = try PluginFixture().verify(with: verifier)
        #expect(verification.errorIDs == ["N004"])
        let refusal = try #require(verification.refusal)
        #expect(refusal.code == .sdkMismatch)
        #expect(refusal.what.contains("requires SDK version 1") && refusal.what.contains("3-5"))
        #expect(refusal.remedy?.hasPrefix("Update the plugin") == true)
        #expect(
            refusal.facts
                == .sdk(
                    required: SDKRange(minimum: 1, maximum: 1), built: 1, host: SDKRange(minimum: 3, maximum: 5)))
    }

    @Test("A plugin for a newer SDK says that the host must be updated")
    func refusesNewSDK() throws {
        let verification = try Self.note([32, 1, 4, 2, 0, 0, 1, 1]).verify()
        let refusal = try #require(verification.refusal)
        #expect(refusal.code == .sdkMismatch && verification.sdk == nil)
        #expect(refusal.remedy?.hasPrefix("Update the host") == true)
    }

    @Test("Host and plugin agree on the newest SDK that both speak")
    func negotiates() throws {
        let verifier = Verifier(hostSDK: SDKRange(minimum: 1, maximum: 6))
        let verification = try Self.note([32, 1, 4, 2, 0, 0, 1, 1]).verify(with: verifier)
        #expect(verification.sdk == 4 && verification.isLoadable)
        #expect(verification.manifest?.version == SemanticVersion("1.2.3"))
    }

    @Test("A refusal carries all findings, errors first")
    func refusalCarriesFindings() throws {
        var plugin = PluginFixture(extra: "KW_EXPORT int assist(void) { return 1; }", script: "")
        plugin.link = ["-Wl,-z,execstack", "-Wl,-z,relro", "-Wl,-z,now"]
        let verification = try plugin.verify()
        #expect(verification.findings.prefix(2).map(\.id) == ["S041", "S013"])
        let refusal = try #require(verification.refusal)
        #expect(refusal.code == .validation && refusal.stage == .verify)
        #expect(refusal.facts == .findings(verification.findings))
        #expect(throws: PluginError.self) { try verification.requireLoadable() }
    }

    @Test("Constructors are listed for information, those of the compiler left out")
    func listsConstructors() throws {
        let plugin = PluginFixture(extra: "__attribute__((constructor)) static void warm_up(void) { __asm__(\"\"); }")
        let verification = try plugin.verify()
        #expect(verification.isLoadable)
        let finding = try #require(verification.finding("S050"))
        #expect(finding.severity == .info && finding.message.contains("warm_up"))
        #expect(!finding.message.contains("frame_dummy"))
        #expect(try PluginFixture().verify().finding("S050") == nil)
    }

    @Test("An export that the operator allows is no warning")
    func honoursThePolicy() throws {
        let plugin = PluginFixture(
            extra: "KW_EXPORT int assist(void) { return 1; }",
            script: "{ global: kw_plugin_entry_1; assist; local: *; };")
        #expect(try plugin.verify().warningIDs == ["S013"])
        let verifier = Verifier(policy: VerificationPolicy(allowedExports: ["assist"]))
        #expect(try plugin.verify(with: verifier).warningIDs.isEmpty)
    }

    @Test("A segment that is writable and executable is refused")
    func refusesWritableCode() throws {
        let folder = try TemporaryFolder()
        var bytes = try contents(PluginFixture().build(in: folder))
        let table = Int(bytes[32]) | Int(bytes[33]) << 8
        let count = Int(bytes[56])
        // The segment that is readable and executable becomes writable, too.
        let code = try #require(
            (0..<count).map { table + $0 * 56 }.first { bytes[$0] == 1 && bytes[$0 + 4] == 5 })
        bytes[code + 4] = 7
        let verification = sharedVerifier.verify(try SharedObject(opening: folder.write(bytes, to: "rwx.so")))
        #expect(verification.errorIDs == ["S008"])
        #expect(verification.findings.first?.risk == .critical)
    }

    @Test("Nothing of a plugin runs while it is read and verified")
    func runsNothing() throws {
        let folder = try TemporaryFolder()
        let witness = folder.file("it-ran")
        let source = """
            #include <fcntl.h>
            #include <unistd.h>
            __attribute__((constructor)) static void leave_a_trace(void)
            {
                int file = open("\(witness)", O_CREAT | O_WRONLY, 0600);
                if (file >= 0) close(file);
            }
            """
        let path = try PluginFixture(extra: source).build(in: folder)
        for _ in 0..<3 { #expect(sharedVerifier.verify(try SharedObject(opening: path)).isLoadable) }
        #expect(!FileManager.default.fileExists(atPath: witness))
        // The witness works: loading does run the constructor.
        let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL)
        #expect(unsafe handle != nil)
        #expect(FileManager.default.fileExists(atPath: witness))
        if let handle = unsafe handle { unsafe dlclose(handle) }
    }
}
