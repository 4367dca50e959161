internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Functions whose code is in this process: `keyway.functions/1` over a vtable.
public final class NativeFunctionSet: FunctionSet, Sendable {
    let port: InterfacePort<FunctionsInterface>

    /// nil if the plugin does not offer the interface.
    init?(_ slot: InstanceSlot) {
        guard let port = InterfacePort<FunctionsInterface>(slot) else { return nil }
        self.port = port
    }

    public var id: String { port.id }
    public var version: SemanticVersion { port.version }

    public func functions(_ context: CallContext) async throws(PluginError) -> [FunctionDescription] {
        try await AsyncCall.run("functions.list", of: id, context) { cancellation throws(PluginError) in
            try self.port.slot.withInstance("functions.list") { instance throws(PluginError) in
                var input = kw_none(h: .of(kw_none.self))
                return unsafe try instance.invoke(
                    "functions.list", instance.tables.functions!.slot(\.list), &input, reply: kw_functions_out.self,
                    context: context, cancellation: cancellation
                ) { reply, reader throws(PluginError) in
                    unsafe try reader.elements(reply.functions, of: kw_function.self, "functions") {
                        function throws(PluginError) in
                        let description = unsafe try FunctionDescription(function, reader)
                        // In a worker an address means nothing here, and none comes.
                        guard
                            unsafe instance.pool != nil
                                || instance.isCode(unsafeBitCast(function.address, to: UInt.self))
                        else {
                            throw reader.violation(
                                "offers the function \(description.name) at an address that is not code of the plugin")
                        }
                        return description
                    }
                }
            }
        }
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health {
        try await port.health(context)
    }

    public func shutdown() async { await port.shutdown() }
}
