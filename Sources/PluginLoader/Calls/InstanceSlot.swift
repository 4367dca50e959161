internal import PluginCore
internal import Synchronization

/// The place of a plugin's living instance. Every call goes through it to whatever instance is there, so that another one can
/// take the place while calls go on, and none of them fails.
///
/// A call costs one atomic load more than one that knows its instance. It reads which instance is in the slot, and enters it.
/// An instance that gave up its place is closed only afterwards, so whoever finds it closed finds another one in the slot.
@safe
final class InstanceSlot: Sendable {
    private enum Access {
        case open
        /// Calls wait: it will be opened or refused soon.
        case held
        case refused(PluginError)
    }

    private struct State {
        var access = Access.open
        /// Every instance that was ever here, the present one last. They stay for as long as the slot does, about 2 KB each
        /// without the plugin's code: a call that has read the pointer to one, and has not entered it yet, touches nothing
        /// but its counter.
        var instances: [PluginInstance]
    }

    /// The plugin's id, the same for each instance.
    let id: String
    /// The present instance; nil while calls wait or are refused.
    private let current: Atomic<Unmanaged<PluginInstance>?>
    private let state: Monitor<State>
    private let lent = Mutex<Fallback?>(nil)
    private let isLent = Atomic(false)
    private let lentCalls = Atomic<UInt64>(0)

    init(_ instance: PluginInstance) {
        id = instance.id
        unsafe current = Atomic(Unmanaged.passUnretained(instance))
        state = Monitor(State(instances: [instance]))
    }

    /// The instance that is in the slot, whether or not calls may go to it.
    var instance: PluginInstance { state.withLock { $0.instances[$0.instances.count - 1] } }

    // MARK: - Calls

    /// Runs the body with the present instance, which it has entered. Waits while calls are held.
    /// - Throws: what the body throws, and why calls are refused.
    @inline(__always)
    func withInstance<Value>(
        _ operation: StaticString, _ body: (PluginInstance) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        if let instance = unsafe current.load(ordering: .acquiring) {
            // Not retained: the slot keeps it, and the caller keeps the slot.
            let result = unsafe instance._withUnsafeGuaranteedRef { instance -> Result<Value, PluginError>? in
                guard instance.counter.enter() else { return nil }
                defer { instance.counter.leave() }
                do throws(PluginError) {
                    return .success(try body(instance))
                } catch {
                    instance.counter.noteFailure()
                    return .failure(error)
                }
            }
            if let result { return try result.get() }
        }
        let instance = try enter(operation)
        defer { instance.counter.leave() }
        do throws(PluginError) {
            return try body(instance)
        } catch {
            instance.counter.noteFailure()
            throw error
        }
    }

    /// Enters the instance that is there when the slot is open.
    private func enter(_ operation: StaticString) throws(PluginError) -> PluginInstance {
        let result = state.wait { state -> Result<PluginInstance, PluginError>? in
            switch state.access {
            case .held: return nil
            case .refused(var error):
                error.operation = "\(operation)"
                return .failure(error)
            case .open:
                let instance = state.instances[state.instances.count - 1]
                return instance.counter.enter() ? .success(instance) : .failure(Self.closed(id, operation))
            }
        }
        return try result.get()
    }

    private static func closed(_ id: String, _ operation: StaticString) -> PluginError {
        var error = shutDown(id)
        error.operation = "\(operation)"
        return error
    }

    static func shutDown(_ id: String) -> PluginError {
        PluginError(
            .disabled, "\(id) was shut down", remedy: "Load it again before calling it", plugin: id, stage: .call)
    }

    // MARK: - Who answers if the instance cannot

    func lend(_ fallback: Fallback?) {
        lent.withLock { $0 = fallback }
        isLent.store(fallback != nil, ordering: .releasing)
    }

    @inline(__always)
    var hasFallback: Bool { isLent.load(ordering: .acquiring) }

    var fallback: Fallback? { lent.withLock { $0 } }

    /// Calls that it answered.
    var fallbacks: UInt64 { lentCalls.load(ordering: .relaxed) }

    func noteFallback() { lentCalls.wrappingAdd(1, ordering: .relaxed) }

    // MARK: - Changes. One at a time: whoever owns the slot takes care of that.

    /// Has new calls wait, and closes the instance: those that run go on.
    func hold() { change { $0.access = .held } }

    /// Has new calls and those that wait fail with the error, and closes the instance.
    func refuse(_ error: PluginError) { change { $0.access = .refused(error) } }

    private func change(_ body: (inout State) -> Void) {
        let instance = state.withLock { state in
            body(&state)
            unsafe current.store(nil, ordering: .releasing)
            return state.instances[state.instances.count - 1]
        }
        instance.counter.close()
        state.signal()
    }

    /// Lets calls go on to the instance that is there.
    func open() {
        state.withLock { state in
            let instance = state.instances[state.instances.count - 1]
            if instance.counter.isClosed { instance.counter.open() }
            state.access = .open
            unsafe current.store(Unmanaged.passUnretained(instance), ordering: .releasing)
        }
        state.signal()
    }

    /// Puts another instance into the slot and lets calls go on to it; then closes the one that was there.
    /// - Returns: the one that was there; calls may still run in it.
    @discardableResult
    func replace(with instance: PluginInstance) -> PluginInstance {
        let old = state.withLock { state in
            let old = state.instances[state.instances.count - 1]
            state.instances.append(instance)
            state.access = .open
            unsafe current.store(Unmanaged.passUnretained(instance), ordering: .releasing)
            return old
        }
        old.counter.close()
        state.signal()
        return old
    }
}
