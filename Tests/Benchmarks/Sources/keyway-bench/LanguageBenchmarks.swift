import CRawHost

/// The same operations written in Swift and in C, both called by the C call engine: what a language costs its author.
struct LanguageBenchmarks {
    private static let text = "The quick brown fox jumps over the lazy dog, again and again and"
    private static let dims = 64
    private static let calls = 20_000

    let c: RawPlugin
    let swift: RawPlugin

    private func embed(_ plugin: RawPlugin, _ text: String) throws -> Double {
        try plugin.embed(RAW_ENGINE_KEYWAY, text, dims: Self.dims, count: Self.calls)
    }

    func rows() async throws -> [Row] {
        let empty = try await Contest(rounds: 61, [{ try embed(swift, "") }, { try embed(c, "") }])
        let working = try await Contest(rounds: 61, [{ try embed(swift, Self.text) }, { try embed(c, Self.text) }])
        let events = try await Contest(
            rounds: 61,
            [
                { try swift.stream(RAW_ENGINE_KEYWAY, count: Self.calls) },
                { try c.stream(RAW_ENGINE_KEYWAY, count: Self.calls) },
            ])
        return [
            Row("operation in Swift, empty text", empty, 0, .ratio(2)),
            Row("operation in Swift, 64 bytes", working, 0, .ratio(2)),
            Row("text event from Swift", events, 0),
        ]
    }
}
