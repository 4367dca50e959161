internal import ArgumentParser
internal import PluginHost

/// A request to a model, as text or as JSON.
struct ModelRequestOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A user message; - is standard input.", valueName: "text"))
    var prompt: String?

    @Option(help: ArgumentHelp("A whole request as JSON; - is standard input.", valueName: "file"))
    var request: String?

    @Option(help: "Which model; the provider's default if not said.")
    var model: String?

    /// How many of the two forms were given.
    var count: Int { [prompt, request].count { $0 != nil } }

    func modelRequest() throws(PluginError) -> ModelRequest {
        var result: ModelRequest
        if let request {
            result = try ModelRequest(JSON(parsing: try InputFile.read(request), what: "the request (\(request))"))
        } else {
            let text = prompt == "-" ? String(decoding: try InputFile.read("-"), as: UTF8.self) : prompt ?? ""
            result = ModelRequest([Message(.user, text)])
        }
        if let model { result.model = model }
        return result
    }
}
