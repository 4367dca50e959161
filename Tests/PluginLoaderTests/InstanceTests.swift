import PluginCore
import PluginLoader
import TestPrograms
import Testing

/// What the host owes to the instances of one plugin.
@Suite("Instances of one plugin", .needsCompiler, .timeLimit(.minutes(10)))
struct InstanceTests {
    private func loaded(_ macros: [String]) throws -> LoadedPlugin {
        let folder = try Folder()
        return try Fixture.loader().prepare(Fixture.build(macros, in: folder)).load()
    }

    @Test("each instance has a host table of its own")
    func hosts() async throws {
        let plugin = try loaded([])
        let (first, second) = (try plugin.create(), try plugin.create())
        let (mine, other) = (try await first.state()["host"], try await second.state()["host"])
        #expect(mine != nil && other != nil && mine != other)
        await first.shutdown()
        await second.shutdown()
    }

    @Test("an instance that is busy keeps no other from being made and destroyed, whatever waits for its turn in it")
    func busyInstance() async throws {
        let (plugin, hold) = (try loaded(["NOTE_CAPS=0", "WHOLE_LIFE"]), Hold())
        let busy = try plugin.create()
        let call = Task { try await busy.embedder!.embed(EmbedRequest([hold.text]), dims: 4).report }
        #expect(await hold.arrived.receive().count == 1)
        let configured = Task { try await busy.configure([:]) }
        for _ in 0..<100 {
            let other = try plugin.create()
            await other.shutdown()
        }
        hold.leave.send()
        _ = try await call.value
        #expect(try await configured.value.isEmpty)
        await busy.shutdown()
        withExtendedLifetime(hold) {}
    }

    @Test("what an instance hands over is released once, before it is destroyed, even if quiesce fails after its reply")
    func handedOver() async throws {
        let (plugin, told) = (try loaded(["WHOLE_LIFE"]), Channel())
        let instance = try plugin.create(configuration: ["destroyed": .int(Int64(told.writing)), "tag": 99])
        await instance.shutdown()
        #expect(await told.number() == 0x100)  // for good, and nobody wants its state
        #expect(await told.number() == 5)
        #expect(await told.number() == 99)
    }

    @Test("a message to a run takes no place, but needs a plugin that runs several operations at once")
    func send() async throws {
        let (plugin, hold) = (try loaded(["MAX_CONCURRENCY=1"]).create(), Hold())
        let call = Task { try await plugin.embedder!.embed(EmbedRequest([hold.text]), dims: 4).report }
        #expect(await hold.arrived.receive().count == 1)
        try await plugin.toolExecutor!.send(.endOfInput, to: "session", CallContext())
        hold.leave.send()
        _ = try await call.value
        await plugin.shutdown()
        withExtendedLifetime(hold) {}
        let serial = try loaded(["NOTE_CAPS=0"]).create()
        let error = await failure { () async throws(PluginError) in
            try await serial.toolExecutor!.send(.endOfInput, to: "session", CallContext())
        }
        #expect(error?.code == .unsupported && error?.operation == "toolExecutor.send" && error?.remedy != nil)
        await serial.shutdown()
    }
}
