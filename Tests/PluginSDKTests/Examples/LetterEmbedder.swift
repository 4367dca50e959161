import PluginSDK

/// Counts the bytes of each of 64 classes: no allocation, no copy.
struct LetterEmbedder: EmbedderPlugin {
    static let description = PluginDescription(id: "letter-embedder", version: "0.1.0")

    init(configuration: JSON, host: HostContext) throws(PluginError) {}

    func info(_ call: borrowing PluginCall) throws(PluginError) -> EmbedderInfo {
        EmbedderInfo(id: "letters/1", model: "letters", dims: 64, isDeterministic: true)
    }

    func embed(
        _ inputs: borrowing EmbedInputs, into output: inout EmbedOutput, _ call: borrowing PluginCall
    ) throws(PluginError) {
        guard output.dims == 64 else {
            throw PluginError(.dimensionMismatch, "rows have 64 elements, not \(output.dims)", remedy: "Ask for 64")
        }
        guard inputs.kind == .texts else {
            throw PluginError(.unsupported, "only texts are embedded", remedy: "Send texts")
        }
        for index in 0..<inputs.count {
            try call.checkCancellation()
            output.withRow(index) { row in
                row.update(repeating: 0)
                inputs.withUTF8(index) { text in
                    for position in text.indices { row[Int(text[position] & 63)] += 1 }
                }
            }
        }
    }
}
