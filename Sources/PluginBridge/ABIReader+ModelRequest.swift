package import PluginABI
package import PluginCore

extension ModelRequest {
    /// The request as a plugin receives it.
    package init(_ input: borrowing kw_generate_in, _ reader: ABIReader) throws(PluginError) {
        let messages = try unsafe reader.elements(input.messages, of: kw_message.self, "messages") {
            message throws(PluginError) in
            var breakpoints: Set<Int> = []
            var position = 0
            let parts = try unsafe reader.elements(message.parts, of: kw_part.self, "parts") {
                part throws(PluginError) in
                if unsafe part.flags & UInt32(KW_PART_CACHE_BREAKPOINT) != 0 { breakpoints.insert(position) }
                position += 1
                return try unsafe Part(part, reader)
            }
            return Message(
                unsafe try Message.Role(number: message.role, reader), parts: parts,
                name: try unsafe reader.optionalText(message.name, "a name"), cacheBreakpoints: breakpoints)
        }
        self.init(messages)
        model = try unsafe reader.optionalText(input.model, "a model")
        tools = try unsafe reader.elements(input.tools, of: kw_tool_spec.self, "tools") { tool throws(PluginError) in
            try unsafe ToolSpecification(tool, reader)
        }
        switch unsafe input.tool_choice {
        case UInt32(KW_TOOL_CHOICE_NONE): toolChoice = .none
        case UInt32(KW_TOOL_CHOICE_REQUIRED): toolChoice = .required
        case UInt32(KW_TOOL_CHOICE_NAMED):
            toolChoice = .named(try unsafe reader.strings(input.tool_names, "tool names"))
        case UInt32(KW_TOOL_CHOICE_ALLOWED):
            toolChoice = .allowed(try unsafe reader.strings(input.tool_names, "tool names"))
        case UInt32(KW_TOOL_CHOICE_AUTO): toolChoice = .auto
        case let other: throw reader.unknown("tool choice \(other)")
        }
        switch unsafe input.output_format {
        case UInt32(KW_FORMAT_JSON): output = .json
        case UInt32(KW_FORMAT_JSON_SCHEMA):
            output = .schema(
                try unsafe reader.json(input.schema_json, "the output schema"),
                name: try unsafe reader.optionalText(input.schema_name, "a schema's name"),
                isStrict: unsafe input.flags & UInt64(KW_GENERATE_SCHEMA_STRICT) != 0)
        case UInt32(KW_FORMAT_GRAMMAR):
            output = .grammar(
                try unsafe reader.text(input.grammar, "a grammar"),
                syntax: try unsafe reader.text(input.grammar_syntax, "a grammar's syntax"))
        case UInt32(KW_FORMAT_TEXT): output = .text
        case let other: throw reader.unknown("output format \(other)")
        }
        stop = try unsafe reader.strings(input.stop, "stop sequences")
        let set = unsafe input.set
        try reader.requireKnown(set, among: UInt64(KW_SET_REASONING_TOKENS) * 2 - 1, "set fields")
        if set & UInt64(KW_SET_TEMPERATURE) != 0 { temperature = unsafe input.temperature }
        if set & UInt64(KW_SET_TOP_P) != 0 { topP = unsafe input.top_p }
        if set & UInt64(KW_SET_TOP_K) != 0 { topK = unsafe Int(input.top_k) }
        if set & UInt64(KW_SET_SEED) != 0 { seed = unsafe input.seed }
        if set & UInt64(KW_SET_MAX_OUTPUT_TOKENS) != 0 {
            maxOutputTokens = unsafe Int(clamping: input.max_output_tokens)
        }
        if set & UInt64(KW_SET_MIN_P) != 0 { minP = unsafe input.min_p }
        if set & UInt64(KW_SET_PRESENCE_PENALTY) != 0 { presencePenalty = unsafe input.presence_penalty }
        if set & UInt64(KW_SET_FREQUENCY_PENALTY) != 0 { frequencyPenalty = unsafe input.frequency_penalty }
        if set & UInt64(KW_SET_REPEAT_PENALTY) != 0 { repeatPenalty = unsafe input.repeat_penalty }
        if set & UInt64(KW_SET_LOGPROBS) != 0 { logprobs = unsafe Int(input.logprobs) }
        if set & UInt64(KW_SET_MAX_TOOL_CALLS) != 0 { maxToolCalls = unsafe Int(input.max_tool_calls) }
        let flags = unsafe input.flags
        try reader.requireKnown(flags, among: UInt64(KW_GENERATE_REASONING_SUMMARY) * 2 - 1, "a request's flags")
        if set & UInt64(KW_SET_PARALLEL_TOOLS) != 0 {
            parallelToolCalls = flags & UInt64(KW_GENERATE_PARALLEL_TOOLS) != 0
        }
        includesRaw = flags & UInt64(KW_GENERATE_RAW) != 0
        isBackground = flags & UInt64(KW_GENERATE_BACKGROUND) != 0
        let effort = unsafe Reasoning.Effort(number: input.effort)
        let budget = set & UInt64(KW_SET_REASONING_TOKENS) != 0 ? unsafe Int(clamping: input.reasoning_tokens) : nil
        let isShown = flags & UInt64(KW_GENERATE_REASONING_SUMMARY) != 0
        if effort != nil || budget != nil || isShown {
            reasoning = Reasoning(effort: effort, tokens: budget, isShown: isShown)
        }
        modalities = try unsafe reader.strings(input.modalities, "modalities")
        for (token, bias) in try unsafe reader.elements(
            input.logit_bias, of: kw_logit_bias.self, "logit biases",
            { bias throws(PluginError) in (bias.token, bias.bias) })
        {
            logitBias[token] = bias
        }
        cacheKey = try unsafe reader.optionalText(input.cache_key, "a cache key")
        conversation = try unsafe reader.optionalText(input.conversation, "a conversation")
        continuation = try unsafe reader.optionalText(input.continuation, "a continuation")
        serviceTier = try unsafe reader.optionalText(input.service_tier, "a service tier")
        user = try unsafe reader.optionalText(input.user, "a user")
        idempotencyKey = try unsafe reader.optionalText(input.idempotency_key, "an idempotency key")
        headers = try unsafe reader.pairs(input.headers, "headers")
        metadata = try unsafe reader.json(input.metadata_json, "the metadata")
        choices = unsafe max(1, Int(input.choices))
        extra = try unsafe reader.json(input.extra_json, "the extra settings")
    }
}

