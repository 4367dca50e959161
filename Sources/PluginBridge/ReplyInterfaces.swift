package import PluginABI
package import PluginCore

extension ABIWriter {
    package mutating func models(_ models: [Model]) -> kw_models_out {
        var list: [kw_model] = unsafe []
        for model in models {
            let latency =
                switch model.latency {
                case .fast: UInt32(KW_LATENCY_FAST)
                case .medium: UInt32(KW_LATENCY_MEDIUM)
                case .slow: UInt32(KW_LATENCY_SLOW)
                case nil: UInt32(KW_LATENCY_UNKNOWN)
                }
            let prices = model.prices
            var set: UInt64 = 0
            if prices.input != nil { set |= UInt64(KW_PRICE_INPUT) }
            if prices.output != nil { set |= UInt64(KW_PRICE_OUTPUT) }
            if prices.cacheRead != nil { set |= UInt64(KW_PRICE_CACHE_READ) }
            if prices.cacheWrite != nil { set |= UInt64(KW_PRICE_CACHE_WRITE) }
            unsafe list.append(
                kw_model(
                    h: .of(kw_model.self), id: string(model.id), description: string(model.description),
                    features: model.features.rawValue, context_tokens: UInt64(clamping: model.contextTokens ?? 0),
                    max_output_tokens: UInt64(clamping: model.maxOutputTokens ?? 0), latency: latency,
                    max_choices: UInt32(clamping: model.maxChoices ?? 0), input_price: prices.input ?? 0,
                    output_price: prices.output ?? 0, cache_read_price: prices.cacheRead ?? 0,
                    cache_write_price: prices.cacheWrite ?? 0, set: set))
        }
        return unsafe kw_models_out(h: .of(kw_models_out.self), models: span(list))
    }

    package mutating func toolOutput(_ result: ToolOutput) -> kw_tool_out {
        unsafe kw_tool_out(
            h: .of(kw_tool_out.self), parts: parts(result.parts), structured_json: json(result.structured),
            is_error: result.isError ? 1 : 0, reserved: 0)
    }

    package mutating func hooks(_ hooks: [Hook]) -> kw_hooks_out {
        var list: [kw_hook] = unsafe []
        for hook in hooks {
            unsafe list.append(
                kw_hook(
                    h: .of(kw_hook.self), name: string(hook.name), priority: hook.priority, modes: hook.modes.rawValue,
                    timeout_ns: hook.timeout?.nanoseconds ?? 0, payload_type: string(hook.payloadType),
                    retries: UInt32(clamping: hook.retries), flags: hook.isAsynchronous ? UInt32(KW_HOOK_ASYNC) : 0))
        }
        return unsafe kw_hooks_out(h: .of(kw_hooks_out.self), hooks: span(list))
    }

    package mutating func hookReply(_ reply: HookReply) -> kw_hook_out {
        var output = unsafe zeroed(kw_hook_out.self)
        unsafe output.h = .of(kw_hook_out.self)
        switch reply.action {
        case .proceed: unsafe output.action = UInt32(KW_HOOK_ACTION_CONTINUE)
        case .replace(let payload):
            unsafe output.action = UInt32(KW_HOOK_ACTION_REPLACE)
            unsafe output.payload = bytes(payload)
        case .stop(let reason):
            unsafe output.action = UInt32(KW_HOOK_ACTION_STOP)
            unsafe output.reason = string(reason)
        }
        unsafe output.metadata_json = json(reply.metadata)
        return unsafe output
    }

    package mutating func operations(_ operations: [OperationDescription]) -> kw_operations_out {
        var list: [kw_operation] = unsafe []
        for operation in operations {
            unsafe list.append(
                kw_operation(
                    h: .of(kw_operation.self), name: string(operation.name), description: string(operation.description),
                    input_schema_json: json(operation.inputSchema), output_schema_json: json(operation.outputSchema),
                    input_formats: strings(operation.inputFormats), output_formats: strings(operation.outputFormats),
                    capabilities: strings(operation.capabilities), flags: operation.traits.rawValue,
                    examples_json: json(operation.examples), agent_types: strings(operation.agentTypes)))
        }
        return unsafe kw_operations_out(h: .of(kw_operations_out.self), operations: span(list))
    }

    package mutating func operationOutput(_ result: OperationOutput) -> kw_operate_out {
        unsafe kw_operate_out(
            h: .of(kw_operate_out.self), output: bytes(result.bytes), output_format: string(result.format),
            metadata_json: json(result.metadata), warnings: warnings(result.warnings))
    }

    package mutating func messageReply(_ reply: MessageReply?) -> kw_message_out {
        var output = unsafe zeroed(kw_message_out.self)
        unsafe output.h = .of(kw_message_out.self)
        if let reply {
            unsafe output.type = string(reply.type)
            unsafe output.payload_type = string(reply.payloadType)
            unsafe output.payload = bytes(reply.payload)
        }
        return unsafe output
    }

    package mutating func endpoints(_ endpoints: [Endpoint]) -> kw_endpoints_out {
        var list: [kw_endpoint] = unsafe []
        for endpoint in endpoints {
            unsafe list.append(
                kw_endpoint(
                    h: .of(kw_endpoint.self), method: string(endpoint.method), path: string(endpoint.path),
                    summary: string(endpoint.summary), body_schema_json: json(endpoint.bodySchema),
                    query_schema_json: json(endpoint.querySchema),
                    parameters_schema_json: json(endpoint.parametersSchema),
                    response_schema_json: json(endpoint.responseSchema), middleware: strings(endpoint.middleware),
                    rate_requests: UInt64(clamping: endpoint.rateLimit?.requests ?? 0),
                    rate_window_ns: endpoint.rateLimit?.window.nanoseconds ?? 0,
                    max_body: UInt64(clamping: endpoint.maxBody ?? 0), flags: endpoint.traits.rawValue,
                    roles: strings(endpoint.roles), permissions: strings(endpoint.permissions)))
        }
        return unsafe kw_endpoints_out(h: .of(kw_endpoints_out.self), endpoints: span(list))
    }

    package mutating func endpointResponse(_ response: EndpointResponse) -> kw_response_out {
        unsafe kw_response_out(
            h: .of(kw_response_out.self), status: UInt32(clamping: response.status), reserved: 0,
            headers: namedValues(response.headers), body: bytes(response.body))
    }

    /// Pairs in order; names may repeat.
    package mutating func namedValues(_ values: [NamedValue]) -> kw_span {
        var list: [kw_pair] = unsafe []
        for value in values {
            unsafe list.append(kw_pair(h: .of(kw_pair.self), key: string(value.name), value: string(value.value)))
        }
        return unsafe span(list)
    }

    package mutating func issues(_ issues: [ConfigurationIssue]) -> kw_config_out {
        var list: [kw_config_issue] = unsafe []
        for issue in issues {
            unsafe list.append(
                kw_config_issue(
                    h: .of(kw_config_issue.self), pointer: string(issue.pointer), message: string(issue.message),
                    code: string(issue.code),
                    severity: issue.severity == .warning ? UInt32(KW_ISSUE_WARNING) : UInt32(KW_ISSUE_ERROR),
                    reserved: 0))
        }
        return unsafe kw_config_out(h: .of(kw_config_out.self), issues: span(list))
    }
}
