internal import PluginABI
internal import PluginBridge
public import PluginCore

/// For adapters of interfaces that are not Keyway's own: what ``PluginLoader/interfaces`` describes and the plugin offers.
extension NativePlugin {
    /// The ids of those interfaces, sorted.
    public var describedInterfaces: [String] { slot.instance.tables.described.keys.sorted() }

    /// The table of an interface by its id: a copy of the described size, which begins with `kw_hdr`. In process it has the
    /// plugin's own functions; of a plugin in workers, functions that hand over to one. Where the plugin has no operation,
    /// there is one that answers `KW_UNIMPLEMENTED`.
    ///
    /// To look at; ``call(_:of:slot:_:reply:_:onEvent:read:)`` makes calls. Any thread may read it.
    /// - Returns: nil if the plugin does not offer the interface or nobody described it. Valid until the plugin is swapped for
    ///   another build, or this object goes.
    @unsafe
    public func interfaceTable(_ id: String) -> UnsafeRawPointer? {
        unsafe slot.instance.tables.described[id]?.pointer
    }

    /// Runs one operation of such an interface on this thread, which it may block; a plugin in workers gets it by message. It
    /// is counted, limited and cancelled as the operations of every adapter are.
    ///
    /// Unsafe: `Input` and `Output` have to be the structs of the operation, as the plugin's header has them, and their
    /// pointers valid as core.h says.
    /// - Parameters:
    ///   - operation: for errors, such as "parser.parse".
    ///   - id: of the interface.
    ///   - slot: which word behind the table's header, from 0.
    ///   - input: begins with `kw_hdr`, whose size is that of `Input`. What it points to lives until this returns.
    ///   - onEvent: takes a `kw_event` of an operation that emits, which is valid until it returns; false has the operation
    ///     cancelled. One at a time, on threads of the plugin's choice. nil: events are not taken.
    ///   - read: takes the reply. What it points to dies when this returns; a `kw_lease` in it whose `release` is not NULL is
    ///     the reader's to release.
    /// - Throws: `unsupported` if the plugin has no such operation, else what the plugin reported or what became of its
    ///   worker, and what `read` throws.
    @unsafe
    public func call<Input: BitwiseCopyable, Output: BitwiseCopyable, Value>(
        _ operation: StaticString, of id: String, slot number: Int, _ input: inout Input, reply: Output.Type,
        _ context: CallContext = CallContext(), onEvent: (@Sendable (UnsafeRawPointer) -> Bool)? = nil,
        read: (borrowing Output) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        let target = unsafe onEvent.map { body in
            unsafe EmitTarget { event, _ in
                unsafe withUnsafePointer(to: event) { unsafe body(UnsafeRawPointer($0)) } ? KW_OK : KW_CANCELLED
            }
        }
        defer { withExtendedLifetime(target) {} }
        return try slot.withInstance(operation) { instance throws(PluginError) in
            guard let function = unsafe instance.tables.described[id]?.operation(number) else {
                throw PluginError(
                    .unsupported, "\(instance.id) has no operation \(number + 1) of \(id)",
                    remedy: "Ask a plugin that has it, or describe the interface to the host", plugin: instance.id,
                    stage: .call, operation: "\(operation)")
            }
            return unsafe try instance.invoke(
                operation, function, &input, reply: reply, context: context, sink: target?.sink
            ) { reply, _ throws(PluginError) in try read(reply) }
        }
    }
}
