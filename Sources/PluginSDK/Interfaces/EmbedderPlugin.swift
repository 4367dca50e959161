public import PluginCore

/// Turns texts into vectors: `keyway.embedder/1`.
public protocol EmbedderPlugin: PluginImplementation {
    /// What this embedder is. Constant over an instance's life.
    func info(_ call: borrowing PluginCall) throws(PluginError) -> EmbedderInfo

    /// Fills one row for each input, in order.
    ///
    ///     for index in 0..<inputs.count {
    ///         output.withRow(index) { row in
    ///             inputs.withUTF8(index) { text in row[0] = Float(text.count) }
    ///         }
    ///     }
    ///
    /// - Throws: `dimensionMismatch` if ``EmbedInputs/dims`` is not offered, `unsupported` for a kind of input, a task or a
    ///   wish that is not understood. After an error the rows' contents are unspecified.
    func embed(
        _ inputs: borrowing EmbedInputs, into output: inout EmbedOutput, _ call: borrowing PluginCall
    ) throws(PluginError)
}

/// An embedder that knows how many tokens a text has.
public protocol TextTokenCounting: EmbedderPlugin {
    /// How many tokens ``EmbedderPlugin/embed(_:into:_:)`` would see in each text, before truncation.
    func countTokens(_ texts: [String], _ call: borrowing PluginCall) throws(PluginError) -> [Int]

    /// The counts are estimates.
    var estimatesTokens: Bool { get }
}

extension TextTokenCounting {
    public var estimatesTokens: Bool { false }
}
