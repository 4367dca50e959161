/// Functions that a model may call: `keyway.tools/1`.
public protocol ToolSet: Plugin {
    /// What is offered. Constant between two configurations.
    func tools(_ context: CallContext) async throws(PluginError) -> [ToolSpecification]

    /// Runs one tool. A tool that fails answers with ``ToolOutput/isError``; that is a result, not an error.
    /// - Parameter call: its arguments have been checked to be JSON.
    /// - Throws: `notFound` if there is no tool of that name.
    func invoke(_ call: ToolCall, _ context: CallContext) async throws(PluginError) -> ToolOutput
}

public struct ToolOutput: Sendable, Hashable {
    /// What the model sees.
    public var parts: [Part]
    /// The same for programs, or null.
    public var structured: JSON
    public var isError: Bool

    public init(_ parts: [Part], structured: JSON = .null, isError: Bool = false) {
        self.parts = parts
        self.structured = structured
        self.isError = isError
    }
}
