import PluginCore
import Testing

/// A range, its canonical text, versions that fit and versions that do not, each list between spaces.
struct RangeCase: Sendable, CustomTestStringConvertible {
    let text: String
    let canonical: String
    let fitting: String
    let other: String

    init(_ text: String, _ canonical: String, fits fitting: String, not other: String) {
        (self.text, self.canonical, self.fitting, self.other) = (text, canonical, fitting, other)
    }

    var testDescription: String { "\"\(text)\"" }

    static let releases: [RangeCase] = [
        // Every version.
        RangeCase("", "*", fits: "0.0.0 7.8.9", not: "1.0.0-a"),
        RangeCase("*", "*", fits: "0.0.0 7.8.9 1.0.0+b", not: "1.0.0-a"),
        RangeCase("x.X.*", "*", fits: "1.2.3", not: "1.2.3-0"),
        RangeCase(">=0.0.0", "*", fits: "0.0.0", not: "0.0.0-0"),
        RangeCase("1 ||", "*", fits: "2.0.0", not: "1.0.0-a"),
        RangeCase("1.0.0-a || *", "*", fits: "2.0.0", not: "1.0.0-a"),
        // No version.
        RangeCase(">*", "<0.0.0-0", fits: "", not: "0.0.0-0 0.0.0 1.0.0"),
        RangeCase("<x 1.2.3", "<0.0.0-0", fits: "", not: "1.2.3"),
        RangeCase("<* || 1.2.3", "1.2.3", fits: "1.2.3", not: "0.0.0"),
        // Exactly.
        RangeCase("1.2.3", "1.2.3", fits: "1.2.3 1.2.3+b", not: "1.2.4 1.2.2 1.2.3-a"),
        RangeCase("v1.2.3+build.7", "1.2.3", fits: "1.2.3+other", not: "1.2.4"),
        RangeCase(" =  v1.2.3-a.1 ", "1.2.3-a.1", fits: "1.2.3-a.1", not: "1.2.3 1.2.3-a.2"),
        // Parts left open.
        RangeCase("1", ">=1.0.0 <2.0.0-0", fits: "1.0.0 1.9.9", not: "0.9.9 2.0.0 2.0.0-0 1.0.0-a"),
        RangeCase("=1.2.x", ">=1.2.0 <1.3.0-0", fits: "1.2.0 1.2.99", not: "1.3.0 1.1.9"),
        RangeCase("1.x.3-beta", ">=1.0.0 <2.0.0-0", fits: "1.7.0", not: "2.0.0 1.0.0-beta"),
        RangeCase("v=1.*", ">=1.0.0 <2.0.0-0", fits: "1.1.1", not: "2.0.0"),
        // Caret: the first number that is not zero stays.
        RangeCase("^1.2.3", ">=1.2.3 <2.0.0-0", fits: "1.2.3 1.9.0", not: "1.2.2 2.0.0 2.0.0-a 1.3.0-a"),
        RangeCase("^0.2.3", ">=0.2.3 <0.3.0-0", fits: "0.2.9", not: "0.3.0 0.2.2"),
        RangeCase("^0.0.3", ">=0.0.3 <0.0.4-0", fits: "0.0.3", not: "0.0.4"),
        RangeCase("^0.0", "<0.1.0-0", fits: "0.0.9", not: "0.1.0"),
        RangeCase("^0", "<1.0.0-0", fits: "0.9.0", not: "1.0.0"),
        RangeCase("^ =1.2", ">=1.2.0 <2.0.0-0", fits: "1.2.0", not: "1.1.0"),
        RangeCase("^x", "*", fits: "9.9.9", not: "9.9.9-a"),
        RangeCase("^0.0.1-a", ">=0.0.1-a <0.0.2-0", fits: "0.0.1-a 0.0.1-b 0.0.1", not: "0.0.2 0.0.1-0"),
        // Tilde: the patch may change, or what is left out.
        RangeCase("~1.2.3", ">=1.2.3 <1.3.0-0", fits: "1.2.9", not: "1.3.0 1.2.2"),
        RangeCase("~>1.2", ">=1.2.0 <1.3.0-0", fits: "1.2.0", not: "1.3.0"),
        RangeCase("~ > 1", ">=1.0.0 <2.0.0-0", fits: "1.5.0", not: "2.0.0"),
        RangeCase("~0", "<1.0.0-0", fits: "0.5.0", not: "1.0.0"),
        RangeCase("~==1.2.3", ">=1.2.3 <1.3.0-0", fits: "1.2.3", not: "1.3.0"),
        // Comparisons, with parts left open.
        RangeCase(">1.2.3 <=  2", ">1.2.3 <3.0.0-0", fits: "1.2.4 2.9.9", not: "1.2.3 3.0.0"),
        RangeCase(">1", ">=2.0.0", fits: "2.0.0", not: "1.9.9 2.0.0-a"),
        RangeCase(">1.2", ">=1.3.0", fits: "1.3.0", not: "1.2.9"),
        RangeCase("<1.2.x", "<1.2.0-0", fits: "1.1.9", not: "1.2.0 1.2.0-a"),
        RangeCase("<=1.2", "<1.3.0-0", fits: "1.2.9", not: "1.3.0"),
        RangeCase("> =1.2.3", ">=1.2.3", fits: "1.2.3", not: "1.2.2"),
        RangeCase(">=1.2.3 >=1.2.3 *", ">=1.2.3", fits: "1.2.3", not: "1.2.2"),
        RangeCase("1.2.3 1.2.4", "1.2.3 1.2.4", fits: "", not: "1.2.3 1.2.4"),
        // Hyphens.
        RangeCase("1.2.3 - 2.3.4", ">=1.2.3 <=2.3.4", fits: "1.2.3 2.3.4", not: "1.2.2 2.3.5"),
        RangeCase("1.2 - 2.3", ">=1.2.0 <2.4.0-0", fits: "1.2.0 2.3.9", not: "2.4.0 2.4.0-a"),
        RangeCase("1 - x", ">=1.0.0", fits: "1.0.0 9.0.0", not: "0.9.9"),
        RangeCase("* - 2", "<3.0.0-0", fits: "0.0.0 2.9.9", not: "3.0.0"),
        RangeCase("\t1.0.0-a  -  v1.0.0 ", ">=1.0.0-a <=1.0.0", fits: "1.0.0-a 1.0.0", not: "1.0.1"),
        // Alternatives.
        RangeCase(
            "^1.2 || ~3.4.5||7", ">=1.2.0 <2.0.0-0||>=3.4.5 <3.5.0-0||>=7.0.0 <8.0.0-0",
            fits: "1.2.0 3.4.9 7.7.7", not: "2.0.0 3.5.0 8.0.0 0.0.0"),
        // A prerelease fits beside a bound of its own numbers only.
        RangeCase(">1.2.3-a.3", ">1.2.3-a.3", fits: "1.2.3-a.7 1.2.3-b 1.2.3 3.4.5", not: "3.4.5-a.9 1.2.3-a.3"),
        RangeCase(
            "^1.2.3-a || 2.0.0-b", ">=1.2.3-a <2.0.0-0||2.0.0-b", fits: "1.2.3-b 2.0.0-b 1.9.0",
            not: "1.2.4-b 2.0.0-c 2.0.0"),
        RangeCase("<2.0.0-b >1", "<2.0.0-b >=2.0.0", fits: "", not: "2.0.0-a 2.0.0 1.0.0"),
        RangeCase(
            ">18446744073709551614.0.0", ">18446744073709551614.0.0", fits: "18446744073709551615.0.0",
            not: "18446744073709551614.0.0"),
    ]

