internal import PluginCore
internal import Synchronization

/// A blocking operation on a host thread that a task waits for.
///
/// The task is resumed by whichever comes first: the operation's end, the task's cancellation, or the total deadline. In the
/// latter cases the operation is told to stop and its result is dropped when it comes.
final class AsyncCall<Value: Sendable>: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Result<Value, PluginError>, Never>)
        case decided(Result<Value, PluginError>)
        case done
    }

    private let state = Mutex(State.idle)
    private let cancellation = Cancellation()

    private init() {}

    /// - Parameter body: runs on a host thread and owns everything that it touches, because it may outlive the wait.
    static func run(
        _ operation: StaticString, of plugin: String, _ context: CallContext, on threads: HostThreads = .shared,
        _ body: @escaping @Sendable (Cancellation) throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        let call = AsyncCall()
        let timer = context.deadlines.total.map { total in
            Task {
                try? await Task.sleep(for: total)
                guard !Task.isCancelled else { return }
                call.end(.failure(.deadlinePassed(total, operation, plugin)))
                call.cancellation.cancel()
            }
        }
        defer { timer?.cancel() }
        let result = await withTaskCancellationHandler {
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
            call.end(.failure(.cancelled(operation, plugin)))
            call.cancellation.cancel()
        }
        return try result.get()
    }

    /// Whether the operation still has to be started.
    private func wait(_ continuation: CheckedContinuation<Result<Value, PluginError>, Never>) -> Bool {
        let decided = state.withLock { state -> Result<Value, PluginError>? in
            if case .decided(let result) = state {
                state = .done
                return result
            }
            state = .waiting(continuation)
            return nil
        }
        guard let decided else { return true }
        continuation.resume(returning: decided)
        return false
    }

    private func end(_ result: Result<Value, PluginError>) {
        let waiting = state.withLock { state -> CheckedContinuation<Result<Value, PluginError>, Never>? in
            switch state {
            case .idle:
                state = .decided(result)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .decided, .done: return nil
            }
        }
        waiting?.resume(returning: result)
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
