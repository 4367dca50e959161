internal import PluginCore
internal import Synchronization

/// Runs the checks of a suite one after another, and gives up on one that does not end.
struct CheckRunner: Sendable {
    /// For one check.
    let limit: Duration

    /// - Parameter body: returns what was seen; throws ``CheckFailure``, ``NotApplicable`` or what the implementation threw.
    func run<Check: RawRepresentable & Sendable>(
        _ subject: String, _ checks: [Check], _ body: @escaping @Sendable (Check) async throws -> String
    ) async -> ConformanceReport where Check.RawValue == String {
        var results: [ConformanceReport.Check] = []
        for check in checks {
            let outcome = await outcome { try await body(check) }
            results.append(ConformanceReport.Check(name: check.rawValue, outcome: outcome))
        }
        return ConformanceReport(subject: subject, checks: results)
    }

    /// Unstructured on purpose: an implementation that never returns must not keep the suite from reporting it.
    private func outcome(_ body: @escaping @Sendable () async throws -> String) async -> ConformanceReport.Outcome {
        let race = Race()
        let work = Task { race.end(await Self.judged(body)) }
        let timer = Task { [limit] in
            try? await Task.sleep(for: limit)
            guard !Task.isCancelled else { return }
            race.end(.failed(expected: "an end within \(limit)", seen: "it still runs"))
        }
        let outcome = await race.outcome()
        work.cancel()
        timer.cancel()
        return outcome
    }

    private static func judged(_ body: () async throws -> String) async -> ConformanceReport.Outcome {
        do {
            return .passed(seen: try await body())
        } catch let failure as CheckFailure {
            return .failed(expected: failure.expected, seen: failure.seen)
        } catch let reason as NotApplicable {
            return .skipped(reason: reason.reason)
        } catch {
            return .failed(expected: "no error", seen: "\(error)")
        }
    }
}

/// The first of two outcomes.
private final class Race: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<ConformanceReport.Outcome, Never>)
        case over(ConformanceReport.Outcome)
    }

    private let state = Mutex(State.open)

    func end(_ outcome: ConformanceReport.Outcome) {
        let waiting = state.withLock { state -> CheckedContinuation<ConformanceReport.Outcome, Never>? in
            switch state {
            case .open: state = .over(outcome)
            case .waiting(let continuation):
                state = .over(outcome)
                return continuation
            case .over: break
            }
            return nil
        }
        waiting?.resume(returning: outcome)
    }

    func outcome() async -> ConformanceReport.Outcome {
        await withCheckedContinuation { continuation in
            let over = state.withLock { state -> ConformanceReport.Outcome? in
                if case .over(let outcome) = state { return outcome }
                state = .waiting(continuation)
                return nil
            }
            if let over { continuation.resume(returning: over) }
        }
    }
}
