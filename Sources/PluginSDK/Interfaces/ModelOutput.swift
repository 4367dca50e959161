internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Where a provider writes its answer. Lives as long as the call.
///
/// Every function throws `cancelled` once nobody listens, and blocks while the consumer is behind. `choice` says which of
/// several answers is meant, `block` which content block of it; both count from 0.
@safe
public struct ModelOutput: ~Copyable {
    private let call: UnsafeMutablePointer<kw_call>

    init(_ call: UnsafeMutablePointer<kw_call>) { unsafe self.call = call }

    private var events: PluginCall { unsafe PluginCall(call) }

    /// Names the answer and the model that gives it. At most once, before everything else; without it the consumer
    /// learns both from the reply only.
    public func started(id: String, model: String) throws(PluginError) {
        try events.emit(UInt32(KW_EVENT_STARTED), id: id, name: model)
    }

    /// Writes a piece of text.
    public func text(_ text: String, choice: Int = 0, block: Int = 0) throws(PluginError) {
        try events.emit(UInt32(KW_EVENT_TEXT), choice: choice, index: block, text: text)
    }

    /// The same for UTF-8 that is no `String`, without making one. Pieces must not end within a character.
    public func text(utf8: Span<UInt8>, choice: Int = 0, block: Int = 0) throws(PluginError) {
        try events.emit(UInt32(KW_EVENT_TEXT), choice: choice, index: block, utf8: utf8)
    }

    /// Writes a piece of reasoning.
    /// - Parameter signature: the service's seal, with the last piece.
    public func reasoning(
        _ text: String, signature: [UInt8]? = nil, choice: Int = 0, block: Int = 0
    ) throws(PluginError) {
        guard let signature else {
            return try events.emit(UInt32(KW_EVENT_REASONING), choice: choice, index: block, text: text)
        }
        try unsafe signature.span.withUnsafeBytes { bytes throws(PluginError) in
            try unsafe events.emit(
                UInt32(KW_EVENT_REASONING), choice: choice, index: block, text: text,
                data: kw_bytes(ptr: bytes.baseAddress, len: UInt64(bytes.count)))
        }
    }

    /// Opens a tool call in slot `index`; calls of other slots may go on in between.
    /// - Parameter isProviderExecuted: the service runs it itself.
    public func toolBegin(
        id: String, name: String, index: Int = 0, choice: Int = 0, isProviderExecuted: Bool = false
    ) throws(PluginError) {
        try events.emit(
            UInt32(KW_EVENT_TOOL_BEGIN), choice: choice, index: index,
            flags: isProviderExecuted ? UInt32(KW_PART_PROVIDER_EXECUTED) : 0, id: id, name: name)
    }

    /// The next fragment of the arguments' JSON.
    public func toolArguments(_ fragment: String, index: Int = 0, choice: Int = 0) throws(PluginError) {
        try events.emit(UInt32(KW_EVENT_TOOL_ARGS), choice: choice, index: index, text: fragment)
    }

    /// The tool call in slot `index` is whole.
    /// - Parameter signature: the service's seal, which it wants back.
    public func toolEnd(index: Int = 0, choice: Int = 0, signature: [UInt8] = []) throws(PluginError) {
        try unsafe signature.span.withUnsafeBytes { bytes throws(PluginError) in
            try unsafe events.emit(
                UInt32(KW_EVENT_TOOL_END), choice: choice, index: index,
                data: kw_bytes(ptr: bytes.baseAddress, len: UInt64(bytes.count)))
        }
    }

    /// Writes a whole tool call.
    public func toolCall(_ call: ToolCall, choice: Int = 0) throws(PluginError) {
        try toolBegin(
            id: call.id, name: call.name, index: call.index, choice: choice,
            isProviderExecuted: call.isProviderExecuted)
        try toolArguments(call.arguments, index: call.index, choice: choice)
        try toolEnd(index: call.index, choice: choice, signature: call.signature ?? [])
    }

    /// Writes a whole part of another kind: an image, a file, a citation, a refusal.
    public func part(_ part: Part, choice: Int = 0, block: Int = 0) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.span([writer.part(part)])
        defer { extendLifetime(writer) }
        try unsafe events.emit(UInt32(KW_EVENT_PART), choice: choice, index: block, payload: payload)
    }

    /// How likely the tokens were that came since the last time.
    public func logprobs(_ tokens: [TokenLogprob], choice: Int = 0) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.logprobs(tokens)
        defer { extendLifetime(writer) }
        try unsafe events.emit(UInt32(KW_EVENT_LOGPROBS), choice: choice, payload: payload)
    }

    /// How much the service still lets its caller do.
    public func rateLimits(_ limits: [RateLimit]) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.rateLimits(limits)
        defer { extendLifetime(writer) }
        try unsafe events.emit(UInt32(KW_EVENT_RATE_LIMIT), payload: payload)
    }

    /// What the service sent, if ``ModelRequest/includesRaw``.
    public func raw(_ bytes: [UInt8]) throws(PluginError) {
        try events.emit(UInt32(KW_EVENT_RAW), bytes: bytes.span)
    }

    /// The usage so far, cumulative.
    public func usage(_ usage: Usage) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.span([writer.usage(usage)])
        defer { extendLifetime(writer) }
        try unsafe events.emit(UInt32(KW_EVENT_USAGE), payload: payload)
    }

    /// One of the answers has ended; nothing more of it comes. Not needed for what the reply says.
    public func finished(_ stop: StopReason, choice: Int = 0) throws(PluginError) {
        var writer = ABIWriter()
        let payload = unsafe writer.span([writer.stop(stop, of: choice)])
        defer { extendLifetime(writer) }
        try unsafe events.emit(UInt32(KW_EVENT_FINISHED), choice: choice, payload: payload)
    }
}