    static let withPrereleases: [RangeCase] = [
        RangeCase("*", "*", fits: "1.0.0-a 0.0.0-0", not: ""),
        RangeCase(">=0.0.0", ">=0.0.0", fits: "0.0.0 0.0.1-a", not: "0.0.0-a"),
        RangeCase(">=0.0.0-0", "*", fits: "0.0.0-0", not: ""),
        RangeCase("1", ">=1.0.0-0 <2.0.0-0", fits: "1.0.0-a 1.5.0-b", not: "2.0.0-a 0.9.9"),
        RangeCase("^1.2", ">=1.2.0-0 <2.0.0-0", fits: "1.2.0-a", not: "2.0.0-a"),
        RangeCase("^1.2.3", ">=1.2.3 <2.0.0-0", fits: "1.2.4-a", not: "1.2.3-a"),
        RangeCase("^0.2.3", ">=0.2.3-0 <0.3.0-0", fits: "0.2.3-a", not: "0.3.0-a"),
        RangeCase("~1.2", ">=1.2.0 <1.3.0-0", fits: "1.2.1-a", not: "1.2.0-a 1.3.0-a"),
        RangeCase(">1.2", ">=1.3.0-0", fits: "1.3.0-a", not: "1.2.9"),
        RangeCase("<=1.2", "<1.3.0-0", fits: "1.2.9-a", not: "1.3.0-a"),
        RangeCase("1.2.3 - 2.3.4", ">=1.2.3-0 <2.3.5-0", fits: "1.2.3-a 2.3.4", not: "2.3.5-a"),
        RangeCase("1.2.3 - 2.3.4-b", ">=1.2.3-0 <=2.3.4-b", fits: "2.3.4-a", not: "2.3.4"),
    ]
}

