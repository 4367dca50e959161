import PluginSDK
import Testing

@testable import ExtractiveProvider

@Suite struct AnswerTests {
    @Test(
        "The answer quotes the sentence that answers and cites its passage",
        arguments: [
            (
                "How many connections does the server accept?",
                "“The server accepts 64 connections at the same time.” [1]"
            ),
            (
                "In which format are logs written?",
                "“Logs are written to standard error as one JSON object a line.” [2]"
            ),
            ("How often does rotation happen?", "“Rotation happens every 24 hours.” [2]"),
            (
                "On which port does the service start?",
                "“The service starts on port 8080 and runs as its own user.” [3]"
            ),
            (
                "Which setting changes the limit of connections?",
                "“Set `maxConnections` in the configuration to change the limit.” [1]"
            ),
        ])
    func citations(question: String, quotation: String) throws {
        let text = try answerText(question, manual)
        #expect(text.contains(quotation), "\(text)")
    }

    @Test func `Code answers how something is done`() throws {
        let text = try answerText("How do I install the example server?", manual)
        #expect(text.contains("`apt-get install example-server` [3]"), "\(text)")
    }

    @Test func `A long block of code comes after words that answer`() throws {
        let code = (1...6).map { "pump --size \($0) --start" }.joined(separator: "\n")
        let text = try answerText(
            "How do I start the pump of size 3?",
            ["[1] a.md:1\n```\n\(code)\n```", "[2] b.md:1\nTo start the pump, press the green button twice."])
        #expect(text.hasPrefix("“To start the pump, press the green button twice.” [2]"), "\(text)")
        let alone = try answerText("How do I start the pump of size 3?", ["[1] a.md:1\n```\n\(code)\n```"])
        #expect(alone == "```\n\(code)\n```\n[1]")
    }

