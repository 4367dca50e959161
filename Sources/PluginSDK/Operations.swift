internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// The operations of the plugin table, over an author's type.
enum LifecycleOperations {
    static func create(_ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_create_in>?) -> kw_status {
        unsafe Answer.call(call) { call throws(PluginError) in
            guard let table = ExportedTable.current(), let input = unsafe input, let host = unsafe input.pointee.host
            else {
                throw PluginError(.invalidArgument, "create was called without a host or before the entry")
            }
            let reader = ABIReader(plugin: "host", operation: "plugin.create")
            let text = try unsafe reader.text(input.pointee.config_json, "a configuration")
            let configuration = text.isEmpty ? JSON.object([:]) : try JSON(parsing: text, what: "the configuration")
            let context = unsafe HostContext(
                host, dataFolder: try reader.optionalText(input.pointee.data_dir, "a data folder"),
                instanceName: try reader.text(input.pointee.instance_name, "a name"))
            let box = InstanceBox(try table.make(configuration, context))
            var output = unsafe kw_create_out(
                h: .of(kw_create_out.self), instance: OpaquePointer(Unmanaged.passRetained(box).toOpaque()))
            return unsafe Answer.reply(call, &output)
        }
    }

    static func start(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Answer.call(call) { call throws(PluginError) in
            try unsafe InstanceBox.of(instance).implementation.start()
            var output = kw_none(h: .of(kw_none.self))
            return unsafe Answer.reply(call, &output)
        }
    }

    static func health(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Answer.call(call) { call throws(PluginError) in
            let health = try unsafe InstanceBox.of(instance).implementation.health()
            var writer = unsafe ABIWriter(arena: call)
            var output = unsafe kw_health_out(
                h: .of(kw_health_out.self), healthy: health.isHealthy ? 1 : 0, reserved: 0,
                message: writer.string(health.message),
                details_json: health.details == .null ? kw_str() : writer.string(health.details.text))
            return try unsafe Answer.reply(call, &output, from: writer)
        }
    }

    static func quiesce(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Answer.call(call) { call throws(PluginError) in
            try unsafe InstanceBox.of(instance).implementation.stop()
            var output = unsafe zeroed(kw_quiesce_out.self)
            unsafe output.h = .of(kw_quiesce_out.self)
            return unsafe Answer.reply(call, &output)
        }
    }

    static func destroy(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Answer.call(call) { call throws(PluginError) in
            unsafe Unmanaged<InstanceBox>.fromOpaque(UnsafeRawPointer(instance!)).release()
            var output = kw_none(h: .of(kw_none.self))
            return unsafe Answer.reply(call, &output)
        }
    }
}

/// `keyway.provider/1` over an author's ``ProviderPlugin``.
enum ProviderOperations {
    /// Made once an image, never freed. `generate` stays empty: the host folds the stream.
    static func table() -> UnsafePointer<kw_provider> {
        var table = zeroed(kw_provider.self)
        table.h = .of(kw_provider.self)
        unsafe table.models = { instance, call, _ in unsafe ProviderOperations.models(instance, call) }
        unsafe table.stream = { instance, call, input in unsafe ProviderOperations.stream(instance, call, input) }
        let memory = UnsafeMutablePointer<kw_provider>.allocate(capacity: 1)
        unsafe memory.initialize(to: table)
        return unsafe UnsafePointer(memory)
    }

    private static func provider(_ instance: OpaquePointer?) throws(PluginError) -> any ProviderPlugin {
        guard let provider = unsafe InstanceBox.of(instance).implementation as? any ProviderPlugin else {
            throw PluginError(.unsupported, "this plugin is no provider")
        }
        return provider
    }

    private static func models(_ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?) -> kw_status {
        unsafe Answer.call(call) { call throws(PluginError) in
            let models = try unsafe provider(instance).models()
            var writer = unsafe ABIWriter(arena: call)
            var list: [kw_model] = unsafe []
            for model in models {
                var element = unsafe zeroed(kw_model.self)
                unsafe element.h = .of(kw_model.self)
                unsafe element.id = writer.string(model.id)
                unsafe element.description = writer.string(model.description)
                unsafe element.features = model.features.rawValue
                unsafe element.context_tokens = UInt64(clamping: model.contextTokens ?? 0)
                unsafe element.max_output_tokens = UInt64(clamping: model.maxOutputTokens ?? 0)
                unsafe list.append(element)
            }
            var output = unsafe kw_models_out(h: .of(kw_models_out.self), models: writer.span(list))
            return try unsafe Answer.reply(call, &output, from: writer)
        }
    }

    private static func stream(
        _ instance: OpaquePointer?, _ call: UnsafeMutablePointer<kw_call>?, _ input: UnsafePointer<kw_generate_in>?
    ) -> kw_status {
        unsafe Answer.call(call) { call throws(PluginError) in
            guard let input = unsafe input else {
                throw PluginError(.invalidArgument, "stream was called without a request")
            }
            let reader = ABIReader(plugin: "host", operation: "provider.stream")
            let request = try unsafe ModelRequest(input.pointee, reader)
            let response = try unsafe provider(instance).stream(request, to: ModelOutput(call))
            var writer = unsafe ABIWriter(arena: call)
            var output = unsafe writer.response(response)
            return try unsafe Answer.reply(call, &output, from: writer)
        }
    }
}