@Suite("Version ranges")
struct VersionRangeTests {
    private func check(_ example: RangeCase, includesPrereleases: Bool) throws {
        let range = try VersionRange(example.text, includesPrereleases: includesPrereleases)
        #expect(range.canonicalText == example.canonical)
        for text in example.fitting.split(separator: " ") {
            #expect(range.contains(try #require(SemanticVersion(String(text)))), "\(text) fits")
        }
        for text in example.other.split(separator: " ") {
            #expect(!range.contains(try #require(SemanticVersion(String(text)))), "\(text) does not fit")
        }
        #expect(try VersionRange(range.canonicalText, includesPrereleases: includesPrereleases) == range)
    }

    @Test("take what npm's take", arguments: RangeCase.releases)
    func releases(example: RangeCase) throws {
        try check(example, includesPrereleases: false)
    }

    @Test("take prereleases as any other version where that is asked for", arguments: RangeCase.withPrereleases)
    func prereleases(example: RangeCase) throws {
        try check(example, includesPrereleases: true)
    }

    @Test(
        "with an error say at which character it is",
        arguments: [
            ("a", 1), ("1.2.3.4", 6), ("01.2.3", 1), ("1.02.3", 3), ("1.2.3-01", 7), ("1.2.3-", 7), ("1.2.3+", 7),
            ("1.2-beta", 4), (">", 2), ("^", 2), ("1 | 2", 3), ("1 || b", 6), ("1.2.3*", 6), ("1>2", 2), ("= = 1", 4),
            (">> 1", 2), ("vv1.2.3", 1), (">==1.2.3", 3), ("1 - 2 - 3", 7), ("1 - 2 3", 7), ("- 1", 1), ("v 1", 2),
            ("^<1", 2), ("~ ^1", 3), ("99999999999999999999", 1), ("^18446744073709551615", 22), ("1.2.3 é", 7),
            ("é || 1", 1), ("latest", 1), ("git+https://example.org/x", 1), ("１", 1), ("> = 1", 4),
        ])
    func errors(text: String, place: Int) throws {
        let error = try #require(throws: PluginError.self) { try VersionRange(text) }
        #expect(error.code == .validation)
        #expect(error.what.contains("\"\(text)\" is wrong at character \(place): "), "\(error.what)")
        #expect(error.remedy != nil)
    }

    @Test("show themselves as written, and are equal if they take the same comparisons")
    func spelling() throws {
        let range = try VersionRange("  ^1.2  || 3 ")
        #expect(range.description == "^1.2 || 3")
        #expect(try VersionRange("^1") == VersionRange("1.x"))
        #expect(try VersionRange("^1") != VersionRange("^1", includesPrereleases: true))
        #expect(VersionRange.any.canonicalText == "*")
    }

    @Test("are disjoint exactly if no version fits both")
    func disjoint() throws {
        var random = Random(11)
        let tails = ["", "-0", "-0.0", "-a", "-a.0", "-a.0.0", "-b"]
        let versions = (0...3).flatMap { major in
            (0...2).flatMap { minor in
                (0...3).flatMap { patch in
                    tails.map { SemanticVersion("\(major).\(minor).\(patch)\($0)")! }
                }
            }
        }
        func number(_ limit: Int) -> Int { Int.random(in: 0...limit, using: &random) }
        func comparator() -> String {
            let relation = ["", "^", "~", ">", ">=", "<", "<=", "<", ">"].randomElement(using: &random)!
            let version = "\(number(2)).\(number(1)).\(number(2))"
            return relation + version + (number(2) == 0 ? ["-0", "-a", "-a.0", "-b"][number(3)] : "")
        }
        var disjoint = 0
        for _ in 0..<3000 {
            let options = (number(2) == 0, number(2) == 0)
            let left = try VersionRange("\(comparator()) \(comparator())", includesPrereleases: options.0)
            let right = try VersionRange("\(comparator()) || \(comparator())", includesPrereleases: options.1)
            let expected = !versions.contains { left.contains($0) && right.contains($0) }
            #expect(left.isDisjoint(with: right) == expected, "\(left) and \(right) \(options)")
            #expect(right.isDisjoint(with: left) == expected)
            disjoint += expected ? 1 : 0
        }
        #expect((300...2700).contains(disjoint))
    }
}
