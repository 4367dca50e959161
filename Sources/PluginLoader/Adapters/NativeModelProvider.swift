internal import CPluginCall
internal import PluginABI
internal import PluginBridge
public import PluginCore

/// A model provider whose code is in this process: `keyway.provider/1` over a vtable.
public final class NativeModelProvider: ModelProvider, Sendable {
    let port: InterfacePort<ModelProviderInterface>

    /// Slots of the table, from 0 behind its header.
    private static let generateSlot = 1
    private static let streamSlot = 2
    private static let countTokensSlot = 3
    private static let prewarmSlot = 4

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<ModelProviderInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    // MARK: - On the caller's thread

    /// What a borrowed callback answers.
    public enum StreamAction: Sendable { case proceed, stop }

    /// Streams without a copy: the callback sees each text delta where the plugin wrote it, and the bytes are gone when it
    /// returns. Other events are left out.
    /// - Returns: the reply; its choices have no parts, because nothing was kept.
    public func stream(
        _ request: ModelRequest, _ context: CallContext = CallContext(),
        onText: (Span<UInt8>) -> StreamAction
    ) throws(PluginError) -> ModelResponse {
        try withoutActuallyEscaping(onText) { onText throws(PluginError) in
            var target = BorrowedTarget(
                onText: onText, reader: ABIReader(plugin: id, operation: "provider.stream"))
            let result = unsafe withUnsafeMutablePointer(to: &target) { target -> Result<ModelResponse, PluginError> in
                let sink = unsafe PluginInstance.Sink(
                    function: { context, event, _ in
                        guard let context = unsafe context, let event = unsafe event else { return KW_INVALID_ARGUMENT }
                        let target = unsafe context.assumingMemoryBound(to: BorrowedTarget.self)
                        return unsafe target.pointee.take(event.pointee)
                    }, context: UnsafeMutableRawPointer(target))
                do throws(PluginError) {
                    return .success(
                        try unsafe invoke(
                            "provider.stream", \.stream, request, context, cancellation: nil, sink: sink))
                } catch {
                    return .failure(error)
                }
            }
            // What broke the contract is the cause of whatever the plugin answered when it was told to stop.
            if let breach = target.breach { throw breach }
            return try result.get()
        }
    }

    private struct BorrowedTarget {
        let onText: (Span<UInt8>) -> StreamAction
        let reader: ABIReader
        /// What an event broke of the contract.
        var breach: PluginError?

        mutating func take(_ event: borrowing kw_event) -> kw_status {
            do throws(PluginError) {
                guard unsafe event.kind == UInt32(KW_EVENT_TEXT) else {
                    // Left out, but for one that must be understood: is it?
                    if unsafe event.h.flags & UInt32(KW_MUST) != 0 { _ = try unsafe ModelFold.decode(event, reader) }
                    return KW_OK
                }
                let (start, length) = unsafe (event.text.ptr, event.text.len)
                guard unsafe start != nil || length == 0 else {
                    throw reader.violation("emitted an event's text with a length and no text")
                }
                let text = unsafe UnsafeRawBufferPointer(start: start, count: Int(clamping: length))
                let action = unsafe onText(text.bindMemory(to: UInt8.self).span)
                return action == .proceed ? KW_OK : KW_CANCELLED
            } catch {
                breach = error
                return KW_CANCELLED
            }
        }
    }

    // MARK: - ModelProvider

