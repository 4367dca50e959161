import Foundation
import PluginHost
import Testing

/// Plugins whose workers fail again and again: who is refused, for how long, and what ends it.
@Suite("Refused calls", .timeLimit(.minutes(10))) struct RefusedCallTests {
    private static func host(
        _ clock: ManualClock, _ change: (inout PluginHost.Configuration) -> Void = { _ in }
    ) throws -> PluginHost {
        try UnrulyPlugin.host {
            $0.timer = clock
            change(&$0)
        }
    }

    /// Has it crash until its calls are refused.
    private static func openCircuit(of plugin: NativePlugin, _ clock: ManualClock) async throws {
        // The next worker comes after a while. What is far off is not to happen, such as the limits of its start.
        let pacer = Task {
            while !Task.isCancelled {
                let date = await clock.sleeper()
                if clock.now.duration(to: date) < .seconds(10) { clock.advance(to: date) } else { await Task.yield() }
            }
        }
        while plugin.refusal == nil {
            // Each is another call, or it would be known as one that ends workers.
            let error = try await UnrulyPlugin.error(of: plugin, "abort \(UUID())")
            #expect(error.code == .crashed || error.code == .unavailable)
        }
        pacer.cancel()
        await pacer.value
    }

    /// Lets time go on until a call is tried. A worker that started meanwhile may be late by that clock, which opens the
    /// circuit anew.
    /// - Returns: how long calls were refused the last time, and the error of the call; nil: it was answered.
    private static func callWhenTried(
        _ plugin: NativePlugin, _ clock: ManualClock, _ text: String = "?"
    ) async throws -> (wait: Duration, error: PluginError?) {
        var wait = Duration.zero
        while true {
            if let refusal = plugin.refusal, refusal.cause == .circuitOpen, let left = refusal.retryAfter {
                wait = left
                clock.advance(by: left)
            }
            do {
                _ = try await UnrulyPlugin.answer(plugin, text)
                return (wait, nil)
            } catch let error as PluginError {
                guard error.code == .unavailable else { return (wait, error) }
                await Task.yield()
            }
        }
    }

    @Test("a plugin that crashes again and again is refused, and says why, and until when; then one call is tried")
    func circuit() async throws {
        let unruly = try UnrulyPlugin()
        let clock = ManualClock()
        let host = try Self.host(clock)
        let plugin = try await host.load(unruly.path)
        #expect(plugin.refusal == nil && host.status.first?.state == .active)
        try await Self.openCircuit(of: plugin, clock)
        let refusal = try #require(plugin.refusal)
        #expect(refusal.cause == .circuitOpen)
        #expect(try #require(refusal.retryAfter) <= .seconds(30))
        let error = try await UnrulyPlugin.error(of: plugin, "?")
        #expect(error.code == .unavailable && error.retryable && error.retryAfter == plugin.refusal?.retryAfter)

        let status = try #require(host.status.first)
        #expect(status.state == .error && status.refusal?.cause == .circuitOpen && status.reason == refusal.reason)
        #expect(status.json["refused"]?["cause"] == "circuitOpen")
        #expect(status.json["refused"]?["retryAfterMs"]?.intValue.map { 0 < $0 && $0 <= 30_000 } == true)
        #expect(status.json["refused"]?["until"]?.stringValue?.hasSuffix("Z") == true)
        // It is loaded all the same.
        #expect(host.plugins.first?.refusal?.cause == .circuitOpen)
        #expect(try await host.activate("unruly") === plugin)

        let events = host.events
        #expect(try await Self.callWhenTried(plugin, clock).error == nil)
        #expect(plugin.refusal == nil)
        for await event in events where event.kind == .circuitClosed { break }
        #expect(host.status.first?.state == .active && host.status.first?.refusal == nil)
        _ = try await UnrulyPlugin.answer(plugin)
        await host.shutdown()
    }

    @Test("of many calls exactly one is tried, and the others are refused until it has been answered")
    func one() async throws {
        let unruly = try UnrulyPlugin()
        let (clock, keeper) = (ManualClock(), LogKeeper())
        let host = try Self.host(clock) { $0.logger = keeper.logger }
        let plugin = try await host.load(unruly.path)
        try await Self.openCircuit(of: plugin, clock)
        let embedder = try #require(plugin.embedder)
        // It stays in the plugin until it is cancelled; before there is a worker it is refused.
        let tried = Task {
            // One operation, which does not ask for the dimensions first.
            var matrix = Matrix(rows: 1, dims: 3)
            while true {
                do throws(PluginError) {
                    return _ = try await embedder.embed(EmbedRequest(["polite, and log"]), into: &matrix, CallContext())
                } catch {
                    guard error.code == .unavailable else { return }
                    if let left = plugin.refusal?.retryAfter { clock.advance(by: left) }
                    await Task.yield()
                }
            }
        }
        _ = try await keeper.line(with: "a note")
        for _ in 0..<50 {
            let error = try await UnrulyPlugin.error(of: plugin, "?")
            #expect(error.code == .unavailable && error.retryable)
        }
        #expect(plugin.refusal?.cause == .circuitHalfOpen && host.status.first?.refusal?.cause == .circuitHalfOpen)
        // Given up, it says nothing of the plugin: the next is tried.
        tried.cancel()
        await tried.value
        #expect(try await Self.callWhenTried(plugin, clock).error == nil)
        #expect(plugin.refusal == nil)
        await host.shutdown()
    }

    @Test("a tried call that crashes has calls be refused again, for twice as long") func longer() async throws {
        let unruly = try UnrulyPlugin()
        let clock = ManualClock()
        let host = try Self.host(clock)
        let plugin = try await host.load(unruly.path)
        try await Self.openCircuit(of: plugin, clock)
        for _ in 0..<2 {
            let (wait, error) = try await Self.callWhenTried(plugin, clock, "abort \(UUID())")
            #expect(error?.code == .crashed)
            // Its end is told by the process that started it.
            while plugin.refusal?.cause != .circuitOpen { await Task.yield() }
            let next = try #require(plugin.refusal?.retryAfter)
            #expect([60, 120, 240, 300].map { .seconds($0) }.contains(next) && (next > wait || wait == .seconds(300)))
        }
        await host.shutdown()
    }

    @Test("an operator who has it go on does not wait, whether it failed or is disabled", arguments: [false, true])
    func resumed(_ isDisabled: Bool) async throws {
        let unruly = try UnrulyPlugin()
        let clock = ManualClock()
        let host = try Self.host(clock) { $0.workers.recovery = isDisabled ? .disable : .restart }
        let plugin = try await host.load(unruly.path)
        if isDisabled {
            #expect(try await UnrulyPlugin.error(of: plugin, "abort").code == .crashed)
            while plugin.refusal == nil { await Task.yield() }
            let refusal = try #require(host.status.first?.refusal)
            #expect(refusal.cause == .disabled && refusal.reason.contains("SIGABRT") && refusal.retryAfter == nil)
            #expect(refusal.remedy.contains("keyway resume unruly"))
            #expect(try await UnrulyPlugin.error(of: plugin, "?").code == .disabled)
        } else {
            try await Self.openCircuit(of: plugin, clock)
        }
        #expect(host.status.first?.state == .error)
        let events = host.events
        try await host.resume("unruly")
        for await event in events where event.kind == .circuitClosed { break }
        #expect(plugin.refusal == nil && host.status.first?.state == .active)
        _ = try await UnrulyPlugin.answer(plugin)
        await host.shutdown()
    }

    @Test("another build is taken up while calls are refused, and is not refused for what the first did")
    func swapped() async throws {
        let unruly = try UnrulyPlugin()
        let clock = ManualClock()
        let host = try Self.host(clock)
        let plugin = try await host.load(unruly.path)
        try await Self.openCircuit(of: plugin, clock)
        try await host.swap("unruly", to: try UnrulyPlugin.build([], build: 2, in: unruly.folder.path))
        #expect(plugin.refusal == nil && host.status.first?.state == .active)
        #expect(try await UnrulyPlugin.answer(plugin).build == 2)
        await host.shutdown()
    }
}
