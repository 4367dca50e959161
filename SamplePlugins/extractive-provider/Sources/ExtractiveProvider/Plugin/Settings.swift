internal import PluginSDK

/// The configuration: `{"maxSentences": 4}`.
struct Settings: Equatable {
    /// Sentences that one answer quotes at most.
    var maxSentences = 4

    private static let range: ClosedRange<Int64> = 1...10

    /// Characters of an answer's quotations; the first sentence is said even if it is longer.
    var characterLimit: Int { max(700, 140 * maxSentences) }

    init() {}

    /// - Throws: `configuration`, with the pointer of what is wrong.
    init(_ configuration: JSON) throws(PluginError) {
        guard let members = configuration.objectValue else {
            throw Self.invalid("", "must be an object, but is \(configuration.typeName)")
        }
        if let unknown = members.keys.filter({ $0 != "maxSentences" }).min() {
            throw Self.invalid("/\(unknown)", "is no setting of extractive-provider")
        }
        guard let value = members["maxSentences"] else { return }
        guard let number = value.intValue else {
            throw Self.invalid("/maxSentences", "must be a whole number, but is \(value.typeName) \(value.text)")
        }
        guard Self.range.contains(number) else {
            throw Self.invalid("/maxSentences", "must be from 1 to 10, but is \(number)")
        }
        maxSentences = Int(number)
    }

    private static func invalid(_ pointer: String, _ problem: String) -> PluginError {
        PluginError(
            .configuration, "configuration: \(pointer.isEmpty ? "the document" : pointer) \(problem)",
            remedy: "Write for example {\"maxSentences\": 4}, or leave the configuration out", facts: .pointer(pointer))
    }
}
