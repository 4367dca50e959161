import Foundation
import PluginBridge
import PluginSDK
import Synchronization
import Testing

/// docs/author-swift.md shows what is compiled here, and nothing else.
@Suite struct GuideTests {
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// The blocks of Swift, each below a marker: `<!-- file: FOLDER/NAME.swift -->` is NAME.swift in Examples, and
    /// `<!-- from: NAME.swift -->` a part of it.
    private static func blocks() throws -> [(name: String, isWhole: Bool, text: String)] {
        let guide = tests.appendingPathComponent("../../docs/author-swift.md").standardizedFileURL
        let lines = try String(contentsOf: guide, encoding: .utf8).components(separatedBy: "\n")
        return try lines.indices.filter { lines[$0] == "```swift" }.map { index in
            let marker = try #require(lines[index - 1].wholeMatch(of: /<!-- (file|from): (?:.*\/)?([^\/]+\.swift) -->/))
            let text = lines[(index + 1)...].prefix { $0 != "```" }.joined(separator: "\n")
            return (String(marker.2), marker.1 == "file", text)
        }
    }

    private static func example(_ name: String) throws -> String {
        try String(contentsOf: tests.appendingPathComponent("Examples/\(name)"), encoding: .utf8)
    }

    @Test func `Every example of the guide is literally what is compiled`() throws {
        // The package and its test are built by who follows the guide.
        let blocks = try Self.blocks().filter { !["Package.swift", "ConformanceTests.swift"].contains($0.name) }
        for block in blocks {
            let source = try Self.example(block.name)
            if block.isWhole {
                #expect(block.text + "\n" == source, "\(block.name)")
            } else {
                #expect(source.contains(block.text), "\(block.name):\n\(block.text)")
            }
        }
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Self.tests.appendingPathComponent("Examples").path)
        #expect(Set(blocks.map(\.name)) == Set(files))
    }

    @Test func `The echo answers word by word`() throws {
        let host = try TestHost(EchoProvider.self)
        let provider = try host.table(KW_PROVIDER_ID, kw_provider.self)
        let events = EventLog()
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let request = ModelRequest([Message(.user, "hello there")])
        let response = unsafe try host.call(
            provider.stream, writer.request(request), reply: kw_generate_out.self, on: TestCall(onEvent: events.take)
        ) { reply, reader throws(PluginError) in unsafe try ModelResponse(reply, reader) }
        #expect(
            events.lines == [
                "\(KW_EVENT_STARTED) 0/0 id echo name echo-1", "\(KW_EVENT_TEXT) 0/0 text hello ",
                "\(KW_EVENT_TEXT) 0/0 text there ",
            ])
        #expect(response.choices.map(\.stop) == [StopReason(.stop)])
    }

    @Test func `The counter greets as configured, and its successor goes on counting`() throws {
        func visit(_ host: TestHost) throws -> ToolOutput {
            let tools = try host.table(KW_TOOLS_ID, kw_tools.self)
            var writer = ABIWriter()
            defer { extendLifetime(writer) }
            let call = ToolCall(id: "1", name: "visit", arguments: "{}", index: 0)
            return unsafe try host.call(tools.invoke, writer.tool(call), reply: kw_tool_out.self, on: nil) {
                reply, reader throws(PluginError) in unsafe try ToolOutput(reply, reader)
            }
        }
        let host = try TestHost(VisitCounter.self, configuration: #"{"greeting":"Hi"}"#, state: Array("41".utf8))
        #expect(try visit(host) == ToolOutput([.text("Hi, visitor 42.")]))
        let error = thrown { try TestHost(VisitCounter.self, configuration: #"{"greeting":1}"#) }
        #expect(error?.what.contains("/greeting must be a string, but is integer") == true, "\(error?.what ?? "")")
    }

    @Test func `The ticker ends its thread in stop, and may start again`() throws {
        let host = try TestHost(Ticker.self)
        for _ in 0..<2 {
            unsafe try host.tell(host.plugin.pointee.start)
            let input = kw_quiesce_in(
                h: .of(kw_quiesce_in.self), reason: UInt32(KW_QUIESCE_SUSPEND), flags: 0)
            unsafe try host.call(host.plugin.pointee.quiesce, input, reply: kw_quiesce_out.self, on: nil) { _, _ in }
        }
        #expect(host.state.withLock { $0.openCalls } == 0)
    }
}
