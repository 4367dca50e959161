import Testing

@testable import ExtractiveProvider

@Suite struct SentenceTests {
    @Test(
        "Sentences end where a reader says they end",
        arguments: [
            ("One. Two! Three?", ["One.", "Two!", "Three?"]),
            ("Use e.g. a proxy, i.e. nginx. Then restart.", ["Use e.g. a proxy, i.e. nginx.", "Then restart."]),
            ("Version 1.2.3 is out. It needs Swift 6.3.", ["Version 1.2.3 is out.", "It needs Swift 6.3."]),
            ("Edit config.json and main.swift. Save.", ["Edit config.json and main.swift.", "Save."]),
            ("Dr. Who met J. Smith. They talked.", ["Dr. Who met J. Smith.", "They talked."]),
            ("Wait... it goes on. Done.", ["Wait... it goes on.", "Done."]),
            ("Call `a. B` here. End.", ["Call `a. B` here.", "End."]),
            ("He left (see ch. 2. It is long). Good.", ["He left (see ch. 2. It is long).", "Good."]),
            ("She said \"Stop.\" Then she left.", ["She said \"Stop.\"", "Then she left."]),
            (
                "Apples, pears etc. are fruit. Plums etc. Also figs.",
                ["Apples, pears etc. are fruit.", "Plums etc.", "Also figs."]
            ),
            ("It works. npm is next.", ["It works.", "npm is next."]),
            ("最初の文です。次の文です。", ["最初の文です。", "次の文です。"]),
            ("Fertig. Über alles. Ende", ["Fertig.", "Über alles.", "Ende"]),
            ("Ship it! 🚀 Really. 👩‍👩‍👧 yes.", ["Ship it!", "🚀 Really.", "👩‍👩‍👧 yes."]),
            ("no end at all", ["no end at all"]),
            ("lost ` mark. Goes on.", ["lost ` mark.", "Goes on."]),
            ("open ( bracket. Goes on.", ["open ( bracket.", "Goes on."]),
            ("", []),
            ("   ", []),
        ])
    func boundaries(text: String, sentences: [String]) {
        #expect(SentenceBoundaries.split(text) == sentences)
    }

    @Test(
        "Markdown marks go, and what only looks like one stays",
        arguments: [
            ("a **bold** and *thin* word", "a bold and thin word"),
            ("__init__ and snake_case_name stay", "init and snake_case_name stay"),
            ("2 * 3 * 4 = 24 and 2*3", "2 * 3 * 4 = 24 and 2*3"),
            ("see [the guide](https://a.example/x_(y)) now", "see the guide now"),
            ("see [the guide][1] now", "see the guide now"),
            ("an ![icon](i.png) here", "an icon here"),
            ("run `make *all*` now", "run `make *all*` now"),
            ("at <https://a.example> or<br>there", "at https://a.example or there"),
            ("Array<Int> & x &lt; y", "Array<Int> & x < y"),
            ("as shown [2] and [1, 3] but list[4]", "as shown (2) and (1, 3) but list[4]"),
            (#"escaped \[2\] and \*stars\*"#, "escaped (2) and *stars*"),
            ("nested [[7]](x)", "nested (7)"),
        ])
    func cleaning(text: String, clean: String) {
        #expect(MarkdownCleaner.clean(text) == clean)
    }

    @Test func `A document comes apart into its units`() {
        let text = """
            # Title #

            First line
            goes on. Second sentence.

            - item one
              continued
            - [x] item two
            1. numbered

            | Name | Port |
            |------|-----:|
            | web  | 8080 |

            Sub
            ---
            > quoted text

            <!-- a comment
            of two lines -->
            ```sh
            # not a heading
            make all
            ```

            Text before code:

                indented code

            [ref]: https://example.org
            """
        let units = Sentence.all(in: text).map { "\($0.kind): \($0.text)" }
        #expect(
            units == [
                "heading: Title", "prose: First line goes on.", "prose: Second sentence.",
                "listItem: item one continued", "listItem: item two", "listItem: numbered", "tableRow: Name | Port",
                "tableRow: web | 8080", "heading: Sub", "prose: quoted text", "code: # not a heading\nmake all",
                "prose: Text before code:", "code: indented code",
            ])
    }

    @Test func `A fence that never closes keeps its text as code`() {
        #expect(
            Sentence.all(in: "~~~\none. two.\n```\nthree") == [Sentence(text: "one. two.\n```\nthree", kind: .code)])
    }

    @Test(
        "Forms of one word meet",
        arguments: [
            ("configured", "configuration"), ("stopped", "stop"), ("policies", "policy"), ("connections", "connect"),
            ("limits", "limit"), ("installing", "install"), ("rotates", "rotation"),
        ])
    func stems(left: String, right: String) {
        #expect(Stemmer.stem(left) == Stemmer.stem(right))
    }

    @Test(
        "Different words stay apart",
        arguments: [("port", "part"), ("w100", "w1000"), ("1.2.3", "1.2.4"), ("class", "clan")])
    func differentStems(left: String, right: String) {
        #expect(Words.of(left).map(\.stem) != Words.of(right).map(\.stem))
    }

    @Test func `Identifiers and scripts without spaces come apart`() {
        #expect(Words.of("maxOutputTokens").map(\.stem) == Words.of("max output tokens").map(\.stem))
        #expect(Words.of("東京都").map(\.stem) == ["東京", "京都"])
        #expect(Words.of("1.2.3 and 4.").map(\.stem) == ["1.2.3", "and", "4"])
    }
}