extension ModelRequest.Reasoning.Effort {
    init?(number: UInt32) {
        switch number {
        case UInt32(KW_EFFORT_NONE): self = .none
        case UInt32(KW_EFFORT_MINIMAL): self = .minimal
        case UInt32(KW_EFFORT_LOW): self = .low
        case UInt32(KW_EFFORT_MEDIUM): self = .medium
        case UInt32(KW_EFFORT_HIGH): self = .high
        default: return nil
        }
    }
}

extension ToolSpecification {
    package init(_ tool: borrowing kw_tool_spec, _ reader: ABIReader) throws(PluginError) {
        let schema = try unsafe reader.json(tool.input_schema_json, "a tool's schema")
        self.init(
            name: try unsafe reader.text(tool.name, "a tool's name"),
            title: try unsafe reader.optionalText(tool.title, "a tool's title"),
            description: try unsafe reader.optionalText(tool.description, "a tool's description"),
            inputSchema: schema == .null ? ["type": "object"] : schema,
            outputSchema: try unsafe reader.json(tool.output_schema_json, "a tool's schema"),
            examples: try unsafe reader.json(tool.examples_json, "a tool's examples"),
            provider: try unsafe reader.json(tool.provider_json, "a tool's own description"),
            hints: unsafe Hints(rawValue: tool.hints), isStrict: unsafe tool.flags & UInt64(KW_TOOL_STRICT) != 0)
    }
}

extension Message.Role {
    init(number: UInt32, _ reader: ABIReader) throws(PluginError) {
        switch number {
        case UInt32(KW_ROLE_SYSTEM): self = .system
        case UInt32(KW_ROLE_DEVELOPER): self = .developer
        case UInt32(KW_ROLE_USER): self = .user
        case UInt32(KW_ROLE_ASSISTANT): self = .assistant
        case UInt32(KW_ROLE_TOOL): self = .tool
        default: throw reader.violation("got a message of role \(number), which is no role")
        }
    }
}

extension ABIReader {
    /// The texts of a span of `kw_str`.
    package func strings(_ span: kw_span, _ field: String) throws(PluginError) -> [String] {
        var texts: [String] = []
        let list = try unsafe values(span, of: kw_str.self, field)
        for index in unsafe list.indices {
            texts.append(try unsafe text(list[index], field))
        }
        return texts
    }

    /// The pairs of a span of `kw_pair`; of names that repeat the last.
    package func pairs(_ span: kw_span, _ field: String) throws(PluginError) -> [String: String] {
        var pairs: [String: String] = [:]
        for pair in unsafe try namedValues(span, field) { pairs[pair.name] = pair.value }
        return pairs
    }

    /// The pairs of a span of `kw_pair`, in order.
    package func namedValues(_ span: kw_span, _ field: String) throws(PluginError) -> [NamedValue] {
        try unsafe elements(span, of: kw_pair.self, field) { pair throws(PluginError) in
            NamedValue(try unsafe text(pair.key, field), try unsafe text(pair.value, field))
        }
    }

    /// Empty text is null.
    package func json(_ text: kw_str, _ field: String) throws(PluginError) -> JSON {
        unsafe try json(self.text(text, field), field)
    }

    /// Empty text is null.
    func json(_ text: String, _ field: String) throws(PluginError) -> JSON {
        guard !text.isEmpty else { return .null }
        do throws(PluginError) {
            return try JSON(parsing: text, what: field)
        } catch {
            throw fault("broken JSON: \(error.what)")
        }
    }
}
