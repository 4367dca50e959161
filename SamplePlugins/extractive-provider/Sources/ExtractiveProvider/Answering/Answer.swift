internal import PluginSDK

/// What is answered to a request, before any of it is streamed.
enum Answer: Equatable {
    /// Versions from long to short, each of whole sentences.
    case text([String])
    case toolCall(ToolCall)
}
