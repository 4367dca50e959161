internal import CPluginCall
internal import CPluginMarshal
internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// The way into one interface of whatever instance is in a slot.
///
/// An instance takes another's place only if its tables have all that the other's have, so what a port offers stays.
struct InterfacePort<Interface: PluginInterface>: Sendable {
    typealias Table = Interface.Table

    let slot: InstanceSlot

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard Interface.table(of: slot.instance.tables) != nil else { return nil }
        self.slot = slot
    }

    var id: String { slot.id }
    var version: SemanticVersion { slot.instance.version }
    /// Does the present instance live in workers?
    var isRemote: Bool { slot.instance.pool != nil }
    /// KW_CAP_* of the present instance.
    var capabilities: UInt32 { unsafe slot.instance.table.caps }

    /// Does the plugin fill the slot of this number in its table, from 0 behind the header?
    func implements(_ index: Int) -> Bool { Interface.table(of: slot.instance.tables)!.implements(index) }

    /// Runs one operation on this thread; see ``PluginInstance/invoke(_:_:_:reply:context:cancellation:sink:isCounted:read:)``.
    @inline(__always)
    func invoke<Operation, Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, _ path: KeyPath<Table, Operation>, _ input: inout Input, reply: Output.Type,
        context: CallContext, cancellation: Cancellation? = nil, sink: PluginInstance.Sink? = nil,
        isCounted: Bool = true, read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        guard !slot.hasFallback else {
            return unsafe try invokeOrFallBack(
                operation, path, &input, reply: reply, context, cancellation, sink, isCounted: isCounted, read)
        }
        return unsafe try invokeHere(
            operation, path, &input, reply: reply, context, cancellation, sink, isCounted: isCounted, read)
    }

    @inline(__always)
    private func invokeHere<Operation, Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, _ path: KeyPath<Table, Operation>, _ input: inout Input, reply: Output.Type,
        _ context: CallContext, _ cancellation: Cancellation?, _ sink: PluginInstance.Sink?, isCounted: Bool,
        _ read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        try slot.withInstance(operation) { instance throws(PluginError) in
            let function = unsafe Interface.table(of: instance.tables)!.slot(path)
            return unsafe try instance.invoke(
                operation, function, &input, reply: reply, context: context, cancellation: cancellation, sink: sink,
                isCounted: isCounted, read: read)
        }
    }

    // MARK: - With another plugin that answers if this one cannot

    @inline(never)
    private func invokeOrFallBack<Operation, Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, _ path: KeyPath<Table, Operation>, _ input: inout Input, reply: Output.Type,
        _ context: CallContext, _ cancellation: Cancellation?, _ sink: PluginInstance.Sink?, isCounted: Bool,
        _ read: (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        let began = ContinuousClock.now
        let witness = unsafe sink.map { unsafe SinkWitness($0) }
        let cause: PluginError
        do throws(PluginError) {
            return try withExtendedLifetime(witness) { () throws(PluginError) in
                unsafe try invokeHere(
                    operation, path, &input, reply: reply, context, cancellation, witness?.sink, isCounted: isCounted,
                    read)
            }
        } catch {
            cause = error
        }
        var context = context
        if let total = context.deadlines.total { context.deadlines.total = total - began.duration(to: .now) }
        guard let fallback = slot.fallback, context.deadlines.total.map({ $0 > .zero }) ?? true,
            fallback.answers(
                cause, hasDelivered: witness?.hasSeenEvents ?? false, isIdempotent: Self.isIdempotent(path)),
            let other = fallback.find().flatMap({ InterfacePort($0.slot) }), other.slot !== slot
        else { throw cause }
        do throws(PluginError) {
            // Not one of the other's: a call is made twice at most.
            let value = unsafe try other.invokeHere(
                operation, path, &input, reply: reply, context, cancellation, sink, isCounted: isCounted, read)
            slot.noteFallback()
            fallback.tell(Fallback.Use(operation: "\(operation)", cause: cause, failure: nil))
            return fallback.marked(value, inPlaceOf: id, because: cause)
        } catch {
            guard error.code != .unsupported else { throw cause }
            fallback.tell(Fallback.Use(operation: "\(operation)", cause: cause, failure: error))
            throw error.standing(in: id, because: cause)
        }
    }

    // MARK: - What is known of operations

    /// May the operation be made twice with the effect of once?
    private static func isIdempotent(_ path: PartialKeyPath<Table>) -> Bool {
        unsafe (known(path)?.flags ?? 0) & KWM_IDEMPOTENT != 0
    }

    /// Bytes of the message to a worker that an input makes; 0 if nobody knows.
    func messageSize<Input: BitwiseCopyable>(of input: inout Input, _ path: PartialKeyPath<Table>) -> UInt64 {
        var length: UInt64 = 0
        if let operation = unsafe Self.known(path) {
            _ = unsafe kwm_encode(operation.in, &input, nil, 0, &length, nil)
        }
        return length
    }

    private static func known(_ path: PartialKeyPath<Table>) -> kwm_operation? {
        guard let offset = MemoryLayout<Table>.offset(of: path) else { return nil }
        let slot = (offset - MemoryLayout<kw_hdr>.size) / MemoryLayout<UInt>.size
        var id = Interface.id
        return id.withUTF8 { utf8 in
            let text = unsafe UnsafeRawPointer(utf8.baseAddress!).assumingMemoryBound(to: CChar.self)
            let known = unsafe kwm_interface_by_id(kw_str(ptr: text, len: UInt64(utf8.count)))
            guard let interface = unsafe known?.pointee else { return nil }
            let operations = unsafe UnsafeBufferPointer(start: interface.operations, count: Int(interface.count))
            return unsafe operations.first { unsafe Int($0.slot) == slot }
        }
    }

    // MARK: - On behalf of a task: the plugin runs on a host thread, because it may block

    /// Runs one operation.
    ///
    /// - Parameters:
    ///   - isCounted: whether it takes one of the places that `max_concurrency` gives.
    ///   - write: makes the input; runs on the host thread, so it owns all that it uses.
    ///   - read: turns the reply into values; pointers in it die when it returns.
    func run<Operation, Input: BitwiseCopyable, Output: BitwiseCopyable, Value: Sendable>(
        _ operation: StaticString, _ path: any KeyPath<Table, Operation> & Sendable, _ context: CallContext,
        reply: Output.Type, isCounted: Bool = true, write: @escaping @Sendable (inout ABIWriter) -> Input,
        read: @escaping @Sendable (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        try await AsyncCall.run(operation, of: id, context) { cancellation throws(PluginError) in
            var inputs = ABIWriter()
            var input = write(&inputs)
            let value = unsafe try invoke(
                operation, path, &input, reply: reply, context: context, cancellation: cancellation,
                isCounted: isCounted, read: read)
            _ = consume inputs
            return value
        }
    }

    /// Runs one operation that takes nothing.
    func run<Operation, Output: BitwiseCopyable, Value: Sendable>(
        _ operation: StaticString, _ path: any KeyPath<Table, Operation> & Sendable, _ context: CallContext,
        reply: Output.Type, read: @escaping @Sendable (borrowing Output, ABIReader) throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        try await run(
            operation, path, context, reply: reply, write: { _ in kw_none(h: .of(kw_none.self)) }, read: read)
    }

    /// Runs one operation that replies nothing.
    func run<Operation, Input: BitwiseCopyable>(
        _ operation: StaticString, _ path: any KeyPath<Table, Operation> & Sendable, _ context: CallContext,
        isCounted: Bool = true, write: @escaping @Sendable (inout ABIWriter) -> Input
    ) async throws(PluginError) {
        try await run(
            operation, path, context, reply: kw_none.self, isCounted: isCounted, write: write
        ) { _, _ throws(PluginError) in }
    }

    // MARK: - What every adapter has

    func health(_ context: CallContext) async throws(PluginError) -> Health { try await slot.health(context) }

    func shutdown() async { await slot.shutdown() }
}
