import Foundation
import PluginHost
import Synchronization
import TestPrograms
import Testing

/// A control socket in a folder of its own, whose host knows a few verbs.
struct SocketPlace {
    let folder: Sample.Folder
    let server: ControlServer
    var path: String { "\(folder.path)/host.sock" }

    /// Counts of what the handler began and saw cancelled.
    final class Seen: Sendable {
        let began = AsyncStream.makeStream(of: Void.self)
        let ended = AsyncStream.makeStream(of: Void.self)
    }

    let seen = Seen()

    init(
        events: @escaping ControlServer.EventSource = { _ in .failure(PluginError(.unsupported, "there are no events"))
        }
    ) async throws {
        folder = try Sample.Folder()
        let seen = seen
        server = try await ControlServer.start(
            at: "\(folder.path)/host.sock",
            handler: { request in
                switch request.verb {
                case "echo": return .success(request.arguments)
                case "fail":
                    return .failure(
                        PluginError(
                            .conflict, "it is so", remedy: "Do this", facts: .names(["a", "b"]), plugin: "p",
                            stage: .load))
                case "hang":
                    seen.began.continuation.yield()
                    try? await Task.sleep(for: .seconds(86400))
                    seen.ended.continuation.yield()
                    return .failure(PluginError(.cancelled, "it was cancelled"))
                default: return .failure(PluginError(.unsupported, "there is no verb \(request.verb)"))
                }
            }, events: events)
    }

    func stop() async {
        server.stop()
        await server.finished()
    }
}

@Suite("The control socket", .timeLimit(.minutes(10)))
struct ControlServerTests {
    private func greeted(_ path: String) throws -> RawSocket {
        let socket = try RawSocket.connect(path)
        let greeting = socket.line()
        #expect(greeting == ["keyway": "control", "version": 1, "pid": .int(Int64(getpid()))])
        return socket
    }

