internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Where an executor writes what a program writes. Every function throws `cancelled` once nobody listens, and blocks while
/// the consumer is behind.
@safe
public struct RunOutput: ~Copyable {
    private let call: UnsafeMutablePointer<kw_call>

    init(_ call: UnsafeMutablePointer<kw_call>) { unsafe self.call = call }

    private var events: PluginCall { unsafe PluginCall(call) }

    public func stdout(_ bytes: Span<UInt8>) throws(PluginError) {
        try events.emit(UInt32(KW_EVENT_STDOUT), bytes: bytes)
    }

    public func stderr(_ bytes: Span<UInt8>) throws(PluginError) {
        try events.emit(UInt32(KW_EVENT_STDERR), bytes: bytes)
    }

    /// The program runs.
    /// - Parameters:
    ///   - processID: as the host sees it; nil = not visible.
    ///   - session: for ``RunConversing``; nil = it cannot be spoken to.
    public func started(processID: Int?, session: String?) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.span([
            kw_process(h: .of(kw_process.self), pid: Int64(processID ?? 0), session: writer.string(session))
        ])
        defer { extendLifetime(writer) }
        try unsafe events.emit(UInt32(KW_EVENT_PROCESS), payload: payload)
    }

    /// The program tried what the policy forbids.
    public func violation(_ violation: Violation) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.span([writer.violation(violation)])
        defer { extendLifetime(writer) }
        try unsafe events.emit(UInt32(KW_EVENT_VIOLATION), payload: payload)
    }

    /// The program waits until somebody approves or refuses by ``RunConversing/send(_:to:_:)``.
    public func approval(id: String, _ decision: ToolDecision) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.span([writer.decision(decision)])
        defer { extendLifetime(writer) }
        try unsafe events.emit(UInt32(KW_EVENT_APPROVAL), id: id, payload: payload)
    }
}
