package import PluginABI
package import PluginCore

// What plugins reply to the operations of hooks, tools, functions, operations, messages and endpoints.

extension ToolOutput {
    package init(_ reply: borrowing kw_tool_out, _ reader: ABIReader) throws(PluginError) {
        unsafe self.init(
            try reader.elements(reply.parts, of: kw_part.self, "parts") { part throws(PluginError) in
                unsafe try Part(part, reader)
            }, structured: unsafe try reader.json(reply.structured_json, "a structured result"),
            isError: unsafe reply.is_error != 0)
    }
}

extension OperationDescription {
    package init(_ operation: borrowing kw_operation, _ reader: ABIReader) throws(PluginError) {
        func formats(_ span: kw_span) throws(PluginError) -> [String] {
            let formats = unsafe try reader.strings(span, "formats")
            return formats.isEmpty ? ["application/json"] : formats
        }
        unsafe self.init(
            name: try reader.name(operation.name, "an operation"),
            description: try reader.optionalText(operation.description, "a description"),
            inputSchema: try reader.json(operation.input_schema_json, "an input schema"),
            outputSchema: try reader.json(operation.output_schema_json, "an output schema"),
            inputFormats: try formats(operation.input_formats), outputFormats: try formats(operation.output_formats),
            capabilities: try reader.strings(operation.capabilities, "capabilities"),
            traits: Traits(rawValue: operation.flags), examples: try reader.json(operation.examples_json, "examples"))
        agentTypes = unsafe try reader.strings(operation.agent_types, "agents' types")
    }
}

extension OperationOutput {
    package init(_ reply: borrowing kw_operate_out, _ reader: ABIReader) throws(PluginError) {
        unsafe self.init(
            try reader.bytes(reply.output, "an output"),
            format: try reader.optionalText(reply.output_format, "a format") ?? "application/json",
            metadata: try reader.json(reply.metadata_json, "metadata"),
            warnings: try reader.warnings(reply.warnings))
    }
}

extension Hook {
    package init(_ hook: borrowing kw_hook, _ reader: ABIReader) throws(PluginError) {
        let (modes, timeout) = unsafe (Modes(rawValue: hook.modes), hook.timeout_ns)
        guard !modes.isEmpty else { throw reader.violation("wants a hook without a mode") }
        unsafe self.init(
            try reader.name(hook.name, "a hook"), modes: modes, priority: hook.priority,
            timeout: timeout > 0 ? .nanoseconds(timeout) : nil,
            payloadType: try reader.optionalText(hook.payload_type, "a payload type"), retries: Int(hook.retries),
            isAsynchronous: hook.flags & UInt32(KW_HOOK_ASYNC) != 0)
        guard !isAsynchronous || modes == .observe else {
            throw reader.violation("wants the hook \(name) to be asynchronous, and more than to observe")
        }
    }
}

extension HookReply {
    /// - Parameter mode: what the reply may do.
    package init(_ reply: borrowing kw_hook_out, in mode: Hook.Modes, _ reader: ABIReader) throws(PluginError) {
        let action: Action
        switch unsafe reply.action {
        case _ where mode == .observe: action = .proceed
        case UInt32(KW_HOOK_ACTION_CONTINUE): action = .proceed
        case UInt32(KW_HOOK_ACTION_REPLACE) where mode.contains(.filter):
            action = unsafe .replace(try reader.bytes(reply.payload, "a payload"))
        case UInt32(KW_HOOK_ACTION_STOP) where mode.contains(.veto):
            action = unsafe .stop(reason: try reader.text(reply.reason, "a reason"))
        case let other: throw reader.violation("answered \(other), which this hook may not")
        }
        unsafe self.init(action, metadata: try reader.json(reply.metadata_json, "metadata"))
    }
}

