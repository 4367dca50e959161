internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A model provider written in Swift.
public protocol ProviderPlugin: PluginImplementation {
    /// What is offered, the default first.
    func models() throws(PluginError) -> [Model]

    /// Answers: writes the answer piece by piece, then returns how it ended.
    ///
    /// - Parameter output: every function of it throws `cancelled` once nobody listens; let the error through.
    /// - Returns: a choice per answer with its stop reason. Its parts stay empty: the host has them from the output.
    func stream(_ request: ModelRequest, to output: borrowing ModelOutput) throws(PluginError) -> ModelResponse
}

/// Where a provider writes its answer. Lives as long as the call.
@safe
public struct ModelOutput: ~Copyable {
    private let call: UnsafeMutablePointer<kw_call>

    init(_ call: UnsafeMutablePointer<kw_call>) { unsafe self.call = call }

    /// Has the caller lost interest? Cheap; ask it in long computations.
    public var isCancelled: Bool { unsafe kw_cancelled(call) != 0 }

    /// Throws `cancelled` if ``isCancelled``.
    public func checkCancellation() throws(PluginError) {
        if isCancelled { throw PluginError(.cancelled, "the caller cancelled the call") }
    }

    /// Names the answer and the model that gives it. At most once, before everything else; without it the consumer
    /// learns both from the reply only.
    public func started(id: String, model: String) throws(PluginError) {
        try emit(KW_EVENT_STARTED, id: id, name: model)
    }

    /// Writes a piece of text. Blocks while the consumer is behind.
    public func text(_ text: String, choice: Int = 0, block: Int = 0) throws(PluginError) {
        try emit(KW_EVENT_TEXT, choice: choice, index: block, text: text)
    }

    public func reasoning(_ text: String, choice: Int = 0, block: Int = 0) throws(PluginError) {
        try emit(KW_EVENT_REASONING, choice: choice, index: block, text: text)
    }

    /// Writes a whole tool call.
    public func toolCall(_ call: ToolCall, choice: Int = 0) throws(PluginError) {
        try emit(KW_EVENT_TOOL_BEGIN, choice: choice, index: call.index, id: call.id, name: call.name)
        try emit(KW_EVENT_TOOL_ARGS, choice: choice, index: call.index, text: call.arguments)
        try emit(KW_EVENT_TOOL_END, choice: choice, index: call.index)
    }

    /// Says that something is not done as asked.
    public func warning(_ feature: String, _ message: String) throws(PluginError) {
        try emit(KW_EVENT_WARNING, text: message, name: feature)
    }

    /// The usage so far, cumulative.
    public func usage(_ usage: Usage) throws(PluginError) {
        var event = unsafe zeroed(kw_event.self)
        var writer = ABIWriter()
        unsafe event.kind = UInt32(KW_EVENT_USAGE)
        unsafe event.payload = writer.span([writer.usage(usage)])
        let status = unsafe send(&event)
        _ = consume writer
        try check(status)
    }

    private func emit(
        _ kind: UInt32, choice: Int = 0, index: Int = 0, text: String = "", id: String = "", name: String = ""
    ) throws(PluginError) {
        var text = text
        var event = unsafe zeroed(kw_event.self)
        unsafe event.kind = kind
        unsafe event.choice = UInt32(choice)
        unsafe event.index = UInt32(index)
        var writer = ABIWriter()
        if !id.isEmpty { unsafe event.id = writer.string(id) }
        if !name.isEmpty { unsafe event.name = writer.string(name) }
        // Text is lent where it is: this is the hot path of a stream.
        let status = text.withUTF8 { utf8 in
            if let base = utf8.baseAddress, utf8.count > 0 {
                unsafe event.text = kw_str(
                    ptr: UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self), len: UInt64(utf8.count))
            }
            return unsafe send(&event)
        }
        _ = consume writer
        try check(status)
    }

    private func send(_ event: inout kw_event) -> kw_status {
        unsafe event.h = .of(kw_event.self)
        return unsafe call.pointee.api.pointee.emit(call, &event, 0)
    }

    private func check(_ status: kw_status) throws(PluginError) {
        switch status {
        case KW_OK, KW_UNIMPLEMENTED: return
        case KW_CANCELLED: throw PluginError(.cancelled, "the caller cancelled the call")
        default:
            throw PluginError(
                PluginError.Code(status: status) ?? .internal, "the host did not take an event (status \(status))")
        }
    }
}

extension ModelRequest {
    /// The text parts of the last user message, joined.
    public var lastUserText: String {
        messages.last { $0.role == .user }?.parts.reduce(into: "") { text, part in
            if case .text(let piece) = part { text += piece }
        } ?? ""
    }
}
