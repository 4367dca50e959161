import PluginSDK

/// A job that takes time: says how far it is, gives its output in pieces, and can be cancelled.
struct LineCounter: OperationPlugin {
    static let description = PluginDescription(id: "line-counter", version: "0.1.0")

    init(configuration: JSON, host: HostContext) throws(PluginError) {}

    func operations(_ call: borrowing PluginCall) throws(PluginError) -> [OperationDescription] {
        [OperationDescription(name: "count-lines", description: "Length of every line, one a line")]
    }

    func run(
        _ request: OperationRequest, to output: borrowing ChunkOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> OperationOutput {
        guard request.name == "count-lines" else {
            throw PluginError(.notFound, "there is no operation \"\(request.name)\"", remedy: "Run count-lines")
        }
        let lines = request.input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            // Both throw `cancelled` once nobody listens.
            try output.chunk("\(line.count)\n")
            if index.isMultiple(of: 1000) { try call.progress(Double(index) / Double(lines.count), "counting") }
            // What no longer fits is not begun.
            if let end = call.deadlines.total, end.remaining < .milliseconds(1) {
                throw PluginError(
                    .timeout, "counted \(index + 1) of \(lines.count) lines",
                    remedy: "Give the call more time, or send less")
            }
        }
        return OperationOutput([])
    }
}