extension ConfigurationIssue {
    package init(_ issue: borrowing kw_config_issue, _ reader: ABIReader) throws(PluginError) {
        unsafe self.init(
            pointer: try reader.text(issue.pointer, "a pointer"), message: try reader.text(issue.message, "a message"),
            code: try reader.optionalText(issue.code, "a code"),
            // A severity that nobody here knows is taken for the worse.
            severity: issue.severity == UInt32(KW_ISSUE_WARNING) ? .warning : .error)
    }
}

extension MessageReply {
    package init(_ reply: borrowing kw_message_out, _ reader: ABIReader) throws(PluginError) {
        unsafe self.init(
            type: try reader.text(reply.type, "a type"), payload: try reader.bytes(reply.payload, "a payload"),
            payloadType: try reader.optionalText(reply.payload_type, "a payload type") ?? "application/json")
    }
}

extension Endpoint {
    package init(_ endpoint: borrowing kw_endpoint, _ reader: ABIReader) throws(PluginError) {
        unsafe self.init(
            try reader.name(endpoint.method, "a method"), try reader.name(endpoint.path, "a path"),
            summary: try reader.optionalText(endpoint.summary, "a summary"),
            traits: Traits(rawValue: endpoint.flags))
        guard path.hasPrefix("/") else {
            throw reader.violation("offers the path \(path), which has no slash in front")
        }
        bodySchema = unsafe try reader.json(endpoint.body_schema_json, "a schema")
        querySchema = unsafe try reader.json(endpoint.query_schema_json, "a schema")
        parametersSchema = unsafe try reader.json(endpoint.parameters_schema_json, "a schema")
        responseSchema = unsafe try reader.json(endpoint.response_schema_json, "a schema")
        middleware = unsafe try reader.strings(endpoint.middleware, "middleware")
        let (requests, window) = unsafe (endpoint.rate_requests, endpoint.rate_window_ns)
        if requests != 0 || window != 0 {
            guard requests > 0, window > 0 else {
                throw reader.violation("limits \(path) to \(requests) requests within \(window) ns")
            }
            rateLimit = Rate(requests: Int(clamping: requests), window: .nanoseconds(window))
        }
        roles = unsafe try reader.strings(endpoint.roles, "roles")
        permissions = unsafe try reader.strings(endpoint.permissions, "permissions")
        let limit = unsafe endpoint.max_body
        maxBody = limit == 0 ? nil : Int(clamping: limit)
    }
}

extension EndpointResponse {
    package init(_ reply: borrowing kw_response_out, _ reader: ABIReader) throws(PluginError) {
        let status = unsafe Int(reply.status)
        guard (100...599).contains(status) else { throw reader.violation("answered with status \(status)") }
        unsafe self.init(
            status: status, headers: try reader.namedValues(reply.headers, "headers"),
            body: try reader.bytes(reply.body, "a body"))
    }
}

extension FunctionDescription {
    package init(_ function: borrowing kw_function, _ reader: ABIReader) throws(PluginError) {
        let name = unsafe try reader.name(function.name, "a function")
        let text = unsafe try reader.text(function.signature, "a signature")
        guard let signature = FunctionSignature(text) else {
            throw reader.violation("offers the function \(name) with \(text), which is no signature")
        }
        let names = unsafe try reader.strings(function.parameter_names, "parameter names")
        guard names.isEmpty || names.count == signature.arguments.count else {
            throw reader.violation(
                "names \(names.count) parameters of \(name), which has \(signature.arguments.count)")
        }
        unsafe self.init(
            name: name, description: try reader.optionalText(function.description, "a description"),
            signature: signature, parameterNames: names, traits: Traits(rawValue: function.flags))
    }
}

extension ABIReader {
    /// Text that must not be empty.
    fileprivate func name(_ text: kw_str, _ what: String) throws(PluginError) -> String {
        let name = unsafe try self.text(text, "the name of \(what)")
        guard !name.isEmpty else { throw violation("offers \(what) without a name") }
        return name
    }
}
