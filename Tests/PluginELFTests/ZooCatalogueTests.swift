import Foundation
import PluginCore
import PluginELF
import Testing

@Suite("The catalogue of rules")
struct RuleCatalogueTests {
    private static let ruled = """
        N001 N002 N003 N004 N005 N006 M001 M002 M003 M004
        S001 S002 S003 S004 S005 S006 S007 S008 S009 S010 S012 S013 S014 S015 S016 S017 S018 S019 S020
        S030 S031 S032 S033 S034 S035 S036 S037 S038 S039 S040 S041 S042 S043 S044 S045 S046 S047 S048 S049
        S050 S051 S052 S053 S054 S055 S056
        """.split { $0 == " " || $0 == "\n" }.map(String.init)

    @Test("Every rule is there once, and says what, why and how to fix")
    func isComplete() {
        #expect(RuleCatalogue.entries.map(\.id).sorted() == Self.ruled.sorted())
        #expect(RuleCatalogue.entries.count == Verifier.ruleCount)
        for entry in RuleCatalogue.entries {
            #expect(!entry.title.isEmpty && !entry.why.isEmpty && !entry.remedy.isEmpty && !entry.severities.isEmpty)
            #expect(!entry.why.hasSuffix(".") && !entry.remedy.hasSuffix("."), "\(entry.id)")
            #expect(Set(entry.severities).count == entry.severities.count, "\(entry.id)")
        }
    }

    @Test("The gates come before every rule that is not early")
    func putsGatesFirst() throws {
        let ids = RuleCatalogue.entries.map(\.id)
        let last = try #require(RuleCatalogue.entries.lastIndex { $0.isGate })
        #expect(RuleCatalogue.entries.filter(\.isGate).map(\.id) == ["S002", "S003", "S005"])
        #expect(Set(ids[..<last]).isSubset(of: ["S001", "S002", "S003"]))
    }

    @Test("docs/rules.md is what the rules say")
    func pageIsCurrent() throws {
        let page = PluginFixture.repository + "/docs/rules.md"
        if ProcessInfo.processInfo.environment["KEYWAY_WRITE_RULES"] == "1" {
            try RuleCatalogue.markdown.write(toFile: page, atomically: true, encoding: .utf8)
        }
        let isCurrent = try String(contentsOfFile: page, encoding: .utf8) == RuleCatalogue.markdown
        #expect(
            isCurrent,
            "docs/rules.md is old; write it: KEYWAY_WRITE_RULES=1 swift test --filter PluginELFTests.RuleCatalogueTests"
        )
    }
}
