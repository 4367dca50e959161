internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Tools whose code is in this process: `keyway.tools/1` over a vtable.
public final class NativeToolSet: ToolSet, Sendable {
    let instance: PluginInstance
    private let table: InterfaceTable<kw_tools>

    init(instance: PluginInstance, table: InterfaceTable<kw_tools>) {
        self.instance = instance
        self.table = table
    }

    public var id: String { instance.id }
    public var version: SemanticVersion { instance.version }

    public func tools(_ context: CallContext) async throws(PluginError) -> [ToolSpecification] {
        unsafe try await instance.run("tools.list", table.slot(\.list), context, reply: kw_tools_out.self) {
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
        return unsafe try await instance.run("tools.invoke", table.slot(\.invoke), context, reply: kw_tool_out.self) {
            inputs in
            unsafe inputs.tool(call)
        } read: { reply, reader throws(PluginError) in
            unsafe try ToolOutput(reply, reader)
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await instance.health(context)
    }

    public func shutdown() async { await instance.shutdownFromTask() }
}
