package import PluginABI
package import PluginCore

extension HookEvent {
    package init(_ input: borrowing kw_hook_in, _ reader: ABIReader) throws(PluginError) {
        self.init(
            try unsafe reader.text(input.name, "a hook point"), mode: unsafe Hook.Modes(rawValue: input.mode),
            payload: try unsafe reader.bytes(input.payload, "a payload"),
            payloadType: try unsafe reader.mediaType(input.payload_type, "a payload's type"),
            original: try unsafe reader.bytes(input.original, "an original payload"),
            executionID: try unsafe reader.text(input.execution_id, "an execution's id"),
            started: unsafe input.started_ns, startedUnix: unsafe input.started_unix_ns,
            userID: try unsafe reader.optionalText(input.user_id, "a user's id"),
            sessionID: try unsafe reader.optionalText(input.session_id, "a session's id"),
            source: try unsafe reader.optionalText(input.source, "a source"),
            attributes: try unsafe reader.pairs(input.attributes, "attributes"))
    }
}

extension ToolCall {
    package init(_ input: borrowing kw_tool_in, _ reader: ABIReader) throws(PluginError) {
        self.init(
            id: try unsafe reader.text(input.call_id, "a tool call's id"),
            name: try unsafe reader.text(input.name, "a tool's name"),
            arguments: try unsafe reader.text(input.arguments_json, "a tool's arguments"), index: 0)
    }
}

extension OperationRequest {
    package init(_ input: borrowing kw_operate_in, _ reader: ABIReader) throws(PluginError) {
        self.init(
            try unsafe reader.text(input.name, "an operation's name"),
            input: try unsafe reader.bytes(input.input, "an operation's input"),
            inputFormat: try unsafe reader.mediaType(input.input_format, "an input's format"),
            outputFormat: try unsafe reader.optionalText(input.output_format, "an output's format"),
            executionID: try unsafe reader.optionalText(input.execution_id, "an execution's id"),
            settings: try unsafe reader.json(input.settings_json, "an operation's settings"),
            isDryRun: unsafe input.flags & UInt64(KW_OPERATE_DRY_RUN) != 0,
            isVerbose: unsafe input.flags & UInt64(KW_OPERATE_VERBOSE) != 0)
        try unsafe reader.requireKnown(
            input.flags, among: UInt64(KW_OPERATE_DRY_RUN) | UInt64(KW_OPERATE_VERBOSE), "an operation's flags")
        agentType = try unsafe reader.optionalText(input.agent_type, "an agent's type")
        metadata = try unsafe reader.json(input.metadata_json, "an operation's metadata")
    }
}

extension PluginMessage {
    package init(_ input: borrowing kw_message_in, _ reader: ABIReader) throws(PluginError) {
        self.init(
            id: try unsafe reader.text(input.id, "a message's id"),
            sender: try unsafe reader.optionalText(input.sender, "a message's sender"),
            topic: try unsafe reader.optionalText(input.topic, "a message's topic"),
            type: try unsafe reader.text(input.type, "a message's type"),
            payload: try unsafe reader.bytes(input.payload, "a message's payload"),
            payloadType: try unsafe reader.mediaType(input.payload_type, "a payload's type"),
            sent: unsafe input.sent_unix_ns,
            wantsReply: unsafe input.flags & UInt64(KW_MESSAGE_WANTS_REPLY) != 0)
    }
}

extension EndpointRequest {
    package init(_ input: borrowing kw_request_in, _ reader: ABIReader) throws(PluginError) {
        self.init(
            endpoint: unsafe Int(input.endpoint), method: try unsafe reader.text(input.method, "a method"),
            path: try unsafe reader.text(input.path, "a path"),
            parameters: try unsafe reader.namedValues(input.parameters, "a path's parameters"),
            query: try unsafe reader.namedValues(input.query, "a query"),
            headers: try unsafe reader.namedValues(input.headers, "headers"),
            body: try unsafe reader.bytes(input.body, "a body"),
            remoteAddress: try unsafe reader.optionalText(input.remote_address, "a remote address"),
            principal: try unsafe reader.optionalText(input.principal, "a principal"),
            requestID: try unsafe reader.optionalText(input.request_id, "a request's id"))
    }
}

extension ABIReader {
    /// Empty is JSON.
    package func mediaType(_ text: kw_str, _ field: String) throws(PluginError) -> String {
        let type = try unsafe self.text(text, field)
        return type.isEmpty ? "application/json" : type
    }
}
