internal import PluginCore

/// Runs the body in a task that was cancelled before it began. Cancelled calls may end well, if they were done anyway, or
/// with `cancelled`; nothing else.
///
/// - Returns: what came of it, for the report.
func inCancelledTask(_ body: @escaping @Sendable () async throws -> Void) async throws(CheckFailure) -> String {
    let result = await Task {
        unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
        do {
            try await body()
            return nil as (any Error)?
        } catch {
            return error
        }
    }.value
    guard let result else { return "it was done before it noticed" }
    guard let error = result as? PluginError, error.code == .cancelled else {
        throw CheckFailure(expected: "cancelled, or a result, of a call in a cancelled task", seen: "\(result)")
    }
    return "cancelled"
}

/// Runs the body so often at a time.
func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<count { group.addTask { try await body(index) } }
        try await group.waitForAll()
    }
}
