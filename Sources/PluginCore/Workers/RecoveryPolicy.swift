/// What a host does when a call of a plugin fails by the plugin's fault.
///
/// Whatever the policy: a call is made at most twice, and a second time only if that can do no harm; see
/// ``RecoveryPolicy/action(after:isIdempotent:attempts:)``.
public enum RecoveryPolicy: Sendable, Hashable, Codable {
    /// A lost worker is replaced at once. The call that failed has failed; calls that only ran beside it are made again.
    case restart
    /// As `restart`, and the call goes to another plugin.
    case fallback(plugin: String)
    /// The plugin takes no more calls until somebody allows it again.
    case disable
    /// As `restart`, and the call that failed is made again too.
    case retry
    /// The call has failed, and nothing else is done: a lost worker is replaced when a call needs one.
    case ignore
}

/// How a call failed, as far as its recovery depends on it.
public struct FailedCall: Sendable, Hashable {
    public var code: PluginError.Code
    /// Did the plugin see the call? Not if it was refused, or expired, while it waited.
    public var hasStarted: Bool
    /// Has its caller seen a part of the answer? It would see that part again.
    public var hasDelivered: Bool

    public init(_ code: PluginError.Code, hasStarted: Bool = true, hasDelivered: Bool = false) {
        self.code = code
        self.hasStarted = hasStarted
        self.hasDelivered = hasDelivered
    }

    /// Whose failure it is.
    public enum Origin: Sendable, Hashable, CaseIterable {
        /// The call's own, or its caller's: nothing is recovered.
        case call
        /// The plugin broke, or broke a rule.
        case plugin
        /// The plugin is well, or was, but this call was lost or refused.
        case circumstances
    }

    public var origin: Origin {
        switch code {
        case .crashed, .exited, .protocolViolation, .policyViolation, .memoryLimit, .timeout, .internal, .dataLoss,
            .load, .initialization:
            .plugin
        case .workerLost, .unavailable, .overloaded, .rateLimited, .transport, .poisoned, .quarantined, .disabled:
            .circumstances
        default: .call
        }
    }
}

/// What is done about a failed call.
public struct RecoveryAction: Sendable, Hashable {
    public enum Call: Sendable, Hashable {
        /// The caller gets the error.
        case fail
        /// It is made once more, on another worker of the plugin.
        case retry
        /// It is made once more, by another plugin.
        case fallback(plugin: String)
    }

    public enum Worker: Sendable, Hashable {
        /// One that is lost is replaced, as ``RestartLedger`` says.
        case replace
        /// One that is lost is replaced when a call needs one.
        case replaceOnDemand
        /// The plugin is disabled.
        case disable
    }

    public var call: Call
    public var worker: Worker

    public init(_ call: Call, _ worker: Worker) {
        self.call = call
        self.worker = worker
    }
}

extension RecoveryPolicy {
    /// - Parameters:
    ///   - isIdempotent: may the operation be made twice with the effect of once?
    ///   - attempts: how often this call was made, the attempt that failed included, by whichever plugin.
    public func action(after failure: FailedCall, isIdempotent: Bool, attempts: Int) -> RecoveryAction {
        guard failure.origin != .call else { return RecoveryAction(.fail, replacement) }
        // Made again only if nobody can tell.
        let isSafe = attempts < 2 && !failure.hasDelivered && (isIdempotent || !failure.hasStarted)
        let isOfPlugin = failure.origin == .plugin
        // Another worker of the same plugin helps a call whose worker died beside it. What was refused would be refused
        // again, and what reached a limit would reach it again.
        let wasLost = failure.code == .workerLost
        let isLimit = failure.code == .timeout || failure.code == .memoryLimit
        switch self {
        case .restart: return RecoveryAction(isSafe && wasLost ? .retry : .fail, replacement)
        case .retry:
            return RecoveryAction(isSafe && (wasLost || isOfPlugin && !isLimit) ? .retry : .fail, replacement)
        case .fallback(let plugin): return RecoveryAction(isSafe ? .fallback(plugin: plugin) : .fail, replacement)
        case .disable: return RecoveryAction(.fail, isOfPlugin ? .disable : replacement)
        case .ignore: return RecoveryAction(.fail, replacement)
        }
    }

    /// What is done about a worker that is lost, unless the plugin is disabled.
    private var replacement: RecoveryAction.Worker { self == .ignore ? .replaceOnDemand : .replace }
}

extension RecoveryPolicy: CustomStringConvertible {
    /// As it is written: `restart`, `fallback:NAME`, `disable`, `retry` or `ignore`.
    public var description: String {
        switch self {
        case .restart: "restart"
        case .fallback(let plugin): "fallback:\(plugin)"
        case .disable: "disable"
        case .retry: "retry"
        case .ignore: "ignore"
        }
    }

    /// - Throws: `invalidArgument`, which says what is allowed.
    public init(_ text: String) throws(PluginError) {
        switch text {
        case "restart": self = .restart
        case "disable": self = .disable
        case "retry": self = .retry
        case "ignore": self = .ignore
        default:
            guard text.hasPrefix("fallback:"), text != "fallback:" else {
                throw PluginError(
                    .invalidArgument, "\"\(text)\" is no way to recover",
                    remedy: "Use restart, fallback:PLUGIN, disable, retry or ignore", facts: .names([text]))
            }
            self = .fallback(plugin: String(text.dropFirst("fallback:".count)))
        }
    }

    public init(from decoder: any Decoder) throws { try self.init(String(from: decoder)) }

    public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }
}
