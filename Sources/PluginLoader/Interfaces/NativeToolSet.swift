internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Tools whose code is in this process: `keyway.tools/1` over a vtable.
public final class NativeToolSet: ToolSet, Sendable {
    let port: InterfacePort<ToolsInterface>

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<ToolsInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    public func tools(_ context: CallContext) async throws(PluginError) -> [ToolSpecification] {
        unsafe try await port.run("tools.list", \.list, context, reply: kw_tools_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.tools, of: kw_tool_spec.self, "tools") { tool throws(PluginError) in
                unsafe try ToolSpecification(tool, reader)
            }
        }
    }

    public func invoke(_ call: ToolCall, _ context: CallContext) async throws(PluginError) -> ToolOutput {
        guard (try? JSON(parsing: call.arguments, what: "arguments"))?.objectValue != nil else {
            throw PluginError(
                .invalidArgument, "the arguments of \(call.name) are no JSON object",
                remedy: "Tell the model, or repair them", facts: .pointer(""), plugin: id, stage: .call,
                operation: "tools.invoke")
        }
        return unsafe try await port.run("tools.invoke", \.invoke, context, reply: kw_tool_out.self) {
            inputs in
            unsafe inputs.tool(call)
        } read: { reply, reader throws(PluginError) in
            unsafe try ToolOutput(reply, reader)
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }
}
