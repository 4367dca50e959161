internal import PluginABI
package import PluginCore
internal import Synchronization

/// Who answers a plugin's calls when it cannot, and who is told.
package struct Fallback: Sendable {
    /// A call that was made by the other plugin.
    package struct Use: Sendable {
        /// Such as "embedder.embed".
        package let operation: String
        /// Why the plugin itself did not answer.
        package let cause: PluginError
        /// Why the other did not answer either; nil: it did.
        package let failure: PluginError?
    }

    /// The other plugin's name.
    package let name: String
    /// The other plugin, if it is there. Any thread.
    package let find: @Sendable () -> NativePlugin?
    /// Told of each call that the other made, on that call's thread.
    package let tell: @Sendable (Use) -> Void

    package init(
        name: String, find: @escaping @Sendable () -> NativePlugin?, tell: @escaping @Sendable (Use) -> Void
    ) {
        self.name = name
        self.find = find
        self.tell = tell
    }

    /// Is a call that failed so to be made by the other plugin?
    func answers(_ error: PluginError, hasDelivered: Bool, isIdempotent: Bool) -> Bool {
        let failure = FailedCall(error.code, hasStarted: error.hasReachedPlugin, hasDelivered: hasDelivered)
        let policy = RecoveryPolicy.fallback(plugin: name)
        return policy.action(after: failure, isIdempotent: isIdempotent, attempts: 1).call == .fallback(plugin: name)
    }
}

extension PluginError {
    /// May the plugin have seen the call? Not if the host refused it.
    fileprivate var hasReachedPlugin: Bool {
        switch code {
        case .unavailable, .overloaded, .poisoned, .quarantined, .disabled: isOfPlugin
        default: true
        }
    }

    /// The error of the other plugin, which says for whom it stood in.
    func standing(in plugin: String, because cause: PluginError) -> PluginError {
        var error = self
        error.what += "; it was asked in place of \(plugin): \(cause.what)"
        return error
    }
}

/// Stands between a call and whoever takes its events, and knows whether there were any.
@safe
final class SinkWitness: @unchecked Sendable {  // the pointers are written in init only; the taker lives as long
    private let taker: PluginInstance.Sink
    private let seen = Atomic(false)

    init(_ taker: PluginInstance.Sink) { unsafe self.taker = taker }

    var hasSeenEvents: Bool { seen.load(ordering: .relaxed) }

    /// For a call that ends before this object does.
    var sink: PluginInstance.Sink {
        unsafe PluginInstance.Sink(
            function: { context, event, flags in
                guard let context = unsafe context else { return KW_INVALID_ARGUMENT }
                let witness = unsafe Unmanaged<SinkWitness>.fromOpaque(context).takeUnretainedValue()
                witness.seen.store(true, ordering: .relaxed)
                return unsafe witness.taker.function(witness.taker.context, event, flags)
            }, context: Unmanaged.passUnretained(self).toOpaque())
    }
}

/// An answer that can say something beside itself.
private protocol Warned { var warnings: [Warning] { get set } }

extension EmbedReport: Warned {}
extension ModelResponse: Warned {}
extension OperationOutput: Warned {}

extension Fallback {
    /// The answer with a word about who gave it, where there is room for one.
    func marked<Value>(_ value: Value, inPlaceOf plugin: String, because cause: PluginError) -> Value {
        guard var answer = value as? any Warned else { return value }
        answer.warnings.append(
            Warning(feature: "fallback", message: "\(name) answered in place of \(plugin): \(cause.what)"))
        return answer as? Value ?? value
    }
}
