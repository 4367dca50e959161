internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Named jobs that take a document and give one: `keyway.operations/1`.
public protocol OperationPlugin: PluginImplementation {
    /// What is offered. Constant between two configurations.
    func operations(_ call: borrowing PluginCall) throws(PluginError) -> [OperationDescription]

    /// Runs one. May say meanwhile how far it is: ``PluginCall/progress(_:_:)``.
    ///
    /// - Parameter output: for an output in pieces; then the bytes of what is returned stay empty.
    /// - Throws: `notFound` if there is no operation of that name, `unsupported` for a format or a dry run that is not
    ///   offered.
    func run(
        _ request: OperationRequest, to output: borrowing ChunkOutput, _ call: borrowing PluginCall
    ) throws(PluginError) -> OperationOutput
}

/// Where an operation or an endpoint writes an output in pieces.
@safe
public struct ChunkOutput: ~Copyable {
    private let call: UnsafeMutablePointer<kw_call>

    init(_ call: UnsafeMutablePointer<kw_call>) { unsafe self.call = call }

    /// The next bytes. Blocks while the consumer is behind.
    /// - Throws: `cancelled` once nobody listens.
    public func chunk(_ bytes: Span<UInt8>) throws(PluginError) {
        try unsafe PluginCall(call).emit(UInt32(KW_EVENT_CHUNK), bytes: bytes)
    }

    /// The next text.
    public func chunk(_ text: String) throws(PluginError) { try chunk(Array(text.utf8).span) }
}

enum OperationOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_operations>? {
        guard type is any OperationPlugin.Type else { return nil }
        var table = zeroed(kw_operations.self)
        table.h = .of(kw_operations.self)
        unsafe table.list = { instance, call, _ in
            unsafe Operation.answer(call) { call, writer throws(PluginError) in
                let operations = try unsafe Instance.of(instance, "operations.list").pointee.operations!
                return unsafe writer.operations(try operations.pointee.operations(call))
            }
        }
        unsafe table.run = { instance, call, input in
            unsafe Operation.answer("operations.run", call, input) { call, input, reader, writer throws(PluginError) in
                let operations = try unsafe Instance.of(instance, "operations.run").pointee.operations!
                let output = try unsafe operations.pointee.run(
                    OperationRequest(input, reader), to: ChunkOutput(call.pointer), call)
                return unsafe writer.operationOutput(output)
            }
        }
        return unsafe permanent(table)
    }
}
