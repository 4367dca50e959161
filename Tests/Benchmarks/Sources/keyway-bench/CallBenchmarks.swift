import CRawHost
import PluginHost

/// One embed call: through the typed adapter, through the C call engine alone, and through a function pointer.
struct CallBenchmarks {
    /// 60 words of the kind that an embedder gets.
    private static let paragraph = """
        A plugin is one shared object with one exported symbol. The host reads its notes before any byte of \
        it runs, checks that the machine, the needed libraries and the range of versions fit, copies the \
        file into sealed memory and only then maps it, so that what was checked is what runs, whatever \
        happens to the file on disk in the meantime, even if somebody replaces it.
        """

    let embedder: NativeEmbedder
    /// The same plugin, loaded by a host that checks where replies lie; nil: not measured.
    var checked: NativeEmbedder?
    let raw: RawPlugin
    /// Length of the row. The adapter looks through it for what is not finite, so a call that is to show its own
    /// price has one.
    let dims: Int
    /// Calls in a row: about a millisecond of them.
    let batch: Int

    func typed() throws -> Double { try typed(embedder) }

    private func typed(_ embedder: NativeEmbedder) throws -> Double {
        var matrix = Matrix(rows: 1, dims: dims)
        let began = raw_now_ns()
        for _ in 0..<batch { try embedder.embed(Self.paragraph, into: &matrix) }
        return Double(raw_now_ns() - began) / Double(batch)
    }

    private func asynchronous() async throws -> Double {
        var matrix = Matrix(rows: 1, dims: dims)
        let request = EmbedRequest([Self.paragraph])
        let began = raw_now_ns()
        for _ in 0..<batch { _ = try await embedder.embed(request, into: &matrix, CallContext()) }
        return Double(raw_now_ns() - began) / Double(batch)
    }

    func direct(_ engine: raw_engine) throws -> Double {
        try raw.embed(engine, Self.paragraph, dims: dims, count: batch)
    }

    /// For an operation that does nothing: what a call itself costs.
    func overheadRows() async throws -> [Row] {
        let checked = checked ?? embedder
        let contest = try await Contest(
            rounds: 101,
            [
                { try direct(RAW_ENGINE_KEYWAY) }, { try typed() }, { try typed(checked) },
                { try direct(RAW_ENGINE_MINIMAL) },
            ])
        return [
            Row("op + reply, C call engine", contest, 0, .nanoseconds(15)),
            Row("op + reply, typed adapter", contest, 1),
            Row("op + reply, typed adapter, checked replies", contest, 2),
        ]
    }

    /// For an operation that works.
    func embedRows() async throws -> [Row] {
        let contest = try await Contest(
            rounds: 101,
            [{ try typed() }, { try direct(RAW_ENGINE_MINIMAL) }])
        let hop = try await Contest(
            rounds: 41, [{ try await asynchronous() }, { try typed() }])
        return [
            Row("embed of one text, typed adapter", contest, 0, .ratio(1.15)),
            Row("embed of one text, async (over the typed one)", hop, 0),
        ]
    }
}
