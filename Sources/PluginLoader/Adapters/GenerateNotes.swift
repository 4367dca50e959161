internal import CPluginCall
internal import PluginABI
internal import PluginBridge
internal import PluginCore
internal import Synchronization

/// What a model says beside its answer when it answers in one reply: usage, rate limits and warnings. They count also if
/// the answer fails, because they were paid for.
final class GenerateNotes: Sendable {
    private let operation: StaticString = "provider.generate"
    private let plugin: String
    private let assembler = Mutex(ModelResponseAssembler())
    /// What an event broke of the contract.
    private let breach = Mutex<PluginError?>(nil)

    init(of plugin: String) { self.plugin = plugin }

    /// Whether an event of an operation that does not stream counts. One that must be understood is looked at, too.
    static func keeps(_ event: borrowing kw_event) -> Bool {
        switch unsafe event.kind {
        case UInt32(KW_EVENT_USAGE), UInt32(KW_EVENT_RATE_LIMIT), UInt32(KW_EVENT_WARNING): true
        default: unsafe event.h.flags & UInt32(KW_MUST) != 0
        }
    }

    /// Runs the operation, and adds what was said beside it to its answer or to its error.
    func completing(_ body: (EmitTarget) throws(PluginError) -> ModelResponse) throws(PluginError) -> ModelResponse {
        let target = unsafe EmitTarget { event, _ in unsafe self.take(event) }
        do throws(PluginError) {
            let response = try withExtendedLifetime(target) { () throws(PluginError) in try body(target) }
            if let breach = breach.withLock({ $0 }) { throw breach }
            return try finished(response)
        } catch {
            var error = breach.withLock { $0 } ?? error
            let kind: StopReason.Kind = error.code == .cancelled ? .cancelled : .error
            error.partial = assembler.withLock { $0.partial(endedBy: kind) }
            throw error
        }
    }

    private func take(_ event: borrowing kw_event) -> kw_status {
        guard unsafe Self.keeps(event) else { return KW_OK }
        let reader = ABIReader(plugin: plugin, operation: operation)
        do throws(PluginError) {
            guard case .event(let raw) = try unsafe ModelFold.decode(event, reader) else { return KW_OK }
            switch raw {
            case .usage, .rateLimits, .warning:
                assembler.withLock { assembler in _ = try? assembler.accept(raw) }
            default: break
            }
            return KW_OK
        } catch {
            breach.withLock { $0 = error }
            return KW_CANCELLED
        }
    }

    private func finished(_ response: ModelResponse) throws(PluginError) -> ModelResponse {
        let events: [ModelEvent]
        do throws(ModelResponseAssembler.ContractBreach) {
            events = try assembler.withLock { assembler throws(ModelResponseAssembler.ContractBreach) in
                try assembler.finish(response)
            }
        } catch {
            throw ABIReader(plugin: plugin, operation: operation).violation("broke its contract: \(error.reason)")
        }
        guard case .completed(let whole) = events.last else { return response }
        return whole
    }
}
