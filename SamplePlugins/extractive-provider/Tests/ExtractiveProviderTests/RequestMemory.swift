import PluginSDK

/// A request in the ABI's form, written by hand: one user message of text parts, and the settings of a test.
struct RequestMemory {
    var parts: [String] = []
    var tools: [String] = []
    var stop: [String] = []
    var model = ""
    var maxOutputTokens: UInt64?
    var temperature: Double?
    var choices: UInt32 = 1
    var outputFormat = UInt32(KW_FORMAT_TEXT)
    var toolChoice = UInt32(KW_TOOL_CHOICE_AUTO)

    private var blocks: [UnsafeMutableRawPointer] = []

    /// Valid until ``free()``.
    mutating func input() -> kw_generate_in {
        var message = kw_message()
        message.h.size = UInt32(MemoryLayout<kw_message>.size)
        message.role = UInt32(KW_ROLE_USER)
        var list: [kw_part] = []
        for text in parts {
            var part = kw_part()
            part.h.size = UInt32(MemoryLayout<kw_part>.size)
            part.kind = UInt32(KW_PART_TEXT)
            part.text = copy(text)
            list.append(part)
        }
        message.parts = span(list)
        var specifications: [kw_tool_spec] = []
        for name in tools {
            var tool = kw_tool_spec()
            tool.h.size = UInt32(MemoryLayout<kw_tool_spec>.size)
            tool.name = copy(name)
            specifications.append(tool)
        }
        var input = kw_generate_in()
        input.h.size = UInt32(MemoryLayout<kw_generate_in>.size)
        input.model = copy(model)
        input.messages = span([message])
        input.tools = span(specifications)
        input.tool_choice = toolChoice
        input.output_format = outputFormat
        var sequences: [kw_str] = []
        for text in stop { sequences.append(copy(text)) }
        input.stop = span(sequences)
        input.choices = choices
        if let maxOutputTokens {
            input.max_output_tokens = maxOutputTokens
            input.set |= UInt64(KW_SET_MAX_OUTPUT_TOKENS)
        }
        if let temperature {
            input.temperature = temperature
            input.set |= UInt64(KW_SET_TEMPERATURE)
        }
        return input
    }

    mutating func free() {
        blocks.forEach { $0.deallocate() }
        blocks = []
    }

    private mutating func copy(_ text: String) -> kw_str {
        guard !text.isEmpty else { return kw_str() }
        let bytes = Array(text.utf8)
        let block = block(bytes)
        return kw_str(ptr: UnsafePointer(block.assumingMemoryBound(to: CChar.self)), len: UInt64(bytes.count))
    }

    private mutating func span<Element: BitwiseCopyable>(_ elements: [Element]) -> kw_span {
        guard !elements.isEmpty else { return kw_span() }
        return kw_span(
            ptr: UnsafeRawPointer(block(elements)), count: UInt32(elements.count),
            stride: UInt32(MemoryLayout<Element>.stride))
    }

    private mutating func block<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutableRawPointer {
        let size = elements.count * MemoryLayout<Element>.stride
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        elements.withUnsafeBytes { block.copyMemory(from: $0.baseAddress!, byteCount: size) }
        blocks.append(block)
        return block
    }
}
