/// Values of a configuration that one source gives.
public struct ConfigurationLayer: Sendable, Hashable {
    /// The sources, each over those before it.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// What the schema says for what is absent.
        case schemaDefault
        /// What the manifest says where an operator says nothing.
        case manifestDefault
        /// What the manifest says for the environment, such as "production".
        case manifestEnvironment
        /// The operator's file.
        case file
        /// Variables of the host's environment.
        case variable
        /// What the host's program, or a command, says.
        case explicit
    }

    public var kind: Kind
    /// Whose values they are, for messages: a path, or the name of a variable.
    public var source: String
    /// An object.
    public var value: JSON

    public init(_ kind: Kind, source: String, _ value: JSON) {
        self.kind = kind
        self.source = source
        self.value = value
    }
}

extension ConfigurationLayer.Kind: Comparable {
    /// By rank: the greater one is over the other.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    /// Does an operator say it, and not the plugin?
    public var isOperators: Bool { self >= .file }

    private var rank: Int {
        switch self {
        case .schemaDefault: 0
        case .manifestDefault: 1
        case .manifestEnvironment: 2
        case .file: 3
        case .variable: 4
        case .explicit: 5
        }
    }
}
