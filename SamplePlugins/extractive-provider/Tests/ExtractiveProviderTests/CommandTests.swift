import PluginSDK
import Testing

@testable import ExtractiveProvider

@Suite struct CommandTests {
    @Test(
        "A question that asks to run a command gives its words",
        arguments: [
            ("Run `git log -1` and tell me who wrote it.", ["git", "log", "-1"]),
            ("what does `date` print?", ["date"]),
            ("Please run the command `ls 'my folder'`", ["ls", "my folder"]),
            ("Could you execute `echo \"a b\" c\\ d ''`?", ["echo", "a b", "c d", ""]),
            ("Look here. Then run `uname -a`.", ["uname", "-a"]),
            ("What is the output of `id`?", ["id"]),
            ("Show me the output of running `id -u`", ["id", "-u"]),
            ("Where is `main.c`? Run `ls src`.", ["ls", "src"]),
            ("Run `echo $(id) | cat; rm x`", ["echo", "$(id)", "|", "cat;", "rm", "x"]),
        ])
    func wishes(question: String, arguments: [String]) {
        #expect(CommandRequest(question: question)?.arguments == arguments)
    }

    @Test(
        "A question about a command runs nothing",
        arguments: [
            "How do I run `make test`?", "Do not run `rm -rf /`.", "What happens if I run `make`?",
            "Should I run `make` first?", "Never run `dd`!", "What does `date` do?", "Explain `git log`",
            "Run git log", "Run ``", "Run `unclosed", "Run `echo 'unclosed`", "When did they run `x`?",
            "How do I capture the output of `ls`?", "",
        ])
    func questionsOnly(question: String) {
        #expect(CommandRequest(question: question) == nil)
    }

    @Test func `The call carries the words as JSON`() throws {
        let answer = try answer(to: request("Run `echo \"a\\\"b\" é`", manual, tools: [runCommand]))
        guard case .toolCall(let call) = answer else {
            Issue.record("expected a tool call, got \(answer)")
            return
        }
        #expect(call.name == "run_command")
        #expect(try JSON(parsing: call.arguments, what: "arguments") == ["argv": ["echo", "a\"b", "é"]])
    }

    @Test(
        "Without permission there is no call",
        arguments: [
            ([], .auto), ([runCommand], .none), ([runCommand], .named(["other"])),
            ([ToolSpecification(name: "other")], .required),
        ] as [([ToolSpecification], ModelRequest.ToolChoice)])
    func refusals(tools: [ToolSpecification], choice: ModelRequest.ToolChoice) throws {
        let answer = try answer(to: request("Run `date`", manual, tools: tools, toolChoice: choice))
        #expect(!text(of: answer).isEmpty)
    }

    @Test func `A result is quoted, with the sentences that belong to it`() throws {
        var request = request(
            "Run `ss -s` and tell me how many connections the server accepts.", manual, tools: [runCommand])
        request.messages.append(
            Message(
                .assistant, parts: [.toolCall(ToolCall(id: "call-1", name: "run_command", arguments: "{}", index: 0))]))
        request.messages.append(
            Message(.tool, parts: [.toolResult(callID: "call-1", text: "  estab 12\n\n", isError: false)]))
        let text = text(of: try answer(to: request))
        #expect(
            text.hasPrefix("The tool answered:\n```\nestab 12\n```\n\n“The server accepts 64 connections"), "\(text)")
    }

    @Test func `A failed or silent tool is said to be so`() throws {
        func answer(_ result: String, isError: Bool) throws -> String {
            let messages = [
                Message(.user, "Run `x`"),
                Message(.tool, parts: [.toolResult(callID: "call-1", text: result, isError: isError)]),
            ]
            return text(of: try ExtractiveProviderTests.answer(to: ModelRequest(messages)))
        }
        #expect(try answer("no such file", isError: true) == "The tool failed:\n```\nno such file\n```")
        #expect(try answer(" \n", isError: false) == "The tool said nothing.")
        #expect(try answer("", isError: true) == "The tool failed and said nothing.")
        let long = try answer(String(repeating: "line\n", count: 5000), isError: false)
        #expect(long.count < 2100)
        #expect(long.contains("…"))
    }
}
