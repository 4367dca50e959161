internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Functions whose code is in this process: `keyway.functions/1` over a vtable.
public final class NativeFunctionSet: FunctionSet, Sendable {
    let instance: PluginInstance
    private let table: InterfaceTable<kw_functions>

    /// Is this address code of the plugin's image?
    private let isCode: @Sendable (UInt) -> Bool

    init(
        instance: PluginInstance, table: InterfaceTable<kw_functions>, isCode: @escaping @Sendable (UInt) -> Bool
    ) {
        self.instance = instance
        self.table = table
        self.isCode = isCode
    }

    public var id: String { instance.id }
    public var version: SemanticVersion { instance.version }

    public func functions(_ context: CallContext) async throws(PluginError) -> [FunctionDescription] {
        let isCode = isCode
        return unsafe try await instance.run(
            "functions.list", table.slot(\.list), context, reply: kw_functions_out.self
        ) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.functions, of: kw_function.self, "functions") {
                function throws(PluginError) in
                let description = unsafe try FunctionDescription(function, reader)
                guard unsafe isCode(unsafeBitCast(function.address, to: UInt.self)) else {
                    throw reader.violation(
                        "offers the function \(description.name) at an address that is not code of the plugin")
                }
                return description
            }
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await instance.health(context)
    }

    public func shutdown() async { await instance.shutdownFromTask() }
}