    @Test func `What the passages do not hold is not made up`() throws {
        let text = try answerText("Who won the football match yesterday?", manual)
        #expect(
            text == "The passages that were given do not answer this. The nearest of them is [1], docs/server.md:10.")
        #expect(try answerText("Why?", ["Text without a head."]) == "The material that was given does not answer this.")
    }

    @Test func `A question without material gets one honest sentence`() throws {
        let text = text(of: try answer(to: ModelRequest([Message(.user, "What is the capital of France?")])))
        #expect(text.contains("only quotes from material"))
        #expect(!text.contains("Paris"))
    }

    @Test func `Material in front of a plain question is quoted without a citation`() throws {
        let prompt = "The sky is blue at noon. Grass is green. Bread is brown.\nWhich colour is the sky?"
        #expect(text(of: try answer(to: ModelRequest([Message(.user, prompt)]))) == "“The sky is blue at noon.”")
    }

    @Test func `Passages that say the same are quoted once`() throws {
        let passage = "The cache holds 100 entries by default."
        let text = try answerText(
            "How many entries does the cache hold?",
            [
                "[1] a.md:1\n\(passage)", "[2] b.md:1\n\(passage)",
                "[3] c.md:1\nThe cache holds 100 entries, by default.",
            ])
        #expect(text == "“\(passage)” [1]")
    }

    @Test func `No more sentences are quoted than the setting allows`() throws {
        let passages = (1...8).map {
            "[\($0)] f\($0).md:1\nThe pump number \($0) has colour \(String(repeating: "x", count: $0))q."
        }
        for limit in [1, 2, 5] {
            let settings = try Settings(["maxSentences": .int(Int64(limit))])
            let text = try answerText("What colour does the pump have?", passages, settings: settings)
            #expect(text.count { $0 == "“" } == limit)
        }
    }

    @Test func `An answer keeps to its length, and a long sentence is cut at a space`() throws {
        let long = "The pump " + (1...200).map { "word\($0)" }.joined(separator: " ") + "."
        let passages = (1...5).map { "[\($0)] f.md:\($0)\n\(long) Pump \($0) is colour \($0)." }
        let text = try answerText("pump", passages)
        #expect(text.count <= 720)
        let single = try answerText("pump", ["[1] f.md:1\n\(long)"])
        #expect(single.hasSuffix(" …” [1]"))
        #expect(single.count < 340)
    }

    @Test(
        "Other languages and signs are answered too",
        arguments: [
            ("Wie groß ist der Zwischenspeicher?", "Der Zwischenspeicher ist 64 MB groß.", "Die Katze schläft."),
            ("東京の人口は？", "東京の人口は約1400万人です。", "猫は寝ています。"),
            ("Какой порт использует сервер?", "Сервер использует порт 8080.", "Кошка спит."),
            ("What does 🚀 rocket mode do?", "The 🚀 rocket mode skips checks 👩‍👩‍👧.", "Cats sleep."),
            ("كم عدد الاتصالات؟", "عدد الاتصالات هو 64.", "القط نائم."),
        ])
    func languages(question: String, sentence: String, other: String) throws {
        #expect(try answerText(question, ["[1] a.md:1\n\(other) \(sentence)"]) == "“\(sentence)” [1]")
    }

    @Test(
        "Empty input gives a sentence and no crash",
        arguments: [
            ([], ""), (["", ""], ""), (["[1] a.md:1"], "What is it?"), (["", "  \n"], "What?"),
            (["[1] a:1\n```\n```"], "x"),
        ])
    func emptyInput(passages: [String], question: String) throws {
        #expect(try answerText(question, passages).hasSuffix("."))
    }

    @Test func `Ten thousand sentences are read, and the one that answers is found`() throws {
        let lines = (0..<10_000).map { "Item \($0) of the long list weighs \($0 % 97) grams. " }
        var text = lines.joined()
        text += "The zebra crossing is closed on Sunday."
        let found = try answerText("When is the zebra crossing closed?", ["[1] list.txt:1\n\(text)"])
        #expect(found.hasPrefix("“The zebra crossing is closed on Sunday.” [1]"), "\(found)")
    }

    @Test func `Unclosed marks in masses are read in one pass`() throws {
        for mark in ["(", "[", "`", "*", "<", "![", "&", "|", "# ", "> ", "```\n"] {
            let text = String(repeating: mark, count: 20_000) + " pump is red."
            #expect(try !answerText("Is the pump red?", ["[1] a.md:1\n\(text)"]).isEmpty)
        }
    }

    @Test func `The part of a long sentence that answers is the part that is quoted`() throws {
        let long = (1...300).map { $0 == 200 ? "zebra crossing closed" : "word\($0)" }.joined(separator: " ")
        let text = try answerText("Is the zebra crossing closed?", ["[1] a.md:1\n\(long)."])
        #expect(text.hasPrefix("“… ") && text.hasSuffix(" …” [1]"))
        #expect(text.contains("zebra crossing closed word201"))
        let unspaced = String(repeating: "日", count: 1000) + "東京駅"
        #expect(try answerText("東京駅", ["[1] a.md:1\n\(unspaced)"]).contains("東京駅"))
    }

    @Test func `Masses of the question's own words are read in one pass`() throws {
        let words = String(repeating: "pump size ", count: 30_000)
        #expect(try answerText("What is the pump size?", ["[1] a.md:1\n\(words)"]).hasSuffix("[1]"))
        #expect(try answerText(words + "?", manual).hasSuffix("."))
        let question = (0..<5_000).map { "connection\($0)" }.joined(separator: " ")
        #expect(try answerText(question, manual).hasSuffix("."))
    }

    @Test func `Equal requests have equal answers`() throws {
        let request = request("How many connections does the server accept, and where do logs go?", manual)
        let first = try answer(to: request)
        for _ in 0..<20 { #expect(try answer(to: request) == first) }
        #expect(ResponseID.of(request) == ResponseID.of(request))
        #expect(ResponseID.of(request) != ResponseID.of(ExtractiveProviderTests.request("Who?", manual)))
    }

    @Test func `What a checkpoint throws ends the work`() {
        let request = request("How many connections?", manual)
        let error = #expect(throws: PluginError.self) {
            try Answerer(settings: Settings()).answer(request) { () throws(PluginError) in
                throw PluginError(.cancelled, "the caller cancelled the call")
            }
        }
        #expect(error?.code == .cancelled)
    }
}
