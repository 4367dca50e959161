package import PluginABI
package import PluginCore

// What a host passes to the operations of hooks, tools, operations, messages and endpoints.

extension ABIWriter {
    package mutating func tool(_ call: ToolCall) -> kw_tool_in {
        unsafe kw_tool_in(
            h: .of(kw_tool_in.self), name: string(call.name), call_id: string(call.id),
            arguments_json: string(call.arguments))
    }

    package mutating func operation(_ request: OperationRequest) -> kw_operate_in {
        var flags: UInt64 = 0
        if request.isDryRun { flags |= UInt64(KW_OPERATE_DRY_RUN) }
        if request.isVerbose { flags |= UInt64(KW_OPERATE_VERBOSE) }
        return unsafe kw_operate_in(
            h: .of(kw_operate_in.self), name: string(request.name), input: bytes(request.input),
            input_format: string(request.inputFormat), output_format: string(request.outputFormat),
            execution_id: string(request.executionID), settings_json: json(request.settings), flags: flags,
            agent_type: string(request.agentType), metadata_json: json(request.metadata))
    }

    package mutating func hook(_ event: HookEvent) -> kw_hook_in {
        unsafe kw_hook_in(
            h: .of(kw_hook_in.self), name: string(event.name), mode: event.mode.rawValue, reserved: 0,
            payload: bytes(event.payload), payload_type: string(event.payloadType), original: bytes(event.original),
            execution_id: string(event.executionID), started_ns: event.started, started_unix_ns: event.startedUnix,
            user_id: string(event.userID), session_id: string(event.sessionID), source: string(event.source),
            attributes: pairs(event.attributes))
    }

    package mutating func message(_ message: PluginMessage) -> kw_message_in {
        unsafe kw_message_in(
            h: .of(kw_message_in.self), id: string(message.id), sender: string(message.sender),
            topic: string(message.topic), type: string(message.type), payload_type: string(message.payloadType),
            payload: bytes(message.payload), sent_unix_ns: message.sent,
            flags: message.wantsReply ? UInt64(KW_MESSAGE_WANTS_REPLY) : 0)
    }

    package mutating func request(_ request: EndpointRequest) -> kw_request_in {
        unsafe kw_request_in(
            h: .of(kw_request_in.self), endpoint: UInt32(clamping: request.endpoint), reserved: 0,
            method: string(request.method), path: string(request.path), parameters: namedValues(request.parameters),
            query: namedValues(request.query), headers: namedValues(request.headers), body: bytes(request.body),
            remote_address: string(request.remoteAddress), principal: string(request.principal),
            request_id: string(request.requestID))
    }
}
