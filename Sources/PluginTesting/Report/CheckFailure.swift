internal import PluginCore

/// Thrown inside a check: what should have been, and what was.
struct CheckFailure: Error {
    let expected: String
    let seen: String
}

/// Thrown inside a check that does not apply to the implementation.
struct NotApplicable: Error {
    let reason: String
}

func require(_ condition: Bool, _ expected: @autoclosure () -> String, seen: @autoclosure () -> String)
    throws(CheckFailure)
{
    guard condition else { throw CheckFailure(expected: expected(), seen: seen()) }
}

func requireEqual<Value: Equatable>(_ seen: Value, _ expected: Value, _ what: @autoclosure () -> String)
    throws(CheckFailure)
{
    guard seen == expected else {
        throw CheckFailure(expected: "\(what()): \(excerpt(expected))", seen: excerpt(seen))
    }
}

/// The call has to fail, with one of these codes.
func requireError(
    _ codes: PluginError.Code..., when situation: String, _ call: () async throws -> Void
) async throws {
    let wanted = codes.map(\.rawValue).joined(separator: " or ")
    do {
        try await call()
    } catch let error as PluginError {
        return try require(
            codes.contains(error.code), "\(wanted) when \(situation)", seen: "\(error.code): \(error.message)")
    }
    throw CheckFailure(expected: "\(wanted) when \(situation)", seen: "no error")
}

/// A value in a line of a report: long ones are cut.
func excerpt(_ value: some Any) -> String {
    let text = String(describing: value)
    let limit = 400
    return text.count <= limit ? text : "\(text.prefix(limit))... (\(text.count) characters)"
}
