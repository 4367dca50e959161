internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// `keyway.embedder/1` over an author's type.
enum EmbedderOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_embedder>? {
        guard type is any EmbedderPlugin.Type else { return nil }
        var table = zeroed(kw_embedder.self)
        table.h = .of(kw_embedder.self)
        unsafe table.info = { instance, call, _ in unsafe EmbedderOperations.info(instance, call) }
        unsafe table.embed = { instance, call, input in unsafe EmbedderOperations.embed(instance, call, input) }
        if type is any TextTokenCounting.Type {
            unsafe table.count_tokens = { instance, call, input in
                unsafe EmbedderOperations.countTokens(instance, call, input)
            }
        }
        return unsafe permanent(table)
    }

    private static func info(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, writer throws(PluginError) in
            unsafe writer.embedderInfo(
                try Instance.of(instance, "embedder.info").pointee.embedder!.pointee.info(call))
        }
    }

    /// Without a writer, which is needed for a report only: this is called for single texts, too, and should cost little
    /// more than the author's own work.
    @inline(__always)
    private static func embed(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_embed_in>?
    ) -> kw_status {
        guard let call = unsafe call else { return KW_INVALID_ARGUMENT }
        do throws(PluginError) {
            return try unsafe Operation.lend(input, "embedder.embed") { input throws(PluginError) in
                let embedder = try unsafe Instance.of(instance, "embedder.embed").pointee.embedderCaller
                return unsafe embedder.unsafelyUnwrapped._withUnsafeGuaranteedRef { unsafe embed($0, call, input) }
            }
        } catch {
            return unsafe Operation.fail(call, error)
        }
    }

    @inline(__always)
    private static func embed(
        _ embedder: EmbedderCaller, _ call: UnsafeMutablePointer<kw_call>, _ input: UnsafePointer<kw_embed_in>
    ) -> kw_status {
        do throws(PluginError) {
            guard unsafe input.pointee.flags & ~knownFlags == 0 else { throw unsafe unknownFlags(input.pointee.flags) }
            let inputs = try unsafe EmbedInputs(input)
            var output = try unsafe EmbedOutput(input, count: inputs.count)
            try unsafe embedder.embed(inputs, into: &output, PluginCall(call))
            if let report = output.report {
                return try unsafe reply(report, rows: inputs.count, dims: output.dims, call)
            }
            var reply = unsafe zeroed(kw_embed_out.self)
            unsafe reply.h = .of(kw_embed_out.self)
            unsafe reply.rows_written = UInt32(truncatingIfNeeded: inputs.count)
            return unsafe Operation.reply(call, &reply)
        } catch {
            return unsafe Operation.fail(call, error)
        }
    }

    private static let knownFlags = UInt32(KW_EMBED_NORMALIZE | KW_EMBED_WANT_SPARSE | KW_EMBED_WANT_TOKEN_LEVEL)

    @inline(never)
    private static func unknownFlags(_ flags: UInt32) -> PluginError {
        PluginError(
            .unsupported, "embedder.embed was asked for \(flags), which is more than this plugin knows",
            remedy: "Rebuild the plugin with a newer SDK, or ask for less", operation: "embedder.embed")
    }

    @inline(never)
    private static func reply(
        _ report: EmbedReport, rows: Int, dims: Int, _ call: UnsafeMutablePointer<kw_call>
    ) throws(PluginError) -> kw_status {
        var writer = unsafe ABIWriter(arena: call)
        var reply = unsafe writer.embedReport(report, rows: rows, dims: dims)
        return try unsafe Operation.reply(call, &reply, from: writer)
    }

    private static func countTokens(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_count_tokens_in>?
    ) -> kw_status {
        unsafe Operation.answer("embedder.count_tokens", call, input) {
            call, input, reader, writer throws(PluginError) in
            let counter = try unsafe Instance.of(instance, "embedder.count_tokens").pointee.textCounter!
            let counts = try unsafe counter.pointee.countTokens(reader.strings(input.texts, "texts"), call)
            return unsafe kw_count_tokens_out(
                h: .of(kw_count_tokens_out.self), tokens: writer.span(counts.map { UInt32(clamping: $0) }),
                flags: counter.pointee.estimatesTokens ? UInt64(KW_USAGE_ESTIMATED) : 0)
        }
    }
}

/// Calls an author's embedder: one jump through a class's table, where an existential would be copied first.
class EmbedderCaller {
    static func of(_ plugin: some EmbedderPlugin) -> EmbedderCaller { TypedCaller(plugin) }

    func embed(
        _ inputs: borrowing EmbedInputs, into output: inout EmbedOutput, _ call: borrowing PluginCall
    ) throws(PluginError) {
        fatalError("there is a subclass for every type")
    }

    private final class TypedCaller<Plugin: EmbedderPlugin>: EmbedderCaller {
        private let plugin: Plugin

        init(_ plugin: Plugin) { self.plugin = plugin }

        override func embed(
            _ inputs: borrowing EmbedInputs, into output: inout EmbedOutput, _ call: borrowing PluginCall
        ) throws(PluginError) {
            try plugin.embed(inputs, into: &output, call)
        }
    }
}
