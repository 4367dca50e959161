public import PluginCore

/// Runs programs under a policy: `keyway.tool-executor/1`. Further abilities are protocols of their own:
/// ``TypedToolRunning``, ``RunConversing``.
public protocol ToolExecutorPlugin: PluginImplementation {
    /// Which fields of a policy this plugin enforces on this machine: every field once.
    func enforceable(_ call: borrowing PluginCall) throws(PluginError) -> [Enforcement]

    /// Would ``execute(_:under:to:_:)`` run this? Nothing runs; the answer depends on nothing but the input.
    func evaluate(
        _ request: ToolRunRequest, under policy: ToolPolicy, _ call: borrowing PluginCall
    ) throws(PluginError) -> ToolDecision

    /// Runs it and writes the output as it comes; returns when the program ended, even if a process that it left behind
    /// holds the pipes open. What may not run ends as `denied`; that is a result, not an error.
    func execute(
        _ request: ToolRunRequest, under policy: ToolPolicy, to output: borrowing RunOutput,
        _ call: borrowing PluginCall
    ) throws(PluginError) -> ToolRunResult
}

/// An executor with typed tools, which ``ToolRunRequest/Body/tool(name:arguments:)`` names.
public protocol TypedToolRunning: ToolExecutorPlugin {
    func tools(_ call: borrowing PluginCall) throws(PluginError) -> [ToolSpecification]
}

/// An executor whose runs can be spoken to.
public protocol RunConversing: ToolExecutorPlugin {
    /// Speaks to a run of this instance that goes on. Comes on another thread than the run.
    /// - Throws: `notFound` if there is none of that session.
    func send(_ message: ToolMessage, to session: String, _ call: borrowing PluginCall) throws(PluginError)
}
