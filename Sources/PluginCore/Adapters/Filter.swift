/// Which items a query admits. Fields name members of an item's metadata; `a/b` is the member b of a, unless there is a
/// member of the whole name.
///
/// A predicate over a field that an item does not have is false, `notEqual` and `notIn` included. Integers and doubles
/// compare by value, text by bytes, other values of different kinds not at all. A list satisfies a predicate
/// if any of its elements does, `notEqual` and `notIn` if every element does. ``admits(id:metadata:)`` is the definition
/// that every backend must agree with.
public indirect enum Filter: Sendable, Hashable {
    case all
    case none
    case and([Filter])
    case or([Filter])
    case not(Filter)
    case equal(String, Value)
    case notEqual(String, Value)
    case less(String, Value)
    case lessOrEqual(String, Value)
    case greater(String, Value)
    case greaterOrEqual(String, Value)
    case `in`(String, [Value])
    case notIn(String, [Value])
    case exists(String)
    case isNull(String)
    case prefix(String, String)
    /// Text that has the value in it, a list that has it as an element.
    case contains(String, Value)
    case ids([String])
    /// From the first to the second, both included.
    case between(String, Value, Value)
    /// A list that has each of these as an element.
    case allOf(String, [Value])
    /// Elements of a list, or Unicode scalars of a text.
    case size(String, ClosedRange<Int>)
    /// null, "", [] or {}.
    case isEmpty(String)
    /// Every word of the text is a word of the field; words are runs of ASCII letters, digits and whatever is not ASCII.
    case match(String, String, caseSensitive: Bool = false)
    /// An object with numbers `lat` and `lon`, at most so many metres away along a great circle.
    case geoRadius(String, latitude: Double, longitude: Double, meters: Double)
    /// A condition in a backend's own language.
    case native(dialect: String, String)

    /// A scalar of metadata.
    public enum Value: Sendable, Hashable {
        case null
        case bool(Bool)
        case int(Int64)
        case double(Double)
        case string(String)
    }
}

extension Filter {
    /// The operations that a backend evaluates itself, by their numbers in the ABI.
    public struct Operations: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        package init(number: UInt32) { self.init(rawValue: 1 << UInt64(number)) }

        /// Every one but ``Filter/native(dialect:_:)``.
        public static let all = Operations(rawValue: (1 << 25) - 2)
    }
}
