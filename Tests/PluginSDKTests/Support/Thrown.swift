import PluginSDK
import Testing

/// The `PluginError` that `body` throws, or a failed test. A function, because `#expect(throws:)` repeats its closure where
/// nothing unsafe may stand.
func thrown<Result>(
    at location: SourceLocation = #_sourceLocation, _ body: () throws -> Result
) -> PluginError? {
    do {
        _ = try body()
        Issue.record("nothing was thrown", sourceLocation: location)
    } catch let error as PluginError {
        return error
    } catch {
        Issue.record(error, sourceLocation: location)
    }
    return nil
}
