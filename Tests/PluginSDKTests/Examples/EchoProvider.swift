public import PluginSDK

/// Streams the last user message back, word by word.
struct EchoProvider: ProviderPlugin {
    static let description = PluginDescription(id: "echo-provider", version: "0.1.0")

    private let host: HostContext

    init(configuration: JSON, host: HostContext) throws(PluginError) {
        self.host = host
    }

    func models(_ call: borrowing PluginCall) throws(PluginError) -> [Model] {
        [Model(id: "echo-1", features: [.streaming, .deterministic])]
    }

    func stream(
        _ request: ModelRequest, to output: borrowing ModelOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> ModelResponse {
        guard request.model == nil || request.model == "echo-1" else {
            throw PluginError(
                .notFound, "there is no model \"\(request.model ?? "")\"", remedy: "Ask for \"echo-1\"")
        }
        guard request.output == .text, request.stop.isEmpty, request.maxOutputTokens == nil else {
            throw PluginError(
                .unsupported, "echo-1 repeats text as it is", remedy: "Ask for text without a limit or a stop sequence")
        }
        let text = request.lastUserText
        guard !text.isEmpty else {
            throw PluginError(.invalidArgument, "there is no user message with text", remedy: "Send one")
        }
        try output.started(id: "echo", model: "echo-1")
        if request.choices > 1 { try call.warning("choices", "there is one answer only") }
        if request.logprobs != nil { try call.warning("logprobs", "there are none: nothing is sampled") }
        for word in text.split(separator: " ") {
            try output.text("\(word) ")
        }
        host.log(.debug, "answered", fields: ["characters": .int(Int64(text.count))])
        return ModelResponse(choices: [.init(parts: [], stop: StopReason(.stop))])
    }
}

/// The one symbol that the plugin exports.
@c(kw_plugin_entry_1)
public func entry(
    host: UnsafePointer<kw_host>?, sdk: UInt32, table: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
) -> kw_status {
    unsafe PluginEntry.export(EchoProvider.self, host, sdk, table)
}
