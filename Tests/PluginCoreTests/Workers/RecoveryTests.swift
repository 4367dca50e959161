import Foundation
import PluginCore
import Testing

@Suite("Recovering from a failed call")
struct RecoveryTests {
    static let policies: [RecoveryPolicy] = [.restart, .fallback(plugin: "spare"), .disable, .retry, .ignore]
    /// Faults of a plugin, and those among them that are limits.
    static let faults: Set<PluginError.Code> = [
        .crashed, .exited, .protocolViolation, .policyViolation, .memoryLimit, .timeout, .internal, .dataLoss, .load,
        .initialization,
    ]
    static let limits: Set<PluginError.Code> = [.timeout, .memoryLimit]
    static let circumstances: Set<PluginError.Code> = [
        .workerLost, .unavailable, .overloaded, .rateLimited, .transport, .poisoned, .quarantined, .disabled,
    ]

    @Test("every code is the fault of one: the call, the plugin or circumstances", arguments: PluginError.Code.all)
    func origins(_ code: PluginError.Code) {
        let expected: FailedCall.Origin =
            Self.faults.contains(code) ? .plugin : Self.circumstances.contains(code) ? .circumstances : .call
        #expect(FailedCall(code).origin == expected)
    }

    @Test("every policy and every failure lead to what the rules say", arguments: policies)
    func table(_ policy: RecoveryPolicy) {
        for code in PluginError.Code.all {
            for isIdempotent in [false, true] {
                for hasStarted in [false, true] {
                    for hasDelivered in [false, true] {
                        for attempts in 1...3 {
                            let failure = FailedCall(code, hasStarted: hasStarted, hasDelivered: hasDelivered)
                            let action = policy.action(after: failure, isIdempotent: isIdempotent, attempts: attempts)
                            let mayRepeat = attempts == 1 && !hasDelivered && (isIdempotent || !hasStarted)
                            let expected = expected(policy, code, mayRepeat: mayRepeat)
                            #expect(action == expected, "\(policy) \(code) \(failure)")
                        }
                    }
                }
            }
        }
    }

    private func expected(_ policy: RecoveryPolicy, _ code: PluginError.Code, mayRepeat: Bool) -> RecoveryAction {
        let isFault = Self.faults.contains(code)
        let isOurs = isFault || Self.circumstances.contains(code)
        switch policy {
        case .restart: return RecoveryAction(mayRepeat && code == .workerLost ? .retry : .fail, .replace)
        case .retry:
            let helps = code == .workerLost || isFault && !Self.limits.contains(code)
            return RecoveryAction(mayRepeat && helps ? .retry : .fail, .replace)
        case .fallback(let plugin):
            return RecoveryAction(mayRepeat && isOurs ? .fallback(plugin: plugin) : .fail, .replace)
        case .disable: return RecoveryAction(.fail, isFault ? .disable : .replace)
        case .ignore: return RecoveryAction(.fail, .replaceOnDemand)
        }
    }

    @Test("what may have had an effect is never made twice, and nothing is made three times", arguments: policies)
    func safety(_ policy: RecoveryPolicy) {
        for code in PluginError.Code.all {
            #expect(policy.action(after: FailedCall(code), isIdempotent: false, attempts: 1).call == .fail)
            #expect(policy.action(after: FailedCall(code), isIdempotent: true, attempts: 2).call == .fail)
            let seen = FailedCall(code, hasDelivered: true)
            #expect(policy.action(after: seen, isIdempotent: true, attempts: 1).call == .fail)
        }
    }

    @Test("a policy is read as it is written", arguments: policies)
    func text(_ policy: RecoveryPolicy) throws {
        #expect(try RecoveryPolicy(policy.description) == policy)
        #expect(try JSONDecoder().decode([RecoveryPolicy].self, from: JSONEncoder().encode([policy])) == [policy])
    }

    @Test("what is no policy is refused", arguments: ["", "Restart", "fallback", "fallback:", "none"])
    func refused(_ text: String) {
        let error = #expect(throws: PluginError.self) { try RecoveryPolicy(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.remedy == "Use restart, fallback:PLUGIN, disable, retry or ignore")
    }
}
