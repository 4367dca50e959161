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
            unsafe tools.append(self.tool(tool))
        }
        unsafe input.tools = span(tools)
        switch request.toolChoice {
        case .auto: unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_AUTO)
        case .none: unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_NONE)
        case .required: unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_REQUIRED)
        case .named(let names):
            unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_NAMED)
            unsafe input.tool_names = strings(names)
        case .allowed(let names):
            unsafe input.tool_choice = UInt32(KW_TOOL_CHOICE_ALLOWED)
            unsafe input.tool_names = strings(names)
        }
        switch request.output {
        case .text: unsafe input.output_format = UInt32(KW_FORMAT_TEXT)
        case .json: unsafe input.output_format = UInt32(KW_FORMAT_JSON)
        case .schema(let schema, let name, let isStrict):
            unsafe input.output_format = UInt32(KW_FORMAT_JSON_SCHEMA)
            unsafe input.schema_json = string(schema.text)
            unsafe input.schema_name = string(name)
            if isStrict { unsafe input.flags |= UInt64(KW_GENERATE_SCHEMA_STRICT) }
        case .grammar(let grammar, let syntax):
            unsafe input.output_format = UInt32(KW_FORMAT_GRAMMAR)
            unsafe input.grammar = string(grammar)
            unsafe input.grammar_syntax = string(syntax)
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
        unsafe input.extra_json = json(request.extra)
        unsafe input.metadata_json = json(request.metadata)
        unsafe sampling(request, &input)
        unsafe input.modalities = strings(request.modalities)
        unsafe input.cache_key = string(request.cacheKey)
        unsafe input.conversation = string(request.conversation)
        unsafe input.continuation = string(request.continuation)
        unsafe input.service_tier = string(request.serviceTier)
        unsafe input.user = string(request.user)
        unsafe input.idempotency_key = string(request.idempotencyKey)
        unsafe input.headers = pairs(request.headers)
        if request.includesRaw { unsafe input.flags |= UInt64(KW_GENERATE_RAW) }
        if request.isBackground { unsafe input.flags |= UInt64(KW_GENERATE_BACKGROUND) }
        return unsafe input
    }

    private mutating func sampling(_ request: ModelRequest, _ input: inout kw_generate_in) {
        if let minP = request.minP {
            unsafe input.set |= UInt64(KW_SET_MIN_P)
            unsafe input.min_p = minP
        }
        if let penalty = request.presencePenalty {
            unsafe input.set |= UInt64(KW_SET_PRESENCE_PENALTY)
            unsafe input.presence_penalty = penalty
        }
        if let penalty = request.frequencyPenalty {
            unsafe input.set |= UInt64(KW_SET_FREQUENCY_PENALTY)
            unsafe input.frequency_penalty = penalty
        }
        if let penalty = request.repeatPenalty {
            unsafe input.set |= UInt64(KW_SET_REPEAT_PENALTY)
            unsafe input.repeat_penalty = penalty
        }
        if let logprobs = request.logprobs {
            unsafe input.set |= UInt64(KW_SET_LOGPROBS)
            unsafe input.logprobs = UInt32(clamping: logprobs)
        }
        if let isParallel = request.parallelToolCalls {
            unsafe input.set |= UInt64(KW_SET_PARALLEL_TOOLS)
            if isParallel { unsafe input.flags |= UInt64(KW_GENERATE_PARALLEL_TOOLS) }
        }
        if let limit = request.maxToolCalls {
            unsafe input.set |= UInt64(KW_SET_MAX_TOOL_CALLS)
            unsafe input.max_tool_calls = UInt32(clamping: limit)
        }
        if let reasoning = request.reasoning {
            unsafe input.effort = reasoning.effort?.number ?? UInt32(KW_EFFORT_DEFAULT)
            if reasoning.isShown { unsafe input.flags |= UInt64(KW_GENERATE_REASONING_SUMMARY) }
            if let tokens = reasoning.tokens {
                unsafe input.set |= UInt64(KW_SET_REASONING_TOKENS)
                unsafe input.reasoning_tokens = UInt64(clamping: tokens)
            }
        }
        let biases = request.logitBias.sorted { $0.key < $1.key }.map {
            kw_logit_bias(h: .of(kw_logit_bias.self), token: $0.key, bias: $0.value)
        }
        unsafe input.logit_bias = span(biases)
    }

    package mutating func tool(_ tool: ToolSpecification) -> kw_tool_spec {
        unsafe kw_tool_spec(
            h: .of(kw_tool_spec.self), name: string(tool.name), title: string(tool.title),
            description: string(tool.description), input_schema_json: json(tool.inputSchema),
            output_schema_json: json(tool.outputSchema), examples_json: json(tool.examples),
            provider_json: json(tool.provider), hints: tool.hints.rawValue,
            flags: tool.isStrict ? UInt64(KW_TOOL_STRICT) : 0)
    }

    /// null is empty.
    package mutating func json(_ value: JSON) -> kw_str {
        unsafe value == .null ? kw_str() : string(value.text)
    }

    private mutating func message(_ message: Message) -> kw_message {
        var parts: [kw_part] = unsafe []
        for (position, part) in message.parts.enumerated() {
            var element = unsafe self.part(part)
            if message.cacheBreakpoints.contains(position) {
                unsafe element.flags |= UInt32(KW_PART_CACHE_BREAKPOINT)
            }
            unsafe parts.append(element)
        }
        return unsafe kw_message(
            h: .of(kw_message.self), role: message.role.number, reserved: 0, name: string(message.name),
            parts: span(parts))
    }

    package mutating func part(_ part: Part) -> kw_part {
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
            unsafe result.flags = call.isProviderExecuted ? UInt32(KW_PART_PROVIDER_EXECUTED) : 0
            unsafe result.data = bytes(call.signature ?? [])
        case .sealedReasoning(let data):
            unsafe result.kind = UInt32(KW_PART_REASONING)
            unsafe result.flags = UInt32(KW_PART_REDACTED)
            unsafe result.data = bytes(data)
        case .toolResult(let output):
            unsafe result.kind = UInt32(KW_PART_TOOL_RESULT)
            unsafe result.id = string(output.callID)
            unsafe result.text = string(output.text)
            if output.isError { unsafe result.flags |= UInt32(KW_PART_ERROR) }
            if output.isDenied { unsafe result.flags |= UInt32(KW_PART_DENIED) }
            var parts: [kw_part] = unsafe []
            for inner in output.parts where !inner.isToolResult { unsafe parts.append(self.part(inner)) }
            unsafe result.parts = span(parts)
        case .media(let media):
            unsafe result.kind = UInt32(KW_PART_DATA)
            unsafe result.media_type = string(media.mediaType)
            unsafe result.name = string(media.name)
            unsafe result.json = json(media.settings)
            switch media.source {
            case .bytes(let data): unsafe result.data = bytes(data)
            case .url(let url): unsafe result.text = string(url)
            }
        case .approvalRequest(let callID, let question):
            unsafe result.kind = UInt32(KW_PART_APPROVAL)
            unsafe result.id = string(callID)
            unsafe result.text = string(question)
            unsafe result.flags = UInt32(KW_PART_ASKS)
        case .approval(let callID, let isApproved, let reason):
            unsafe result.kind = UInt32(KW_PART_APPROVAL)
            unsafe result.id = string(callID)
            unsafe result.text = string(reason)
            unsafe result.flags = isApproved ? 0 : UInt32(KW_PART_DENIED)
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

extension Part {
    fileprivate var isToolResult: Bool { if case .toolResult = self { true } else { false } }
}

extension ModelRequest.Reasoning.Effort {
    fileprivate var number: UInt32 {
        switch self {
        case .none: UInt32(KW_EFFORT_NONE)
        case .minimal: UInt32(KW_EFFORT_MINIMAL)
        case .low: UInt32(KW_EFFORT_LOW)
        case .medium: UInt32(KW_EFFORT_MEDIUM)
        case .high: UInt32(KW_EFFORT_HIGH)
        }
    }
}
