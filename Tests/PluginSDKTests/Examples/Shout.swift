import PluginSDK

/// A function that a model may call.
struct Shout: ToolPlugin {
    static let description = PluginDescription(id: "shout", version: "0.1.0")

    init(configuration: JSON, host: HostContext) throws(PluginError) {}

    func tools(_ call: borrowing PluginCall) throws(PluginError) -> [ToolSpecification] {
        [
            ToolSpecification(
                name: "shout", description: "Repeats a text in capitals",
                inputSchema: [
                    "type": "object", "properties": ["text": ["type": "string"]], "required": ["text"],
                ])
        ]
    }

    func invoke(_ tool: ToolCall, _ call: borrowing PluginCall) throws(PluginError) -> ToolOutput {
        guard tool.name == "shout" else {
            throw PluginError(.notFound, "there is no tool \"\(tool.name)\"", remedy: "Call shout")
        }
        let arguments = try JSON(parsing: tool.arguments, what: "the arguments of shout")
        guard let text = arguments["text"]?.stringValue, !text.isEmpty else {
            return ToolOutput([.text("Nothing to shout: give a text.")], isError: true)
        }
        return ToolOutput([.text(text.uppercased())])
    }
}
