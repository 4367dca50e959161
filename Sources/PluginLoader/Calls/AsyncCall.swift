internal import PluginCore
internal import Synchronization

/// A blocking operation on a host thread that a task waits for.
///
/// The task is resumed by whichever comes first: the operation's end, the task's cancellation, or the total deadline. In the
/// latter cases the operation is told to stop and its result is dropped when it comes.
final class AsyncCall<Value: Sendable>: Sendable {
    private struct State {
        var waiting: CheckedContinuation<Void, Never>?
        /// What came first. It is handed over here and not by the continuation, which does not show a sanitizer the order
        /// of events when it is resumed before anybody waits.
        var result: Result<Value, PluginError>?
    }

    private let state = Mutex(State())
    private let cancellation = Cancellation()

    private init() {}

    /// - Parameters:
    ///   - operation: what it is at the moment in which nobody waits any longer.
    ///   - body: runs on a host thread and owns everything that it touches, because it may outlive the wait.
    static func run(
        _ operation: @escaping @autoclosure @Sendable () -> StaticString, of plugin: String, _ context: CallContext,
        on threads: HostThreads = .shared,
        _ body: @escaping @Sendable (Cancellation) throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        let call = AsyncCall()
        let timer = context.deadlines.total.map { total in
            Task {
                try? await Task.sleep(for: total)
                guard !Task.isCancelled else { return }
                call.end(.failure(.deadlinePassed(total, operation(), plugin)))
                call.cancellation.cancel()
            }
        }
        defer { timer?.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard call.wait(continuation) else { return }
                threads.submit {
                    do throws(PluginError) {
                        call.end(.success(try body(call.cancellation)))
                    } catch {
                        call.end(.failure(error))
                    }
                }
            }
        } onCancel: {
            call.end(.failure(.cancelled(operation(), plugin)))
            call.cancellation.cancel()
        }
        return try call.state.withLock { $0.result! }.get()
    }

    /// Whether the operation still has to be started.
    private func wait(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        let isDecided = state.withLock { state in
            if state.result == nil { state.waiting = continuation }
            return state.result != nil
        }
        if isDecided { continuation.resume() }
        return !isDecided
    }

    private func end(_ result: Result<Value, PluginError>) {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.result == nil else { return nil }
            state.result = result
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}

extension PluginError {
    static func cancelled(_ operation: StaticString, _ plugin: String) -> PluginError {
        PluginError(.cancelled, "\(operation) was cancelled", plugin: plugin, stage: .call, operation: "\(operation)")
    }

    /// - Parameter kind: which deadline, by its name in ``Deadlines``.
    static func deadlinePassed(
        _ limit: Duration, _ operation: StaticString, _ plugin: String, kind: String = "total"
    ) -> PluginError {
        let what =
            switch kind {
            case "firstContent": "\(operation) gave no content within \(limit.milliseconds) ms"
            case "betweenChunks": "\(operation) paused for more than \(limit.milliseconds) ms"
            default: "\(operation) took longer than its \(limit.milliseconds) ms"
            }
        return PluginError(
            .timeout, what, remedy: "Allow it more time, or ask the plugin for less",
            facts: .deadline(kind: kind, milliseconds: limit.milliseconds), plugin: plugin, stage: .call,
            operation: "\(operation)")
    }
}
