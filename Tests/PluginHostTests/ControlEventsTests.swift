import Foundation
import PluginHost
import Synchronization
import Testing

@Suite("Events on the control socket", .timeLimit(.minutes(10)))
struct ControlEventsTests {
    /// Events that the test makes, and what tells it that their consumer is gone.
    private struct Source {
        let events = AsyncStream.makeStream(of: JSON.self)
        let gone = AsyncStream.makeStream(of: Void.self)

        init() {
            let gone = gone.continuation
            events.continuation.onTermination = { _ in gone.finish() }
        }

        var factory: ControlServer.EventSource {
            let stream = events.stream
            return { request in
                guard request.arguments["all"] != false else { return .failure(PluginError(.invalidArgument, "no")) }
                return .success(stream)
            }
        }
    }

    @Test("come in order until the client goes, which ends their source")
    func order() async throws {
        let source = Source()
        let place = try await SocketPlace(events: source.factory)
        do {
            let client = try await ControlClient.connect(to: place.path)
            await #expect { _ = try await client.events(["all": false]) } throws: {
                ($0 as? PluginError)?.code == .invalidArgument
            }
            let events = try await client.events(["all": true])
            var count = Int64(0)
            source.events.continuation.yield(["event": "loaded", "number": 0])
            for try await event in events {
                #expect(event == ["event": "loaded", "number": .int(count)])
                count += 1
                if count == 100 { break }
                source.events.continuation.yield(["event": "loaded", "number": .int(count)])
            }
        }
        for await _ in source.gone.stream {}
        await place.stop()
    }

    @Test("end for the client when they end, or when the host stops", arguments: [true, false])
    func end(bySource: Bool) async throws {
        let source = Source()
        let place = try await SocketPlace(events: source.factory)
        let client = try await ControlClient.connect(to: place.path)
        let events = try await client.events()
        source.events.continuation.yield(["number": 1])
        if bySource { source.events.continuation.finish() }
        var found: [JSON] = []
        for try await event in events {
            found.append(event)
            if !bySource { place.server.stop() }
        }
        #expect(found == [["number": 1]])
        await place.stop()
    }

    @Test("that a client is too slow for are dropped and counted where they are missing")
    func slow() async throws {
        let count = Int64(5000)
        let given = Mutex(Int64(0))
        let (all, goOn) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
        let place = try await SocketPlace(events: { _ in
            .success(
                AsyncStream<JSON>(unfolding: {
                    let number = given.withLock { given in
                        given += 1
                        return given - 1
                    }
                    if number < count {
                        return ["number": .int(number), "text": .string(String(repeating: "x", count: 1000))]
                    }
                    all.continuation.finish()
                    for await _ in goOn.stream {}
                    return nil
                }))
        })
        let socket = try await RawSocket.blocking { [path = place.path] in
            let socket = try RawSocket.connect(path)
            _ = socket.line()
            socket.send(#"{"verb":"events"}"#)
            _ = socket.line()
            return socket
        }
        // Nothing is read before all have been given, and there are no more until all have been read.
        for await _ in all.stream {}
        let (dropped, isOver) = try await RawSocket.blocking {
            var (next, dropped) = (Int64(0), Int64(0))
            while next < count {
                let line = try #require(socket.line())
                if line["event"] == "dropped" {
                    dropped += line["count"]?.intValue ?? 0
                    next += line["count"]?.intValue ?? 0
                } else {
                    #expect(line["number"] == .int(next))
                    next += 1
                }
            }
            goOn.continuation.finish()
            return (dropped, next == count && socket.line() == nil)
        }
        #expect(dropped > 0 && isOver)
    }

    @Test("do not end for a client that will say nothing more")
    func halfClosed() async throws {
        let source = Source()
        let place = try await SocketPlace(events: source.factory)
        let event = try await RawSocket.blocking { [path = place.path] in
            let socket = try RawSocket.connect(path)
            socket.send(#"{"verb":"events"}"#)
            socket.closeWriting()
            _ = socket.line()
            #expect(socket.line() == ["id": nil, "ok": [:]])
            source.events.continuation.yield(["number": 1])
            return socket.line()
        }
        #expect(event == ["number": 1])
        for await _ in source.gone.stream {}
    }
}
