import Foundation
import PluginCore
import PluginLoader
import Synchronization
import TestPrograms
import Testing

@Suite("Streams", .needsCompiler, .timeLimit(.minutes(10)))
struct StreamTests {
    private func request(_ model: String) -> ModelRequest { ModelRequest([Message(.user, "?")], model: model) }

    private func provider(built macros: [String]? = nil) throws -> (NativePlugin, NativeModelProvider) {
        let plugin = try macros.map { try Fixture.plugin(built: $0) } ?? Fixture.plugin()
        return (plugin, try #require(plugin.modelProvider))
    }

    /// Everything up to the end, and the error that it ends with.
    private func drain(_ stream: EventStream<ModelEvent>) async -> (events: [ModelEvent], error: PluginError?) {
        var events: [ModelEvent] = []
        do throws(PluginError) {
            for try await event in stream { events.append(event) }
            return (events, nil)
        } catch {
            return (events, error)
        }
    }

    @Test("events come in order, and the reply completes them")
    func order() async throws {
        let (plugin, provider) = try provider()
        let (events, error) = await drain(try await provider.stream(request("plain"), CallContext()))
        #expect(error == nil)
        #expect(events.first == .started(id: nil, model: nil))
        let text = events.reduce(into: "") { if case .text(0, 0, let piece) = $1 { $0 += piece } }
        #expect(text == "partial")
        #expect(events.suffix(2).first == .finished(choice: 0, StopReason(.stop)))
        guard case .completed(let response)? = events.last else { throw Fixture.Failure(description: "not completed") }
        #expect(response.text == "partial")
        await plugin.shutdown()
    }

    @Test(
        "a plugin that breaks off or breaks the contract gives an error with what had arrived",
        arguments: [
            ("fails", .unavailable, "the service went away"), ("not-utf8", .protocolViolation, "not UTF-8"),
            ("tool", .protocolViolation, "not open"), ("late", .protocolViolation, "emitted an event after its reply"),
        ] as [(String, PluginError.Code, String)])
    func breaks(model: String, code: PluginError.Code, message: String) async throws {
        let (plugin, provider) = try provider()
        let (events, error) = await drain(try await provider.stream(request(model), CallContext()))
        #expect(error?.code == code && error?.what.contains(message) == true, "\(error as Any)")
        let seen = events.reduce(into: "") { if case .text(0, 0, let piece) = $1 { $0 += piece } }
        // Exactly what the consumer was given: an emitted mistake may overtake what waits.
        #expect(error?.partial?.text ?? "" == seen)
        if model != "not-utf8" { #expect(seen == "partial" && error?.partial?.choices.first?.stop.kind == .error) }
        #expect(!events.contains { if case .completed = $0 { true } else { false } })
        await plugin.shutdown()
    }

    @Test("a reply that is not UTF-8 is the plugin's mistake")
    func badReply() async throws {
        let (_, provider) = try provider()
        let error = await failure { () async throws(PluginError) in
            try await provider.generate(request("not-utf8"), CallContext())
        }
        #expect(error?.code == .protocolViolation && error?.what.contains("not UTF-8") == true)
    }

    @Test("cancelling a consumer resumes it at once although the plugin ignores it")
    func cancel() async throws {
        let (plugin, provider) = try provider()
        let hold = Hold()
        let seen = Channel()
        let task = Task { () -> (error: PluginError?, text: String) in
            var text = ""
            do throws(PluginError) {
                for try await event in try await provider.stream(request(hold.text), CallContext()) {
                    guard case .text(_, _, let piece) = event else { continue }
                    text += piece
                    if text == "partial" { seen.send() }
                }
                return (nil, text)
            } catch {
                return (error, text)
            }
        }
        #expect(await hold.arrived.receive().count == 1)
        #expect(await seen.receive().count == 1)
        task.cancel()
        let (error, text) = await task.value  // the plugin still holds: only the cancellation can have ended this
        #expect(error?.code == .cancelled && text == "partial")
        #expect(error?.partial?.text == "partial" && error?.partial?.choices.first?.stop.kind == .cancelled)
        hold.leave.send()
        await plugin.shutdown()
    }

    @Test("a stream whose total time is over ends with a timeout and what had arrived")
    func deadline() async throws {
        let (plugin, provider) = try provider()
        let hold = Hold()
        let context = CallContext(deadlines: Deadlines(total: .milliseconds(30)))
        let (events, error) = await drain(try await provider.stream(request(hold.text), context))
        #expect(error?.code == .timeout)
        let seen = events.reduce(into: "") { if case .text(0, 0, let piece) = $1 { $0 += piece } }
        #expect(error?.partial?.text ?? "" == seen)
        hold.leave.send()
        await plugin.shutdown()
    }

    @Test("a slow consumer holds the producer back: never more than the mailbox is under way")
    func backPressure() async throws {
        let (plugin, provider) = try provider(built: ["FLOOD"])
        let total = 500
        var taken = 0
        for try await event in try await provider.stream(request("flood:\(total)"), CallContext()) {
            guard case .text(_, _, let text) = event else { continue }
            #expect(text.utf8.count == 1000)
            taken += 1
            if taken % 20 == 1 {
                let emitted = try #require(try await plugin.state()["emitted"]?.intValue)
                // 64 KiB of events of 1,000 bytes wait at most, and one more may be on its way.
                #expect(Int(emitted) - taken <= 66)
            }
        }
        #expect(taken == total)
        #expect(try await plugin.state()["emitted"] == .int(Int64(total)))
        await plugin.shutdown()
    }

    @Test("letting go of a stream that nobody finishes ends the plugin's work")
    func letGo() async throws {
        let (plugin, provider) = try provider(built: ["LET_GO"])
        do {
            var iterator = try await provider.stream(request("flood:1000000"), CallContext()).makeAsyncIterator()
            #expect(try await iterator.next() != nil)
        }
        await plugin.shutdown()  // waits for the operation: it comes back only if that has stopped
        #expect(failure { try plugin.embed("x") }?.code == .disabled)
    }

    @Test("a producer that will not wait is refused when the mailbox is full and woken when there is room")
    func withoutWaiting() async throws {
        let (plugin, provider) = try provider()
        let told = Channel()
        let stream = try await provider.stream(request("nonblock:\(told.writing)"), CallContext())
        let taken = await told.number()
        #expect(taken >= 25 && taken <= 33)
        let (events, error) = await drain(stream)
        #expect(error == nil)
        #expect(events.contains(.text(choice: 0, block: 9, "last")))
        #expect(events.count { if case .text = $0 { true } else { false } } == Int(taken) + 1)
        await plugin.shutdown()
    }

    @Test("the borrowed stream sees the plugin's bytes, and stops it")
    func borrowed() throws {
        let (_, provider) = try provider()
        var text: [UInt8] = []
        let response = try provider.stream(request("plain")) { bytes in
            for index in bytes.indices { text.append(bytes[index]) }
            return .proceed
        }
        #expect(text == Array("partial".utf8) && response.choices.count == 1)
        let error = failure { try provider.stream(request("flood:100")) { _ in .stop } }
        #expect(error?.code == .cancelled)
    }

    @Test("a request without messages never reaches the plugin")
    func noMessages() async throws {
        let (_, provider) = try provider()
        let (_, error) = await drain(try await provider.stream(ModelRequest([]), CallContext()))
        #expect(error?.code == .invalidArgument)
    }

    @Test("many streams and calls at once keep apart")
    func many() async throws {
        let (plugin, provider) = try provider()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<60 {
                group.addTask {
                    if index % 3 == 0 { return try plugin.embed(String(repeating: "x", count: index)) == Float(index) }
                    let count = index % 7 * 30
                    var taken = 0
                    for try await event in try await provider.stream(request("flood:\(count)"), CallContext()) {
                        if case .text = event { taken += 1 }
                    }
                    return taken == max(count, 1)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        await plugin.shutdown()
    }
}
