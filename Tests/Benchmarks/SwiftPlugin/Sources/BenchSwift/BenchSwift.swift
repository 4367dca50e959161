public import PluginSDK

/// What bench_plugin.c does for rows of 64 elements, in Swift: byte b of the text adds to element b % 64.
struct BenchSwift: EmbedderPlugin, ProviderPlugin {
    static let description = PluginDescription(id: "bench-swift", version: "0.1.0")
    private static let dims = 64

    init(configuration: JSON, host: HostContext) throws(PluginError) {}

    func info(_ call: borrowing PluginCall) throws(PluginError) -> EmbedderInfo {
        EmbedderInfo(id: "bench-swift/1", model: "bench-swift", dims: Self.dims)
    }

    func embed(
        _ inputs: borrowing EmbedInputs, into output: inout EmbedOutput, _ call: borrowing PluginCall
    ) throws(PluginError) {
        guard output.dims == Self.dims, inputs.kind == .texts else {
            throw PluginError(.dimensionMismatch, "rows have 64 floats", remedy: "Ask for 64")
        }
        for index in 0..<inputs.count {
            output.withRow(index) { row in
                row.update(repeating: 0)
                inputs.withUTF8(index) { text in
                    for position in text.indices { row[Int(text[position] & 63)] += 1 }
                }
            }
        }
    }
}

extension BenchSwift {
    func models(_ call: borrowing PluginCall) throws(PluginError) -> [Model] { [Model(id: "bench-swift")] }

    /// As bench_plugin.c: so many deltas of five bytes as tokens are allowed.
    func stream(
        _ request: ModelRequest, to output: borrowing ModelOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> ModelResponse {
        for _ in 0..<(request.maxOutputTokens ?? 0) { try output.text(" word") }
        return ModelResponse(choices: [.init(parts: [], stop: StopReason(.stop))])
    }
}

@c(kw_plugin_entry_1)
public func entry(
    host: UnsafePointer<kw_host>?, sdk: UInt32, table: UnsafeMutablePointer<UnsafePointer<kw_plugin>?>?
) -> kw_status {
    unsafe PluginEntry.export(BenchSwift.self, host, sdk, table)
}
