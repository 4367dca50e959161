internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Functions that a model may call: `keyway.tools/1`.
public protocol ToolPlugin: PluginImplementation {
    /// What is offered. Constant between two configurations.
    func tools(_ call: borrowing PluginCall) throws(PluginError) -> [ToolSpecification]

    /// Runs one. A tool that fails answers with ``ToolOutput/isError``; that is a result, not an error.
    /// - Parameter tool: its arguments have passed the tool's schema.
    /// - Throws: `notFound` if there is no tool of that name, `invalidArgument` for arguments that no schema can tell.
    func invoke(_ tool: ToolCall, _ call: borrowing PluginCall) throws(PluginError) -> ToolOutput
}

enum ToolOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_tools>? {
        guard type is any ToolPlugin.Type else { return nil }
        var table = zeroed(kw_tools.self)
        table.h = .of(kw_tools.self)
        unsafe table.list = { instance, call, _ in
            unsafe Operation.answer(call) { call, writer throws(PluginError) in
                unsafe writer.tools(try Instance.of(instance, "tools.list").pointee.tools!.pointee.tools(call))
            }
        }
        unsafe table.invoke = { instance, call, input in
            unsafe Operation.answer("tools.invoke", call, input) { call, input, reader, writer throws(PluginError) in
                let tools = try unsafe Instance.of(instance, "tools.invoke").pointee.tools!
                return unsafe writer.toolOutput(try tools.pointee.invoke(ToolCall(input, reader), call))
            }
        }
        return unsafe permanent(table)
    }
}
