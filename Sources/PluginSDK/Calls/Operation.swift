internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// Answers one call for an author's function: checks what the host passed, writes the reply, or turns what was thrown into
/// the call's error. Inlined into each slot of each table, so that a slot is one function.
enum Operation {
    /// An operation with an input.
    ///
    /// - Parameter body: reads the input, asks the author, and writes what to reply.
    @inline(__always)
    static func answer<Input: BitwiseCopyable, Output: BitwiseCopyable>(
        _ name: StaticString, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<Input>?,
        _ body: (borrowing PluginCall, borrowing Input, ABIReader, inout ABIWriter) throws(PluginError) -> Output
    ) -> kw_status {
        guard let call = unsafe call else { return KW_INVALID_ARGUMENT }
        do throws(PluginError) {
            var writer = unsafe ABIWriter(arena: call)
            let reader = ABIReader(plugin: "", operation: name, side: .input)
            var output = try unsafe lend(input, name) { input throws(PluginError) in
                try unsafe body(PluginCall(call), input.pointee, reader, &writer)
            }
            return try unsafe reply(call, &output, from: writer)
        } catch {
            return unsafe fail(call, error)
        }
    }

    /// An operation whose input says nothing.
    @inline(__always)
    static func answer<Output: BitwiseCopyable>(
        _ call: UnsafeMutablePointer<kw_call>?,
        _ body: (borrowing PluginCall, inout ABIWriter) throws(PluginError) -> Output
    ) -> kw_status {
        guard let call = unsafe call else { return KW_INVALID_ARGUMENT }
        do throws(PluginError) {
            var writer = unsafe ABIWriter(arena: call)
            var output = try unsafe body(PluginCall(call), &writer)
            return try unsafe reply(call, &output, from: writer)
        } catch {
            return unsafe fail(call, error)
        }
    }

    /// Lends what the host passed: where it lies if it has every field that this side knows, else a copy filled up with
    /// zeros.
    @inline(__always)
    static func lend<Input: BitwiseCopyable, Result>(
        _ input: UnsafePointer<Input>?, _ name: StaticString,
        _ body: (UnsafePointer<Input>) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        guard let input = unsafe input else { throw missingInput(name) }
        let header = unsafe UnsafeRawPointer(input).load(as: kw_hdr.self)
        if header.size == MemoryLayout<Input>.size { return try unsafe body(input) }
        let copy = try unsafe completed(input, header, name)
        return try unsafe withUnsafePointer(to: copy) { input throws(PluginError) in try unsafe body(input) }
    }

    @inline(never)
    private static func completed<Input: BitwiseCopyable>(
        _ input: UnsafePointer<Input>, _ header: kw_hdr, _ name: StaticString
    ) throws(PluginError) -> Input {
        guard header.size >= MemoryLayout<kw_hdr>.size else {
            throw PluginError(
                .invalidArgument, "\(name) was given an input that says it has \(header.size) bytes",
                remedy: "Set the size in its header", operation: "\(name)")
        }
        guard header.size <= MemoryLayout<Input>.size || header.flags & UInt32(KW_MUST) == 0 else {
            throw PluginError(
                .unsupported,
                "\(name) was given an input that must be understood as a whole, and is newer than the plugin",
                remedy: "Rebuild the plugin with a newer SDK, or ask for less", operation: "\(name)")
        }
        var copy = zeroed(Input.self)
        unsafe withUnsafeMutableBytes(of: &copy) { target in
            let size = min(Int(header.size), MemoryLayout<Input>.size)
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: input, count: size))
        }
        return copy
    }

    @inline(never)
    private static func missingInput(_ name: StaticString) -> PluginError {
        PluginError(
            .invalidArgument, "\(name) was called without an input", remedy: "Pass a struct of the operation's type",
            operation: "\(name)")
    }

    @inline(never)
    static func missingInstance(_ name: StaticString) -> PluginError {
        PluginError(
            .invalidArgument, "\(name) was called without an instance", remedy: "Pass the instance that create replied",
            operation: "\(name)")
    }

    @inline(__always)
    static func reply<Output: BitwiseCopyable>(_ call: UnsafeMutablePointer<kw_call>, _ output: inout Output)
        -> kw_status
    {
        unsafe withUnsafePointer(to: &output) { unsafe call.pointee.api.pointee.reply(call, $0) }
    }

    /// Replies what a writer wrote, if the call's arena had room for it.
    @inline(__always)
    static func reply<Output: BitwiseCopyable>(
        _ call: UnsafeMutablePointer<kw_call>, _ output: inout Output, from writer: borrowing ABIWriter
    ) throws(PluginError) -> kw_status {
        guard !writer.isExhausted else {
            throw PluginError(
                .resourceExhausted, "the reply is larger than the host allows for one call",
                remedy: "Ask for less at a time, or raise the host's limit")
        }
        return unsafe reply(call, &output)
    }

    @inline(never)
    static func fail(_ call: UnsafeMutablePointer<kw_call>, _ error: PluginError) -> kw_status {
        var writer = ABIWriter()
        var report = unsafe writer.error(error)
        let status = unsafe call.pointee.api.pointee.fail(call, &report)
        _ = consume writer
        return status
    }
}
