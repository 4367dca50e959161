import Foundation

/// Runs `body` on a thread of its own. Tasks share as many threads as there are processors, so those that wait for one
/// another could wait for ever.
func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