    public func models(_ context: CallContext) async throws(PluginError) -> [Model] {
        unsafe try await port.run("provider.models", \.models, context, reply: kw_models_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.models, of: kw_model.self, "models") { model throws(PluginError) in
                unsafe try Model(model, reader)
            }
        }
    }

    public func generate(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> ModelResponse {
        guard port.implements(Self.generateSlot) else {
            for try await event in try await stream(request, context) {
                if case .completed(let response) = event { return response }
            }
            throw PluginError(
                .protocolViolation, "the stream ended without an answer", plugin: id, stage: .call,
                operation: "provider.stream")
        }
        return try await AsyncCall.run("provider.generate", of: id, context) { cancellation throws(PluginError) in
            let notes = GenerateNotes(of: self.id)
            return try notes.completing { target throws(PluginError) in
                unsafe try self.invoke(
                    "provider.generate", \.generate, request, context, cancellation: cancellation,
                    sink: target.sink)
            }
        }
    }

    public func stream(_ request: ModelRequest, _ context: CallContext) async throws(PluginError)
        -> EventStream<ModelEvent>
    {
        let isStreaming = port.implements(Self.streamSlot)
        let operation: StaticString = isStreaming ? "provider.stream" : "provider.generate"
        let path = unsafe isStreaming ? \kw_provider.stream : \kw_provider.generate
        return EventStream(
            PluginStream(
                operation, of: id, context, traits: ModelFold.traits, fold: ModelFold.fold(operation, of: id)
            ) { mailbox, cancellation throws(PluginError) in
                let reader = ABIReader(plugin: self.id, operation: operation)
                let target = unsafe EmitTarget(mailbox) { event throws(PluginError) in
                    unsafe isStreaming || GenerateNotes.keeps(event) ? try ModelFold.decode(event, reader) : nil
                }
                let response = try withExtendedLifetime(target) { () throws(PluginError) in
                    unsafe try self.invoke(
                        operation, path, request, context, cancellation: cancellation, sink: target.sink)
                }
                // The reply is the last element; it may have to wait for room like every other.
                _ = mailbox.put(.reply(response), mayWait: true)
            })
    }

    public func countTokens(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) -> TokenCount {
        guard port.implements(Self.countTokensSlot) else {
            return TokenCount(request.estimatedTokens, isEstimated: true)
        }
        try checkMessages(request, "provider.count_tokens")
        return unsafe try await port.run(
            "provider.count_tokens", \.count_tokens, context, reply: kw_token_count.self
        ) { inputs in
            unsafe inputs.request(request)
        } read: { reply, _ throws(PluginError) in
            TokenCount(Int(clamping: reply.tokens), isEstimated: reply.flags & UInt64(KW_USAGE_ESTIMATED) != 0)
        }
    }

    public func prewarm(_ request: ModelRequest, _ context: CallContext) async throws(PluginError) {
        guard port.implements(Self.prewarmSlot) else { return }
        try checkMessages(request, "provider.prewarm")
        unsafe try await port.run("provider.prewarm", \.prewarm, context) { inputs in
            unsafe inputs.request(request)
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }

    // MARK: - Implementation

    private func invoke<Operation>(
        _ operation: StaticString, _ path: KeyPath<kw_provider, Operation>, _ request: ModelRequest,
        _ context: CallContext,
        cancellation: Cancellation?, sink: PluginInstance.Sink?
    ) throws(PluginError) -> ModelResponse {
        try checkMessages(request, operation)
        var inputs = ABIWriter()
        var input = unsafe inputs.request(request)
        let response = unsafe try port.invoke(
            operation, path, &input, reply: kw_generate_out.self, context: context, cancellation: cancellation,
            sink: sink
        ) { reply, reader throws(PluginError) in unsafe try ModelResponse(reply, reader) }
        _ = consume inputs
        return response
    }

    private func checkMessages(_ request: ModelRequest, _ operation: StaticString) throws(PluginError) {
        guard !request.messages.isEmpty else {
            throw PluginError(
                .invalidArgument, "a request needs at least one message", remedy: "Add a user message", plugin: id,
                stage: .call, operation: "\(operation)")
        }
    }
}

extension Model {
    init(_ model: borrowing kw_model, _ reader: ABIReader) throws(PluginError) {
        func count(_ value: UInt64) -> Int? { value == 0 ? nil : Int(clamping: value) }
        let set = unsafe model.set
        func price(_ value: Double, _ bit: UInt32) -> Double? {
            set & UInt64(bit) != 0 && value >= 0 && value.isFinite ? value : nil
        }
        let latency: Latency? =
            switch unsafe model.latency {
            case UInt32(KW_LATENCY_FAST): .fast
            case UInt32(KW_LATENCY_MEDIUM): .medium
            case UInt32(KW_LATENCY_SLOW): .slow
            default: nil
            }
        self.init(
            id: try unsafe reader.text(model.id, "a model's id"),
            description: try unsafe reader.optionalText(model.description, "a model's description"),
            features: unsafe Features(rawValue: model.features), contextTokens: unsafe count(model.context_tokens),
            maxOutputTokens: unsafe count(model.max_output_tokens), latency: latency,
            maxChoices: unsafe count(UInt64(model.max_choices)),
            prices: Prices(
                input: unsafe price(model.input_price, KW_PRICE_INPUT),
                output: unsafe price(model.output_price, KW_PRICE_OUTPUT),
                cacheRead: unsafe price(model.cache_read_price, KW_PRICE_CACHE_READ),
                cacheWrite: unsafe price(model.cache_write_price, KW_PRICE_CACHE_WRITE)))
    }
}
