import CRawHost
import PluginHost

/// One event of a stream: borrowed by a closure, and through an async sequence, over events that reach a C function.
struct StreamBenchmarks {
    private static let borrowedEvents = 20_000
    private static let sequenceDeltas = 5_000

    let provider: NativeModelProvider
    let raw: RawPlugin

    private static func request(_ deltas: Int, model: String? = nil) -> ModelRequest {
        ModelRequest([Message(.user, "go")], model: model, maxOutputTokens: deltas)
    }

    private func borrowed() throws -> Double {
        let request = Self.request(Self.borrowedEvents)
        var bytes = 0
        let began = raw_now_ns()
        _ = try provider.stream(request) { text in
            bytes += text.count
            return .proceed
        }
        let took = raw_now_ns() - began
        guard bytes == Self.borrowedEvents * 5 else { throw BenchmarkError("a borrowed stream lost text") }
        return Double(took) / Double(Self.borrowedEvents)
    }

    /// - Parameter model: "alternating" if no delta may be merged with the one before it.
    static func sequence(_ provider: NativeModelProvider, deltas: Int, model: String? = nil) async throws -> Double {
        let request = Self.request(deltas, model: model)
        var bytes = 0
        let began = raw_now_ns()
        for try await event in try await provider.stream(request, CallContext()) {
            if case .text(_, _, let text) = event { bytes += text.utf8.count }
        }
        let took = raw_now_ns() - began
        guard bytes == deltas * 5 else { throw BenchmarkError("a stream lost text") }
        return Double(took) / Double(deltas)
    }

    /// From the cancellation of a task that follows a stream without end to the error that the task gets.
    private func cancellation() async throws -> Double {
        let (events, began) = AsyncStream.makeStream(of: Void.self)
        let provider = provider
        let task = Task {
            for try await _ in try await provider.stream(Self.request(0, model: "endless"), CallContext()) {
                began.yield()
            }
        }
        var iterator = events.makeAsyncIterator()
        await iterator.next()
        let cancelled = raw_now_ns()
        task.cancel()
        guard case .failure(let error) = await task.result, (error as? PluginError)?.code == .cancelled else {
            throw BenchmarkError("a cancelled stream did not throw that it was")
        }
        return Double(raw_now_ns() - cancelled)
    }

    func rows() async throws -> [Row] {
        let contest = try await Contest(
            rounds: 61,
            [
                { try borrowed() }, { try raw.stream(RAW_ENGINE_KEYWAY, count: Self.borrowedEvents) },
                { try await Self.sequence(provider, deltas: Self.sequenceDeltas) },
                { try await Self.sequence(provider, deltas: Self.sequenceDeltas, model: "alternating") },
                { try raw.stream(RAW_ENGINE_MINIMAL, count: Self.borrowedEvents) },
            ])
        let cancellations = try await Contest(rounds: 201, [{ try await cancellation() }])
        return [
            Row("stream event, C call engine", contest, 1),
            Row("stream event, borrowed by a closure", contest, 0, .nanoseconds(20)),
            Row("stream delta, AsyncSequence", contest, 2, .nanoseconds(400)),
            Row("stream delta, AsyncSequence, none merged", contest, 3),
            Row("cancel to thrown error", cancellations.result(0), .nanoseconds(5_000_000)),
        ]
    }
}
