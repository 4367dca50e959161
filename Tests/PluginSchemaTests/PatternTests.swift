import PluginCore
import Testing

@Suite("JSON Schema: patterns")
struct PatternTests {
    private func matches(_ pattern: String, _ text: String) throws(PluginError) -> Bool {
        try JSONSchema(compiling: ["pattern": .string(pattern)]).isValid(.string(text))
    }

    @Test(
        "reads the expressions of ECMA-262",
        arguments: [
            ("", "", true), ("a", "bab", true), ("^a$", "a\n", false), ("^(ab|cd)*$", "abcdab", true),
            ("^(ab|cd)*$", "abc", false), ("^a{2,3}$", "aa", true), ("^a{2,3}$", "aaaa", false),
            ("^a{2,}$", "aaaaa", true),
            ("^a{2}$", "a", false), ("^a{0}$", "", true), ("^a+?b??$", "aab", true), ("^{a}$", "{a}", true),
            ("x{,2}", "x{,2}", true),
            ("^[a-c-]+$", "a-c", true), ("^[^a-c]$", "b", false), ("^[^]$", "\n", true), ("[]", "a", false),
            ("^[\\d\\-x]+$", "1-x", true), ("^.$", "\u{2028}", false), ("^.$", "😀", true), ("^\\s$", "\u{FEFF}", true),
            ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false), ("o\\B", "foo", true),
            ("^(?!admin)\\w+$", "adminx", false), ("^(?!admin)\\w+$", "user", true),
            ("^(?=.*\\d)(?=.*[a-z]).{4,}$", "abc1", true),
            ("^(?=.*\\d)(?=.*[a-z]).{4,}$", "abcd", false), ("^(?:a(?!b)|c)+$", "ac", true),
            ("^(?<year>\\d{4})$", "2026", true),
            ("^\\p{Lu}\\p{Letter}+$", "Éa", true), ("^\\P{L}$", "a", false), ("^\\p{gc=Nd}$", "٣", true),
            ("^\\d$", "٣", false),
            ("^\\u0041\\x42\\u{43}$", "ABC", true), ("^\\ud83d\\ude00$", "😀", true), ("^\\cA\\0$", "\u{1}\u{0}", true),
            ("^(a*)*$", "aab", false), ("^(a|b?)+$", "abab", true), ("^(|a)+$", "aaa", true),
            ("\\/\\.\\@", "/.@", true),
            ("^é$", "e\u{301}", false), ("(^|,)a(,|$)", "b,a", true),
        ])
    func expressions(pattern: String, text: String, isMatch: Bool) throws {
        #expect(try matches(pattern, text) == isMatch)
    }

    @Test(
        "refuses what it does not understand, with the reason",
        arguments: [
            ("(a", "a \"(\" is not closed"), ("a)", "a \")\" closes nothing"), ("[a", "a \"[\" is not closed"),
            ("*a", "\"*\" has nothing before it to repeat"), ("a**", "\"*\" has nothing before it to repeat"),
            ("[b-a]", "a range in brackets is out of order"), ("[\\d-z]", "a range in brackets has a class as its end"),
            ("a{3,2}", "the numbers in {3,2} are out of order"),
            ("a{99999999999999999999}", "it repeats something more than 10000 times"),
            ("(?<=a)b", "it looks behind, which is not supported"),
            ("(a)\\1", "it refers back to a group, which is not supported"),
            ("(?i)a", "a kind of group that ECMA-262 does not have"),
            ("\\p{Klingon}", "the property \"Klingon\" is not known"),
            ("\\Aa\\Z", "there is no escape \"\\A\""), ("a\\", "it ends with a backslash"),
            ("\\x4", "an escape without 2 hexadecimal digits"),
            ("\\u{110000}", "\\u{...} without a code point"), ("\\u{+41}", "\\u{...} without a code point"),
            ("^*", "a repetition follows something that reads nothing"),
            ("((a{1000}){1000}){1000}", "with its repetitions it is too long"),
            ("((){9999}){9999}", "with its repetitions it is too long"),
        ])
    func refused(pattern: String, reason: String) throws {
        let error = #expect(throws: PluginError.self) {
            try JSONSchema(compiling: ["properties": ["a": ["pattern": .string(pattern)]]])
        }
        #expect(error?.code == .unsupported)
        #expect(error?.facts == .pointer("/properties/a/pattern"))
        #expect(
            error?.what
                == "#/properties/a/pattern: the pattern \(JSON.string(pattern).text) is not understood: \(reason)")
    }

    @Test("cut at any place, a pattern is compiled or refused")
    func cut() throws {
        let pattern = #"^(?=a)(?<n>[^\]\d-]{2,3}?|\p{gc=Lu}\u{1F600}\ud83d\ude00\x41)*\cA(?!b)$"#
        var refused = 0
        for count in 0...pattern.count {
            do throws(PluginError) {
                _ = try matches(String(pattern.prefix(count)), "aA")
            } catch {
                refused += 1
                #expect(error.code == .unsupported)
            }
        }
        #expect(refused > pattern.count / 2)
    }

    @Test("groups may be nested deeply, but not without end")
    func nestedGroups() throws {
        func pattern(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "a" + String(repeating: ")", count: depth)
        }
        #expect(try matches(pattern(64), "a"))
        #expect(throws: PluginError(.unsupported, "", facts: .pointer("/pattern"))) {
            try matches(pattern(100_000), "a")
        }
    }

    @Test(
        "a pattern that is catastrophic elsewhere has its answer",
        arguments: ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "^(.*a){12}$", "^(?=(a+)+$)", "^([a-z]+)*[a-z]+$"])
    func catastrophic(pattern: String) throws {
        let text = String(repeating: "a", count: 5_000)
        let schema = try JSONSchema(compiling: ["pattern": .string(pattern)])
        #expect(schema.validate(.string(text + "!")).map(\.keyword) == ["pattern"])
        #expect(schema.isValid(.string(text)))
    }

    @Test("a pattern whose lookaheads read the rest at each place ends within its steps")
    func lookaheads() throws {
        let text = String(repeating: "a", count: 20_000)
        let schema = try JSONSchema(compiling: ["pattern": "^(?:(?=(?:a(?=a*b|a*$))*$)a)*$"])
        #expect(schema.validate(.string(text)).map(\.message) == ["needs too many steps to be checked"])
    }
}
