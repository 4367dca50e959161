package import PluginABI
package import PluginCore

extension ABIWriter {
    package mutating func request(_ request: ModelRequest) -> kw_generate_in {
        var input = unsafe zeroed(kw_generate_in.self)
        unsafe input.h = .of(kw_generate_in.self)
        unsafe input.model = string(request.model)
        var messages: [kw_message] = unsafe []
        for message in request.messages { unsafe messages.append(self.message(message)) }
        unsafe input.messages = span(messages)
        var tools: [kw_tool_spec] = unsafe []
        for tool in request.tools {
            unsafe tools.append(
                kw_tool_spec(
                    h: .of(kw_tool_spec.self), name: string(tool.name), description: string(tool.description),
                    input_schema_json: string(tool.inputSchema.text), hints: 0))
        }
        unsafe input.tools = span(tools)
        switch request.toolChoice {
        case .auto: unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_AUTO)
        case .none: unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_NONE)
        case .required: unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_REQUIRED)
        case .named(let names):
            unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_NAMED)
            unsafe input.tool_names = strings(names)
        }
        switch request.output {
        case .text: unsafe input.output_format = UInt32(KW_FORMAT_TEXT)
        case .json: unsafe input.output_format = UInt32(KW_FORMAT_JSON)
        case .schema(let schema):
            unsafe input.output_format = UInt32(KW_FORMAT_JSON_SCHEMA)
            unsafe input.schema_json = string(schema.text)
        }
        unsafe input.stop = strings(request.stop)
        if let temperature = request.temperature {
            unsafe input.set |= UInt64(KW_SET_TEMPERATURE)
            unsafe input.temperature = temperature
        }
        if let topP = request.topP {
            unsafe input.set |= UInt64(KW_SET_TOP_P)
            unsafe input.top_p = topP
        }
        if let topK = request.topK {
            unsafe input.set |= UInt64(KW_SET_TOP_K)
            unsafe input.top_k = UInt32(clamping: topK)
        }
        if let seed = request.seed {
            unsafe input.set |= UInt64(KW_SET_SEED)
            unsafe input.seed = seed
        }
        if let limit = request.maxOutputTokens {
            unsafe input.set |= UInt64(KW_SET_MAX_OUTPUT_TOKENS)
            unsafe input.max_output_tokens = UInt64(clamping: limit)
        }
        unsafe input.choices = UInt32(clamping: request.choices)
        unsafe input.extra_json = request.extra == .null ? kw_str() : string(request.extra.text)
        return unsafe input
    }

    private mutating func message(_ message: Message) -> kw_message {
        var parts: [kw_part] = unsafe []
        for part in message.parts { unsafe parts.append(self.part(part)) }
        return unsafe kw_message(
            h: .of(kw_message.self), role: message.role.number, reserved: 0, name: string(message.name),
            parts: span(parts))
    }

    mutating func part(_ part: Part) -> kw_part {
        var result = unsafe zeroed(kw_part.self)
        unsafe result.h = .of(kw_part.self)
        switch part {
        case .text(let text):
            unsafe result.kind = UInt32(KW_PART_TEXT)
            unsafe result.text = string(text)
        case .reasoning(let text, let signature):
            unsafe result.kind = UInt32(KW_PART_REASONING)
            unsafe result.text = string(text)
            unsafe result.data = bytes(signature ?? [])
        case .toolCall(let call):
            unsafe result.kind = UInt32(KW_PART_TOOL_CALL)
            unsafe result.id = string(call.id)
            unsafe result.name = string(call.name)
            unsafe result.text = string(call.arguments)
        case .toolResult(let id, let text, let isError):
            unsafe result.kind = UInt32(KW_PART_TOOL_RESULT)
            unsafe result.id = string(id)
            unsafe result.text = string(text)
            unsafe result.flags = isError ? UInt32(KW_PART_ERROR) : 0
        case .data(let data, let mediaType):
            unsafe result.kind = UInt32(KW_PART_DATA)
            unsafe result.data = bytes(data)
            unsafe result.media_type = string(mediaType)
        case .url(let url, let mediaType):
            unsafe result.kind = UInt32(KW_PART_DATA)
            unsafe result.text = string(url)
            unsafe result.media_type = string(mediaType)
        case .refusal(let text):
            unsafe result.kind = UInt32(KW_PART_REFUSAL)
            unsafe result.text = string(text)
        case .citation(let id, let quotation, let place):
            unsafe result.kind = UInt32(KW_PART_CITATION)
            unsafe result.id = string(id)
            unsafe result.text = string(quotation)
            unsafe result.json = string(place.text)
        case .custom(let kind, let text, let json):
            unsafe result.kind = kind
            unsafe result.text = string(text)
            unsafe result.json = string(json.text)
        }
        return unsafe result
    }
}

extension Message.Role {
    package var number: UInt32 {
        switch self {
        case .system: UInt32(KW_ROLE_SYSTEM)
        case .developer: UInt32(KW_ROLE_DEVELOPER)
        case .user: UInt32(KW_ROLE_USER)
        case .assistant: UInt32(KW_ROLE_ASSISTANT)
        case .tool: UInt32(KW_ROLE_TOOL)
        }
    }
}