    @Test("is for its user alone, answers in order, and gives every id back")
    func answers() async throws {
        let place = try await SocketPlace()
        let mode = try FileManager.default.attributesOfItem(atPath: place.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let replies = try await RawSocket.blocking { [path = place.path] in
            let socket = try greeted(path)
            // All at once, with lines that are none between them.
            let ids = ["1", #""x""#, "null", #"{"a":[1]}"#, "1.5"]
            socket.send(
                ids.map { #"{"id":\#($0),"verb":"echo","arguments":{"n":\#($0)}}"# }.joined(separator: "\r\n\n  \n")
                    + "\n" + #"{"verb":"fail"}"#)
            return (0..<6).map { _ in socket.line() }
        }
        #expect(replies.prefix(5).map { $0?["ok"]?["n"] } == [1, "x", .null, ["a": [1]], 1.5])
        #expect(replies.prefix(5).allSatisfy { $0?["id"] == $0?["ok"]?["n"] })
        let error = replies[5]?["error"]
        #expect(replies[5]?["id"] == .null && error?["code"] == "conflict" && error?["names"] == ["a", "b"])
        #expect(error?["message"] == "it is so. Do this." && error?["plugin"] == "p" && error?["stage"] == "load")
        await place.stop()
        #expect(!FileManager.default.fileExists(atPath: place.path))
    }

    @Test("takes lines in any pieces, and answers a client that will say nothing more")
    func pieces() async throws {
        let place = try await SocketPlace()
        let replies = try await RawSocket.blocking { [path = place.path] in
            let socket = try greeted(path)
            for byte in #"{"verb":"echo","arguments":{"x":1}}"#.utf8 { socket.send([byte]) }
            socket.send([0x0A])
            let first = socket.line()
            socket.send(Array((#"{"verb":"echo"}"# + "\n" + #"{"verb":"echo","id":"half"#).utf8))
            socket.closeWriting()
            return [first, socket.line(), socket.line()]
        }
        #expect(replies == [["id": nil, "ok": ["x": 1]], ["id": nil, "ok": [:]], nil])
    }

    static let malformed: [[UInt8]] = [
        Array("garbage".utf8), Array("{\"verb\":\"echo\"".utf8), Array("[]".utf8), Array("\"echo\"".utf8),
        Array("{}".utf8),
        Array("{\"verb\":1}".utf8), Array("{\"verb\":\"echo\",\"arguments\":[]}".utf8), [0], [0, 0, 0xFF],
        [0xFF, 0xFE],
        Array("{\"verb\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8), Array("{\"verb\":\"a\0b\"}".utf8),
        [0xEF, 0xBB, 0xBF] + Array("{}".utf8), Array("{\"verb\":\"echo\"}{}".utf8), Array("{\"a\":1,\"a\":2}".utf8),
        Array(repeating: UInt8(ascii: "["), count: 100_000),
        Array("{\"verb\":\"echo\",\"arguments\":{\"x\":".utf8) + Array(repeating: UInt8(ascii: "["), count: 600),
        Array("GET / HTTP/1.1".utf8), Array("{\"verb\":\"echo\",\"arguments\":null}".utf8),
    ]

    @Test("answers what is no request with an error, and the next request all the same")
    func garbage() async throws {
        let place = try await SocketPlace()
        try await RawSocket.blocking { [path = place.path] in
            let socket = try greeted(path)
            for line in Self.malformed {
                socket.send(line + [0x0A])
                let error = socket.line()?["error"]
                #expect(error?["code"] == "invalidArgument", "\(String(decoding: line.prefix(40), as: UTF8.self))")
                socket.send(#"{"verb":"echo","id":7}"#)
                #expect(socket.line() == ["id": 7, "ok": [:]])
            }
        }
    }

    @Test("takes a line of a mebibyte, and ends the connection after an error with a longer one", arguments: [0, 1])
    func longLines(excess: Int) async throws {
        let place = try await SocketPlace()
        let (reply, next) = try await RawSocket.blocking { [path = place.path] in
            let socket = try greeted(path)
            let head = #"{"verb":"echo","arguments":{"x":""#
            let text = String(repeating: "x", count: (1 << 20) - head.utf8.count - 3 + excess)
            socket.send(head + text + "\"}}")
            return (socket.line(), excess == 0 || socket.line() == nil)
        }
        if excess == 0 {
            #expect(reply?["ok"]?["x"]?.stringValue?.utf8.count ?? 0 > 1_000_000)
        } else {
            #expect(reply?["error"]?["code"] == "resourceExhausted" && reply?["error"]?["value"] == .int(1 << 20))
            #expect(next)
        }
        let client = try await ControlClient.connect(to: place.path)
        #expect(try await client.send("echo") == [:])
    }

    @Test("serves 64 clients at once, turns others away, and is as before when they have gone")
    func thousand() async throws {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let place = try await SocketPlace()
        let (served, refused) = try await RawSocket.blocking { [path = place.path] in
            let sockets = try (0..<1000).map { _ in try RawSocket.connect(path) }
            let first = sockets.map { $0.line() }
            var served = 0
            for (socket, line) in zip(sockets, first) where line?["keyway"] != nil {
                socket.send(#"{"verb":"echo","id":1}"#)
                if socket.line() == ["id": 1, "ok": [:]] { served += 1 }
            }
            let refused = zip(sockets, first).count { socket, line in
                line?["error"]?["code"] == "overloaded" && line?["error"]?["value"] == 64 && socket.line() == nil
            }
            return (served, refused)
        }
        #expect(served == 64 && refused == 936)
        // Places are free again as the server sees clients go: whoever is turned away tries again.
        while true {
            do throws(PluginError) {
                let client = try await ControlClient.connect(to: place.path)
                #expect(try await client.send("echo", ["x": 1]) == ["x": 1])
                break
            } catch {
                try #require(error.code == .overloaded && error.retryable)
            }
        }
    }

    @Test("serves 1,000 clients that come one upon the other")
    func inTurn() async throws {
        let place = try await SocketPlace()
        try await withThrowingTaskGroup { group in
            for worker in 0..<20 {
                group.addTask {
                    for round in 0..<50 {
                        let client = try await ControlClient.connect(to: place.path)
                        let reply = try await client.send("echo", ["n": .int(Int64(worker * 50 + round))])
                        #expect(reply["n"] == .int(Int64(worker * 50 + round)))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("cancels the request of a client that goes, and is not harmed by others that go at any byte")
    func disconnects() async throws {
        let place = try await SocketPlace()
        let socket = Mutex<RawSocket?>(
            try await RawSocket.blocking { [path = place.path] in
                let socket = try greeted(path)
                socket.send(#"{"verb":"hang"}"#)
                return socket
            })
        for await _ in place.seen.began.stream { break }
        socket.withLock { $0 = nil }
        for await _ in place.seen.ended.stream { break }
        try await RawSocket.blocking { [path = place.path] in
            let line = Array(#"{"verb":"echo","arguments":{"x":1}}"#.utf8) + [0x0A]
            for count in 0...line.count {
                // At the limit of clients the line is an error; then those before have not been seen to go yet.
                let socket = try RawSocket.connect(path)
                if count % 2 == 0 { _ = socket.line() }
                socket.send(Array(line.prefix(count)))
            }
        }
        let client = try await ControlClient.connect(to: place.path)
        #expect(try await client.send("echo") == [:])
    }

    @Test("answers the requests that run when it is stopped, and then is gone")
    func stopWhileRunning() async throws {
        let place = try await SocketPlace()
        let socket = try await RawSocket.blocking { [path = place.path] in
            let socket = try greeted(path)
            socket.send(#"{"verb":"hang","id":1}"# + "\n" + #"{"verb":"echo","id":2}"#)
            return socket
        }
        let idle = try await ControlClient.connect(to: place.path)
        for await _ in place.seen.began.stream { break }
        place.server.stop()
        place.server.stop()
        await place.server.finished()
        await place.server.finished()
        let lines = try await RawSocket.blocking { [socket.line(), socket.line()] }
        #expect(lines[0]?["error"]?["code"] == "cancelled" && lines[0]?["id"] == 1 && lines[1] == nil)
        await #expect { _ = try await idle.send("echo") } throws: { ($0 as? PluginError)?.code == .unavailable }
        await #expect { _ = try await ControlClient.connect(to: place.path) } throws: { error in
            guard let error = error as? PluginError else { return false }
            return error.code == .notFound && error.what.hasPrefix("no host runs")
                && error.remedy == "Start one with `keyway run-host --path DIR`"
        }
    }

    @Test(
        "serves root and its own user alone",
        .enabled(if: geteuid() == 0 && Self.python != nil, "needs root and python3, to come as another user"))
    func anotherUser() async throws {
        let place = try await SocketPlace()
        func come(as user: Int) throws -> String {
            let program = """
                import os, socket
                client = socket.socket(socket.AF_UNIX)
                os.setgroups([]); os.setgid(\(user)); os.setuid(\(user))
                try:
                    client.connect("\(place.path)")
                    print(client.makefile().readline(), end="")
                except OSError as error:
                    print(error.strerror)
                """
            return try Programs.succeed(#require(Self.python), ["-c", program])
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.folder.path)
        #expect(try come(as: 0).contains(#""keyway":"control""#))
        #expect(try come(as: 65534) == "Permission denied\n")
        // Even if somebody opens the file to everybody.
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: place.path)
        let refusal = try JSON(parsing: try come(as: 65534), what: "the refusal")
        #expect(refusal["error"]?["code"] == "permissionDenied" && refusal["keyway"] == nil)
    }

    /// One that other users can run, if there is one: that on PATH may be in a home folder.
    static let python = Programs.find("/usr/bin/python3", "/usr/local/bin/python3", "python3")
}
