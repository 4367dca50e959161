package import PluginABI
package import PluginCore

extension ModelRequest {
    /// The request as a plugin receives it.
    package init(_ input: borrowing kw_generate_in, _ reader: ABIReader) throws(PluginError) {
        let messages = try unsafe reader.elements(input.messages, of: kw_message.self, "messages") {
            message throws(PluginError) in
            Message(
                unsafe try Message.Role(number: message.role, reader),
                parts: try unsafe reader.elements(message.parts, of: kw_part.self, "parts") {
                    part throws(PluginError) in try unsafe Part(part, reader)
                },
                name: try unsafe reader.optionalText(message.name, "a name"))
        }
        self.init(messages)
        model = try unsafe reader.optionalText(input.model, "a model")
        tools = try unsafe reader.elements(input.tools, of: kw_tool_spec.self, "tools") { tool throws(PluginError) in
            ToolSpecification(
                name: try unsafe reader.text(tool.name, "a tool's name"),
                description: try unsafe reader.optionalText(tool.description, "a tool's description"),
                inputSchema: try JSON(
                    optional: unsafe reader.text(tool.input_schema_json, "a tool's schema"), what: "a tool's schema"))
        }
        switch unsafe input.tool_choice {
        case UInt32(KW_TOOL_CHOICE_NONE): toolChoice = .none
        case UInt32(KW_TOOL_CHOICE_REQUIRED): toolChoice = .required
        case UInt32(KW_TOOL_CHOICE_NAMED):
            toolChoice = .named(try unsafe reader.strings(input.tool_names, "tool names"))
        default: toolChoice = .auto
        }
        switch unsafe input.output_format {
        case UInt32(KW_FORMAT_JSON): output = .json
        case UInt32(KW_FORMAT_JSON_SCHEMA):
            output = .schema(
                try JSON(optional: unsafe reader.text(input.schema_json, "a schema"), what: "the output schema"))
        default: output = .text
        }
        stop = try unsafe reader.strings(input.stop, "stop sequences")
        let set = unsafe input.set
        if set & UInt64(KW_SET_TEMPERATURE) != 0 { temperature = unsafe input.temperature }
        if set & UInt64(KW_SET_TOP_P) != 0 { topP = unsafe input.top_p }
        if set & UInt64(KW_SET_TOP_K) != 0 { topK = unsafe Int(input.top_k) }
        if set & UInt64(KW_SET_SEED) != 0 { seed = unsafe input.seed }
        if set & UInt64(KW_SET_MAX_OUTPUT_TOKENS) != 0 {
            maxOutputTokens = unsafe Int(clamping: input.max_output_tokens)
        }
        choices = unsafe max(1, Int(input.choices))
        extra = try JSON(optional: unsafe reader.text(input.extra_json, "extra settings"), what: "the extra settings")
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
}
