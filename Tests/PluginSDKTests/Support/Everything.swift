import PluginSDK

/// Conforms to everything. Answers with ``Values``, and takes down what it was asked.
struct Everything: PluginImplementation {
    static let description = PluginDescription(
        id: "everything", version: "1.2.3-rc.1", sdk: SDKRange(minimum: 1, maximum: nil), maximumConcurrency: 7)

    let recorder: Recorder
    let host: HostContext
    let configuration: JSON

    init(configuration: JSON, host: HostContext) throws(PluginError) {
        if let message = configuration["refuse"]?.stringValue {
            throw PluginError(.configuration, message, remedy: "Do not refuse", facts: .pointer("/refuse"))
        }
        recorder = Recorder.named(host.instanceName)
        self.host = host
        self.configuration = configuration
    }

    func start(_ call: borrowing PluginCall) throws(PluginError) { try recorder.note("start", call) }

    func health(_ call: borrowing PluginCall) throws(PluginError) -> Health {
        try recorder.note("health", call)
        return Values.health
    }

    func stop(_ reason: QuiesceReason, _ call: borrowing PluginCall) throws(PluginError) {
        try recorder.note("stop \(reason)", call)
    }

    func handOver(_ call: borrowing PluginCall) throws(PluginError) -> [UInt8] { Array("handed over".utf8) }
}

extension Everything: ConfigurablePlugin, ScheduledPlugin, FailureObservingPlugin {
    func configure(
        _ configuration: JSON, isDryRun: Bool, _ call: borrowing PluginCall
    ) throws(PluginError) -> [ConfigurationIssue] {
        try recorder.note("configure \(configuration.text) \(isDryRun)", call)
        return configuration["bad"] == nil
            ? []
            : [
                ConfigurationIssue(at: "/bad", "is not wanted", code: "bad"),
                ConfigurationIssue(at: "", "is bad as a whole", severity: .warning),
            ]
    }

    func run(_ task: ScheduledTask, _ call: borrowing PluginCall) throws(PluginError) { try recorder.note(task, call) }

    func observe(_ failure: CallFailure, _ call: borrowing PluginCall) throws(PluginError) {
        try recorder.note(failure, call)
    }
}

extension Everything: ProviderPlugin, GeneratingProviderPlugin, RequestTokenCounting, Prewarming {
    func models(_ call: borrowing PluginCall) throws(PluginError) -> [Model] {
        try recorder.note("models", call)
        return Values.models
    }

    func stream(
        _ request: ModelRequest, to output: borrowing ModelOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> ModelResponse {
        try recorder.note(request, call)
        try output.started(id: "answer-1", model: "model-1")
        try output.text("Hällo ", block: 1)
        try output.text(utf8: Array("wörld".utf8).span, choice: 1, block: 2)
        try output.reasoning("because", signature: [1, 2, 3], choice: 1, block: 3)
        try output.reasoning("why", block: 4)
        try output.toolBegin(id: "call-1", name: "look", index: 5, choice: 1, isProviderExecuted: true)
        try output.toolArguments(#"{"a":"#, index: 5, choice: 1)
        try output.toolEnd(index: 5, choice: 1, signature: [4])
        try output.part(Values.parts[5], choice: 1, block: 6)
        try output.logprobs(Values.logprobs, choice: 1)
        try output.rateLimits(Values.rateLimits)
        try output.raw([9, 8, 7])
        try output.usage(Values.usage)
        try call.warning("temperature", "is not hot")
        try call.progress(0.5, "half")
        try call.progress(nil, "somewhere")
        try call.heartbeat()
        try output.finished(StopReason(.stopSequence, raw: "eos", sequence: "END"), choice: 1)
        return Values.response
    }

    func generate(_ request: ModelRequest, _ call: borrowing PluginCall) throws(PluginError) -> ModelResponse {
        try recorder.note(request, call)
        return Values.response
    }

    func countTokens(_ request: ModelRequest, _ call: borrowing PluginCall) throws(PluginError) -> TokenCount {
        try recorder.note(request, call)
        return TokenCount(4711, isEstimated: true)
    }

    func prewarm(_ request: ModelRequest, _ call: borrowing PluginCall) throws(PluginError) {
        try recorder.note(request, call)
    }
}

/// What an embedder was asked, copied.
struct SeenEmbedding: Equatable {
    var texts: [String] = []
    var tokens: [[UInt32]] = []
    var media: [Media] = []
    var task: EmbedTask?
    var truncation: EmbedRequest.Truncation?
    var normalizes = false
    var wantsSparse = false
    var wantsTokenVectors = false
    var instruction: String?
    var dims = 0
}

extension Everything: EmbedderPlugin, TextTokenCounting {
    func info(_ call: borrowing PluginCall) throws(PluginError) -> EmbedderInfo {
        try recorder.note("embedder info", call)
        return Values.embedder
    }

    func embed(
        _ inputs: borrowing EmbedInputs, into output: inout EmbedOutput, _ call: borrowing PluginCall
    ) throws(PluginError) {
        var seen = SeenEmbedding(
            task: inputs.task, truncation: inputs.truncation, normalizes: inputs.normalizes,
            wantsSparse: inputs.wantsSparse, wantsTokenVectors: inputs.wantsTokenVectors,
            instruction: try inputs.instruction(), dims: inputs.dims)
        switch inputs.kind {
        case .texts: seen.texts = try inputs.texts()
        case .tokens: seen.tokens = try inputs.tokens()
        case .media: seen.media = try inputs.media()
        }
        try recorder.note(seen, call)
        for index in 0..<inputs.count {
            let length = inputs.kind == .texts ? inputs.withUTF8(index) { $0.count } : 0
            output.withRow(index) { row in
                for column in row.indices { row[column] = Float(index * 1000 + length * 10 + column) }
            }
        }
        if inputs.wantsSparse || inputs.wantsTokenVectors { output.report = Values.embedReport(rows: inputs.count) }
    }

    func countTokens(_ texts: [String], _ call: borrowing PluginCall) throws(PluginError) -> [Int] {
        try recorder.note(texts, call)
        return texts.map(\.utf8.count)
    }

    var estimatesTokens: Bool { true }
}
