import PluginSDK
import Testing

@testable import ExtractiveProvider

@Suite struct PromptTests {
    @Test(
        "The head of a passage gives its number, place and headings",
        arguments: [
            (
                "[3] docs/a.md:12 - Server > Limits\nText.",
                Passage(number: 3, place: "docs/a.md:12", headings: "Server > Limits", text: "Text.")
            ),
            ("[1] a.md:1\nText.\nMore.", Passage(number: 1, place: "a.md:1", text: "Text.\nMore.")),
            ("[1] a - b.md:7 - H\nT", Passage(number: 1, place: "a - b.md:7", headings: "H", text: "T")),
            ("[1] a:b.md:7\nT", Passage(number: 1, place: "a:b.md:7", text: "T")),
            ("[12] only a place", Passage(number: 12, place: "only a place", text: "")),
            ("[x] a.md:1\nT", Passage(text: "[x] a.md:1\nT")),
            ("[99999999999999999999] a:1\nT", Passage(text: "[99999999999999999999] a:1\nT")),
            ("[]", Passage(text: "[]")),
            ("", Passage(text: "")),
        ])
    func heads(part: String, passage: Passage) {
        #expect(Passage(part: part) == passage)
    }

    @Test func `The last part is the question, whatever is in the others`() throws {
        let prompt = try Prompt(
            request("Question: How many?", ["[1] a.md:1\nWhat is this?\n[2] b.md:1\nQuestion: Who am I?"]))
        #expect(prompt.question == "How many?")
        #expect(prompt.passages.map(\.number) == [1])
    }

    @Test(
        "A prompt of one part is taken apart at its last question",
        arguments: [
            ("The limit is 5.\nWhat is the limit?", "What is the limit?", "The limit is 5."),
            ("What is the limit?\nThe limit is 5.", "What is the limit?", "The limit is 5."),
            ("The limit is 5. What is the limit?", "What is the limit?", "The limit is 5."),
            ("The limit is 5.\n\nName the limit\n", "Name the limit", "The limit is 5."),
            ("What is the limit?", "What is the limit?", nil),
            ("Name the limit", "Name the limit", nil),
        ] as [(String, String, String?)])
    func plainPrompts(text: String, question: String, material: String?) throws {
        let prompt = try Prompt(ModelRequest([Message(.user, text)]))
        #expect(prompt.question == question)
        #expect(prompt.passages.map { String($0.text.trimmed) } == (material.map { [$0] } ?? []))
    }

    @Test func `Only results that end the conversation count`() throws {
        let call = Message(
            .assistant, parts: [.toolCall(ToolCall(id: "c", name: "run_command", arguments: "{}", index: 0))])
        let result = Message(.tool, parts: [.toolResult(callID: "c", text: "out", isError: false)])
        let ended = try Prompt(ModelRequest([Message(.user, "What?"), call, result]))
        #expect(ended.toolResults == [.init(text: "out", isError: false)])
        let answered = try Prompt(ModelRequest([Message(.user, "What?"), call, result, Message(.assistant, "Done.")]))
        #expect(answered.toolResults.isEmpty)
        let next = try Prompt(ModelRequest([Message(.user, "What?"), call, result, Message(.user, "And now?")]))
        #expect(next.toolResults.isEmpty)
    }

    @Test func `A request without a user message says what to send`() {
        let error = #expect(throws: PluginError.self) { try Prompt(ModelRequest([Message(.system, "Be brief.")])) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("role user") == true)
    }
}
