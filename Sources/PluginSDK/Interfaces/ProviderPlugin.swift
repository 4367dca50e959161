public import PluginCore

/// What every provider says of its models.
public protocol ModelOffering: PluginImplementation {
    /// What is offered, the default first. Constant between two configurations.
    func models(_ call: borrowing PluginCall) throws(PluginError) -> [Model]
}

/// A model provider that answers piece by piece: `keyway.provider/1`. The host makes whole answers of the pieces, unless the
/// type is a ``GeneratingProviderPlugin``, too.
public protocol ProviderPlugin: ModelOffering {
    /// Answers: writes the answer piece by piece, then returns how it ended.
    ///
    /// - Parameter output: every function of it throws `cancelled` once nobody listens; let the error through.
    /// - Returns: a choice per answer with its stop reason. Its parts stay empty: the host has them from the output.
    /// - Throws: what cannot be done is said in a warning, or refused with `unsupported` where the answer would be
    ///   useless; a wish is never dropped in silence.
    func stream(
        _ request: ModelRequest, to output: borrowing ModelOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> ModelResponse
}

/// A model provider that has whole answers. The host makes streams of them, unless the type is a ``ProviderPlugin``, too.
public protocol GeneratingProviderPlugin: ModelOffering {
    /// - Throws: as ``ProviderPlugin/stream(_:to:_:)``.
    func generate(_ request: ModelRequest, _ call: borrowing PluginCall) throws(PluginError) -> ModelResponse
}

/// A provider that knows how many tokens a request has; for others the host estimates.
public protocol RequestTokenCounting: ModelOffering {
    /// How many tokens the request would be billed for as input.
    func countTokens(_ request: ModelRequest, _ call: borrowing PluginCall) throws(PluginError) -> TokenCount
}

/// A provider that can load a model before it is needed.
public protocol Prewarming: ModelOffering {
    /// Loads what a request like this will need, so that the next one begins sooner. A hint.
    func prewarm(_ request: ModelRequest, _ call: borrowing PluginCall) throws(PluginError)
}

extension ModelRequest {
    /// The text parts of the last user message, joined.
    public var lastUserText: String {
        messages.last { $0.role == .user }?.parts.reduce(into: "") { text, part in
            if case .text(let piece) = part { text += piece }
        } ?? ""
    }
}
