import Foundation
import PluginHost
import Testing

@Suite("The control socket's file and client", .timeLimit(.minutes(10)))
struct ControlClientTests {
    private func failure(_ body: () async throws -> Void) async -> PluginError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? PluginError
        }
    }

    private func start(_ path: String, makesFolder: Bool = false) async throws(PluginError) -> ControlServer {
        try await ControlServer.start(at: path, makesFolder: makesFolder) { request in
            .success(["verb": .string(request.verb), "arguments": request.arguments])
        } events: { _ in
            .failure(PluginError(.unsupported, "there are no events"))
        }
    }

    @Test("is in the user's runtime folder, or in one for the user alone")
    func standardPath() {
        #expect(ControlSocket.standardPath(runtimeFolder: "/run/user/1") == "/run/user/1/keyway/host.sock")
        for other in [nil, "", "relative"] {
            #expect(ControlSocket.standardPath(runtimeFolder: other) == "/tmp/keyway-\(geteuid())/host.sock")
        }
    }

    @Test("says that no host runs when there is no socket, or nobody listens")
    func noHost() async throws {
        let folder = try Sample.Folder()
        for path in ["\(folder.path)/none/x.sock", "\(folder.path)/none.sock", "\(folder.path)/stale.sock"] {
            if path.hasSuffix("stale.sock") { _ = try RawSocket.listen(path) }
            let error = await failure { _ = try await ControlClient.connect(to: path) }
            #expect(error?.code == .notFound && error?.what.hasPrefix("no host runs") == true, "\(path)")
            #expect(error?.remedy == "Start one with `keyway run-host --path DIR`")
        }
    }

    @Test("of a host that has ended is replaced; that of one that runs is not")
    func stale() async throws {
        let folder = try Sample.Folder()
        let path = "\(folder.path)/host.sock"
        _ = try RawSocket.listen(path)
        let first = try await start(path)
        let error = await failure { _ = try await start(path) }
        #expect(error?.code == .conflict && error?.what.contains("a host runs already (pid \(getpid()))") == true)
        let client = try await ControlClient.connect(to: path)
        #expect(client.process == getpid())
        #expect(try await client.send("status", ["x": 1])["arguments"] == ["x": 1])
        // What has the name now is another's, and stays.
        #expect(unsafe unlink(path) == 0)
        let second = try await start(path)
        first.stop()
        await first.finished()
        #expect(try await ControlClient.connect(to: path).send("status")["verb"] == "status")
        second.stop()
        await second.finished()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["host.sock.lock"])
    }

    @Test("has one host, however many start at once")
    func together() async throws {
        let folder = try Sample.Folder()
        let path = "\(folder.path)/host.sock"
        _ = try RawSocket.listen(path)
        let servers = await withTaskGroup(of: ControlServer?.self) { group in
            for _ in 0..<20 { group.addTask { try? await start(path) } }
            return await group.reduce(into: []) { if let server = $1 { $0.append(server) } }
        }
        #expect(servers.count == 1)
        #expect(try await ControlClient.connect(to: path).send("status")["verb"] == "status")
    }

    @Test("is refused where something else is, where its folder is missing or open to others, and by its length")
    func refused() async throws {
        let folder = try Sample.Folder()
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/file"))
        var error = await failure { _ = try await start("\(folder.path)/file") }
        #expect(error?.code == .conflict)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/file")) == Data("x".utf8))
        error = await failure { _ = try await start("\(folder.path)/none/host.sock") }
        #expect(error?.code == .unavailable && error?.message.contains("--socket") == true)
        for name in [String(repeating: "x", count: 108), "a\0b", ""] {
            error = await failure { _ = try await start(name) }
            #expect(error?.code == .invalidArgument)
            error = await failure { _ = try await ControlClient.connect(to: name) }
            #expect(error?.code == .invalidArgument)
        }
        let own = "\(folder.path)/keyway"
        let server = try await start("\(own)/host.sock", makesFolder: true)
        let mode = try FileManager.default.attributesOfItem(atPath: own)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        server.stop()
        await server.finished()
        #expect(unsafe chmod(own, 0o770) == 0)
        error = await failure { _ = try await start("\(own)/host.sock", makesFolder: true) }
        #expect(error?.code == .permissionDenied && error?.message.contains("chmod 700") == true)
        #expect(unsafe symlink(folder.path, "\(folder.path)/link") == 0)
        error = await failure { _ = try await start("\(folder.path)/link/host.sock", makesFolder: true) }
        #expect(error?.code == .permissionDenied)
    }

    @Test(
        "that is no host's is told from one",
        arguments: [
            ("", PluginError.Code.unavailable), ("\n", .invalidArgument), ("SSH-2.0\n", .invalidArgument),
            ("{}\n", .protocolViolation), ("{\"keyway\":\"control\",\"version\":2,\"pid\":1}\n", .unsupported),
            ("{\"keyway\":\"control\",\"version\":1}\n", .protocolViolation), ("{\"keyway\":\"con", .unavailable),
            ("{\"id\":null,\"error\":{\"code\":\"overloaded\",\"message\":\"no\"}}\n", .overloaded),
        ])
    func impostor(greeting: String, code: PluginError.Code) async throws {
        let folder = try Sample.Folder()
        let listener = try RawSocket.listen("\(folder.path)/x.sock")
        async let serving: Void = RawSocket.blocking {
            let client = listener.accept()
            client.send(Array(greeting.utf8))
        }
        let error = await failure { _ = try await ControlClient.connect(to: "\(folder.path)/x.sock") }
        #expect(error?.code == code, "\(error as Any)")
        try await serving
    }

    @Test("ends its client's wait when the task is cancelled, the time is over or the host is gone")
    func waits() async throws {
        let place = try await SocketPlace()
        let client = try await ControlClient.connect(to: place.path)
        let task = Task { await failure { _ = try await client.send("hang") } }
        for await _ in place.seen.began.stream { break }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        for await _ in place.seen.ended.stream { break }
        #expect(await failure { _ = try await client.send("echo") }?.code == .unavailable)
        let other = try await ControlClient.connect(to: place.path)
        let context = CallContext(deadlines: Deadlines(total: .milliseconds(1)))
        #expect(await failure { _ = try await other.send("hang", [:], context) }?.code == .timeout)
        #expect(await failure { _ = try await other.send("echo") }?.code == .unavailable)
    }

    @Test("answers tasks that ask at once each with its own")
    func shared() async throws {
        let place = try await SocketPlace()
        let client = try await ControlClient.connect(to: place.path)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let reply = try? await client.send("echo", ["n": .int(Int64(number))])
                    #expect(reply == ["n": .int(Int64(number))])
                }
            }
        }
    }

    static let facts: [PluginError.Facts] = [
        .none, .file(path: "/x"), .limit(name: "n", value: 1, unit: "bytes", source: "host"),
        .deadline(kind: "total", milliseconds: 1.5), .pointer("/a/b"), .names(["a", "b"]),
        .dimensions(expected: 1, actual: 2), .linker("undefined symbol: x"), .errno(2, call: "open"),
    ]

    @Test("carries errors as they are", arguments: facts)
    func errors(facts: PluginError.Facts) async throws {
        let folder = try Sample.Folder()
        for code in PluginError.Code.all {
            let sent = PluginError(
                code, "what", remedy: "Do it", facts: facts, plugin: "p", stage: .load, operation: "o",
                retryAfter: .seconds(2))
            let server = try await ControlServer.start(at: "\(folder.path)/host.sock", makesFolder: false) { _ in
                .failure(sent)
            } events: { _ in
                .failure(sent)
            }
            let client = try await ControlClient.connect(to: "\(folder.path)/host.sock")
            let error = await failure { _ = try await client.send("x") }
            #expect(error == sent && error?.json == sent.json)
            #expect(error?.retryable == sent.retryable)
            #expect(await failure { _ = try await client.events() } == sent)
            server.stop()
            await server.finished()
        }
    }
}
