internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// `keyway.provider/1` over an author's type. What the type does not implement stays NULL, and the host fills it.
enum ProviderOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_provider>? {
        let streams = type is any ProviderPlugin.Type
        let generates = type is any GeneratingProviderPlugin.Type
        guard streams || generates else { return nil }
        var table = zeroed(kw_provider.self)
        table.h = .of(kw_provider.self)
        unsafe table.models = { instance, call, _ in unsafe ProviderOperations.models(instance, call) }
        if streams {
            unsafe table.stream = { instance, call, input in unsafe ProviderOperations.stream(instance, call, input) }
        }
        if generates {
            unsafe table.generate = { instance, call, input in unsafe ProviderOperations.generate(instance, call, input)
            }
        }
        if type is any RequestTokenCounting.Type {
            unsafe table.count_tokens = { instance, call, input in
                unsafe ProviderOperations.countTokens(instance, call, input)
            }
        }
        if type is any Prewarming.Type {
            unsafe table.prewarm = { instance, call, input in unsafe ProviderOperations.prewarm(instance, call, input) }
        }
        return unsafe permanent(table)
    }

    private static func models(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Operation.answer(call) { call, writer throws(PluginError) in
            unsafe writer.models(
                try Instance.of(instance, "provider.models").pointee.modelOffering!.pointee.models(call))
        }
    }

    private static func stream(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_generate_in>?
    ) -> kw_status {
        unsafe Operation.answer("provider.stream", call, input) { call, input, reader, writer throws(PluginError) in
            let provider = try unsafe Instance.of(instance, "provider.stream").pointee.provider!
            let response = try unsafe provider.pointee.stream(
                ModelRequest(input, reader), to: ModelOutput(call.pointer), call)
            return unsafe writer.response(response)
        }
    }

    private static func generate(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_generate_in>?
    ) -> kw_status {
        unsafe Operation.answer("provider.generate", call, input) { call, input, reader, writer throws(PluginError) in
            let generator = try unsafe Instance.of(instance, "provider.generate").pointee.generator!
            return unsafe writer.response(try generator.pointee.generate(ModelRequest(input, reader), call))
        }
    }

    private static func countTokens(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_generate_in>?
    ) -> kw_status {
        unsafe Operation.answer("provider.count_tokens", call, input) { call, input, reader, _ throws(PluginError) in
            let counter = try unsafe Instance.of(instance, "provider.count_tokens").pointee.requestCounter!
            let count = try unsafe counter.pointee.countTokens(ModelRequest(input, reader), call)
            return kw_token_count(
                h: .of(kw_token_count.self), tokens: UInt64(clamping: count.tokens),
                flags: count.isEstimated ? UInt64(KW_USAGE_ESTIMATED) : 0)
        }
    }

    private static func prewarm(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_generate_in>?
    ) -> kw_status {
        unsafe Operation.answer("provider.prewarm", call, input) { call, input, reader, _ throws(PluginError) in
            let prewarmer = try unsafe Instance.of(instance, "provider.prewarm").pointee.prewarmer!
            try unsafe prewarmer.pointee.prewarm(ModelRequest(input, reader), call)
            return kw_none(h: .of(kw_none.self))
        }
    }
}
