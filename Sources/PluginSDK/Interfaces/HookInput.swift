public import PluginABI
internal import PluginBridge
public import PluginCore

/// A hook point that was reached, where the host keeps it: nothing is copied before it is asked for. Hooks are called often,
/// and most of them look at little. Lives as long as the call.
@safe
public struct HookInput: ~Copyable {
    @usableFromInline let input: UnsafePointer<kw_hook_in>

    /// - Throws: `invalidArgument` for a payload that has a length and no memory.
    @inline(__always)
    init(_ input: UnsafePointer<kw_hook_in>) throws(PluginError) {
        guard unsafe input.pointee.payload.ptr != nil || input.pointee.payload.len == 0 else {
            throw Self.missingPayload()
        }
        unsafe self.input = input
    }

    @inline(never)
    private static func missingPayload() -> PluginError {
        PluginError(
            .invalidArgument, "hooks.on_hook was given a payload with a length and no bytes",
            remedy: "Correct the input", operation: "hooks.on_hook")
    }

    /// What the reply may do: one mode.
    public var mode: Hook.Modes { unsafe Hook.Modes(rawValue: input.pointee.mode) }

    /// Is this the hook point of that name? Makes no `String`.
    public func isAt(_ name: StaticString) -> Bool {
        let own = unsafe input.pointee.name
        guard unsafe own.len == UInt64(name.utf8CodeUnitCount) else { return false }
        return unsafe own.len == 0
            || own.ptr != nil
                && UnsafeRawBufferPointer(start: own.ptr, count: name.utf8CodeUnitCount)
                    .elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// - Throws: `invalidArgument` if it is not UTF-8.
    public func name() throws(PluginError) -> String { try unsafe reader.text(input.pointee.name, "a hook point") }

    /// Lends the payload as it is now, after the hooks before this one.
    @inlinable
    public func withPayload<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let bytes = unsafe input.pointee.payload
        let start = unsafe bytes.ptr?.assumingMemoryBound(to: UInt8.self)
        let buffer = unsafe UnsafeBufferPointer(start: start, count: Int(clamping: bytes.len))
        return try unsafe body(buffer.span)
    }

    /// A copy of everything.
    /// - Throws: `invalidArgument` if a text is not UTF-8, or a field points to nothing.
    public func event() throws(PluginError) -> HookEvent { try unsafe HookEvent(input.pointee, reader) }

    private var reader: ABIReader { ABIReader(plugin: "", operation: "hooks.on_hook", side: .input) }
}
