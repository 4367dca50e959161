import PluginSDK
import Testing

@testable import ExtractiveProvider

/// The plugin through its C tables, as a host calls it.
@Suite struct PluginTests {
    private static let question = "How many connections does the server accept?"

    @Test func `An answer is streamed in pieces between its start and its usage`() throws {
        let call = TestHost.Call()
        let host = try TestHost()
        let stop = try host.stream(call) { $0.parts = manual + [Self.question] }
        #expect(stop.kind == UInt32(KW_STOP_END))
        #expect(call.started?.model == "extractive-1")
        #expect(call.started?.id.hasPrefix("extractive-") == true)
        #expect(call.kinds.first == UInt32(KW_EVENT_STARTED))
        #expect(call.kinds.last == UInt32(KW_EVENT_USAGE))
        #expect(call.texts.joined() == (try answerText(Self.question, manual)))
        #expect(call.texts.count > 10)
        #expect(call.usage?.output == UInt64(call.texts.count))
        let count = try host.countTokens { $0.parts = manual + [Self.question] }
        #expect(call.usage?.input == count.tokens && count.tokens > 100)
        let counted = UInt64(KW_USAGE_INPUT | KW_USAGE_OUTPUT | KW_USAGE_TOTAL)
        #expect(call.usage?.flags == counted && count.flags == 0)
        #expect(call.warnings.isEmpty)
    }

    @Test func `Two instances answer alike, event by event`() throws {
        let calls = [TestHost.Call(), TestHost.Call()]
        for call in calls { try TestHost().stream(call) { $0.parts = manual + [Self.question] } }
        #expect(calls[0].texts == calls[1].texts)
        #expect(calls[0].kinds == calls[1].kinds)
        #expect(calls[0].started?.id == calls[1].started?.id)
    }

    @Test func `A stop sequence over the border of two pieces ends the stream before it`() throws {
        let call = TestHost.Call()
        let stop = try TestHost().stream(call) {
            $0.parts = manual + [Self.question]
            $0.stop = ["4 connec"]
        }
        #expect(stop == (UInt32(KW_STOP_SEQUENCE), "4 connec"))
        #expect(call.texts.joined() == "“The server accepts 6")
    }

    @Test func `No more tokens come than were allowed`() throws {
        for maximum: UInt64 in [0, 1, 3, 12] {
            let call = TestHost.Call()
            let stop = try TestHost().stream(call) {
                $0.parts = manual + [Self.question]
                $0.maxOutputTokens = maximum
            }
            #expect(stop.kind == UInt32(KW_STOP_LENGTH))
            #expect(UInt64(call.texts.count) <= maximum)
        }
    }

