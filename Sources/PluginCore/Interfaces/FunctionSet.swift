/// C functions that are called with a signature read at run time: `keyway.functions/1`.
public protocol FunctionSet: Plugin {
    /// What may be called. Constant over an instance's life.
    func functions(_ context: CallContext) async throws(PluginError) -> [FunctionDescription]
}

public struct FunctionDescription: Sendable, Hashable {
    public struct Traits: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        public static let threadSafe = Traits(rawValue: 1)
        /// The result depends on the arguments only, and nothing else changes.
        public static let pure = Traits(rawValue: 2)
        /// May wait.
        public static let blocking = Traits(rawValue: 4)
    }

    public var name: String
    public var description: String?
    public var signature: FunctionSignature
    public var parameterNames: [String]
    public var traits: Traits

    public init(
        name: String, description: String? = nil, signature: FunctionSignature, parameterNames: [String] = [],
        traits: Traits = []
    ) {
        self.name = name
        self.description = description
        self.signature = signature
        self.parameterNames = parameterNames
        self.traits = traits
    }
}

/// The types of a C function: "f64(f64,f64)".
public struct FunctionSignature: Sendable, Hashable {
    public enum Scalar: String, Sendable, CaseIterable {
        case i8, i16, i32, i64, u8, u16, u32, u64, f32, f64
        /// A pointer that only the plugin understands.
        case p
        /// UTF-8 text.
        case s
        /// Bytes.
        case b
    }

    /// nil = none.
    public let result: Scalar?
    public let arguments: [Scalar]

    public static let maximumArguments = 16

    public init(result: Scalar?, arguments: [Scalar]) {
        self.result = result
        self.arguments = arguments
    }

    /// Reads "result(argument,argument,...)"; nil if it is no signature.
    public init?(_ text: String) {
        guard let open = text.firstIndex(of: "("), text.last == ")" else { return nil }
        let result = text[..<open]
        guard result == "v" || Scalar(rawValue: String(result)) != nil else { return nil }
        let list = text[text.index(after: open)..<text.index(before: text.endIndex)]
        var arguments: [Scalar] = []
        if !list.isEmpty {
            for word in list.split(separator: ",", omittingEmptySubsequences: false) {
                guard let scalar = Scalar(rawValue: String(word)), arguments.count < Self.maximumArguments else {
                    return nil
                }
                arguments.append(scalar)
            }
        }
        self.init(result: Scalar(rawValue: String(result)), arguments: arguments)
    }

    public var text: String {
        "\(result?.rawValue ?? "v")(\(arguments.map(\.rawValue).joined(separator: ",")))"
    }
}
