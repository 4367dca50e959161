internal import PluginABI
internal import PluginBridge
public import PluginCore

/// C functions that a host calls with a signature read at run time: `keyway.functions/1`.
public protocol FunctionPlugin: PluginImplementation {
    /// What may be called. Constant over an instance's life.
    func functions(_ call: borrowing PluginCall) throws(PluginError) -> [NativeFunction]
}

/// A function of the plugin, as a host may call it.
///
///     unsafe NativeFunction(
///         "add", signature: "f64(f64,f64)", traits: [.threadSafe, .pure],
///         { $0 + $1 } as @convention(c) (Double, Double) -> Double)
public struct NativeFunction: Sendable {
    public var description: FunctionDescription
    let address: UInt

    /// Unsafe, because nobody can check that the signature is the function's: the host calls what it reads. Text and bytes
    /// are a `kw_str` and a `kw_bytes` by value, borrowed until the function returns; as a result they point to static
    /// memory.
    ///
    /// - Parameters:
    ///   - name: 1 to 128 of A-Z a-z 0-9 _ and the dot.
    ///   - signature: "result(argument,...)" of v i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 p s b.
    ///   - function: of a `@convention(c)` type.
    /// - Precondition: the signature is one, and `function` is a C function.
    @unsafe
    public init<Function>(
        _ name: String, signature: String, description: String? = nil, parameterNames: [String] = [],
        traits: FunctionDescription.Traits = [], _ function: Function
    ) {
        guard let parsed = FunctionSignature(signature) else {
            preconditionFailure("\(name): \"\(signature)\" is no signature such as f64(f64,f64)")
        }
        // A Swift closure is two words, a C function one.
        precondition(
            MemoryLayout<Function>.size == MemoryLayout<UInt>.size && "\(Function.self)".contains("@convention(c)"),
            "\(name) is of type \(Function.self), which is no @convention(c) function")
        self.description = FunctionDescription(
            name: name, description: description, signature: parsed, parameterNames: parameterNames, traits: traits)
        address = unsafe unsafeBitCast(function, to: UInt.self)
    }
}

enum FunctionOperations {
    static func table(for type: any PluginImplementation.Type) -> UnsafePointer<kw_functions>? {
        guard type is any FunctionPlugin.Type else { return nil }
        var table = zeroed(kw_functions.self)
        table.h = .of(kw_functions.self)
        unsafe table.list = { instance, call, _ in
            unsafe Operation.answer(call) { call, writer throws(PluginError) in
                let functions = try unsafe Instance.of(instance, "functions.list").pointee.functions!
                var list: [kw_function] = unsafe []
                for function in try unsafe functions.pointee.functions(call) {
                    let description = function.description
                    unsafe list.append(
                        kw_function(
                            h: .of(kw_function.self), name: writer.string(description.name),
                            description: writer.string(description.description),
                            signature: writer.string(description.signature.text),
                            address: unsafeBitCast(function.address, to: (@convention(c) () -> Void).self),
                            flags: description.traits.rawValue,
                            parameter_names: writer.strings(description.parameterNames)))
                }
                return unsafe kw_functions_out(h: .of(kw_functions_out.self), functions: writer.span(list))
            }
        }
        return unsafe permanent(table)
    }
}