    @Test func `A cancelled call ends between two pieces`() throws {
        let call = TestHost.Call()
        call.cancelAfterTexts = 2
        let failure = #expect(throws: TestHost.Failure.self) {
            try TestHost().stream(call) { $0.parts = manual + [Self.question] }
        }
        #expect(failure?.status == KW_CANCELLED)
        #expect(call.texts.count == 2)
    }

    @Test func `A call that is cancelled before it begins reads nothing`() throws {
        let call = TestHost.Call()
        call.cancelled.pointee = 1
        let failure = #expect(throws: TestHost.Failure.self) {
            try TestHost().stream(call) { $0.parts = manual + [Self.question] }
        }
        #expect(failure?.status == KW_CANCELLED)
        #expect(call.kinds.isEmpty)
    }

    @Test func `A wished command is called, and nothing else is said`() throws {
        let call = TestHost.Call()
        let stop = try TestHost().stream(call) {
            $0.parts = manual + ["Run `git log -1` and tell me who wrote it."]
            $0.tools = ["run_command"]
        }
        #expect(stop.kind == UInt32(KW_STOP_TOOL_CALLS))
        #expect(call.tool == ("call-1", "run_command", #"{"argv":["git","log","-1"]}"#))
        #expect(call.texts.isEmpty)
        #expect(
            call.kinds
                == [KW_EVENT_STARTED, KW_EVENT_TOOL_BEGIN, KW_EVENT_TOOL_ARGS, KW_EVENT_TOOL_END, KW_EVENT_USAGE]
                .map { UInt32($0) })
    }

    @Test func `A command that is longer than the answer may be is not called by half`() throws {
        let call = TestHost.Call()
        let stop = try TestHost().stream(call) {
            $0.parts = manual + ["Run `git log -1` and tell me who wrote it."]
            $0.tools = ["run_command"]
            $0.maxOutputTokens = 3
        }
        #expect(stop.kind == UInt32(KW_STOP_LENGTH))
        #expect(call.kinds == [KW_EVENT_STARTED, KW_EVENT_USAGE].map { UInt32($0) })
        #expect(call.usage?.output == 0)
    }

    @Test func `Warnings come before the answer, and say which setting is meant`() throws {
        let call = TestHost.Call()
        try TestHost().stream(call) {
            $0.parts = [Self.question]
            $0.choices = 3
            $0.temperature = 0.7
            $0.toolChoice = UInt32(KW_TOOL_CHOICE_REQUIRED)
        }
        #expect(call.warnings == ["choices", "temperature", "toolChoice"])
        #expect(call.kinds[1...3].allSatisfy { $0 == UInt32(KW_EVENT_WARNING) })
    }

    @Test func `A JSON answer is an object that holds the text`() throws {
        let call = TestHost.Call()
        try TestHost().stream(call) {
            $0.parts = manual + [Self.question]
            $0.outputFormat = UInt32(KW_FORMAT_JSON)
        }
        let json = try JSON(parsing: call.texts.joined(), what: "the answer")
        #expect(json == ["answer": .string(try answerText(Self.question, manual))])
        #expect(call.warnings.isEmpty)
    }

    @Test(
        "Other formats and other models are refused before anything is said",
        arguments: [
            (UInt32(KW_FORMAT_JSON_SCHEMA), "", KW_UNIMPLEMENTED, "output format text or json"),
            (UInt32(KW_FORMAT_GRAMMAR), "", KW_UNIMPLEMENTED, "output format text or json"),
            (UInt32(KW_FORMAT_TEXT), "gpt", KW_NOT_FOUND, "extractive-1"),
        ])
    func refusals(format: UInt32, model: String, status: kw_status, remedy: String) throws {
        let call = TestHost.Call()
        let failure = #expect(throws: TestHost.Failure.self) {
            try TestHost().stream(call) {
                $0.parts = [Self.question]
                $0.outputFormat = format
                $0.model = model
            }
        }
        #expect(failure?.status == status)
        #expect(failure?.message.contains(remedy) == true)
        #expect(call.kinds.isEmpty)
    }

    @Test func `An instance is healthy and offers its model`() throws {
        let host = try TestHost(configuration: #"{"maxSentences":2}"#)
        #expect(try host.isHealthy())
        let model = try host.model()
        #expect(model.id == "extractive-1")
        let features: [UInt32] = [
            KW_FEATURE_STREAMING, KW_FEATURE_TOOLS, KW_FEATURE_JSON, KW_FEATURE_DETERMINISTIC, KW_FEATURE_COUNT_TOKENS,
        ].map { UInt32($0) }
        #expect(model.features == UInt64(features.reduce(0, |)))
    }

    @Test(
        "A wrong configuration is refused with its place and a right one",
        arguments: [
            (#"{"maxSentences":0}"#, "/maxSentences must be from 1 to 10, but is 0"),
            (#"{"maxSentences":11}"#, "/maxSentences must be from 1 to 10, but is 11"),
            (#"{"maxSentences":"3"}"#, "/maxSentences must be a whole number, but is string \"3\""),
            (#"{"maxSentences":2.5}"#, "/maxSentences must be a whole number, but is number 2.5"),
            (#"{"maxSentence":2}"#, "/maxSentence is no setting of extractive-provider"),
            (#"[]"#, "the document must be an object, but is array"),
        ])
    func configurations(text: String, problem: String) {
        let failure = #expect(throws: TestHost.Failure.self) { try TestHost(configuration: text) }
        #expect(failure?.status == KW_INVALID_ARGUMENT)
        #expect(failure?.message.contains(problem) == true, "\(failure?.message ?? "")")
        #expect(failure?.message.contains(#"{"maxSentences": 4}"#) == true)
    }
}
