import PluginCore
import Synchronization
import Testing

@Suite("A managed embedder", .timeLimit(.minutes(10)))
struct ManagedEmbedderTests {
    /// Refuses what is larger than it says it takes; a row says which text it is of.
    private final class Limited: Embedder {
        let id = "limited"
        let version = SemanticVersion("1.0.0")!
        let known: EmbedderInfo
        let counts: Bool
        private let failures: Mutex<Int>
        private let calls = Mutex<[[String]]>([])

        init(_ info: EmbedderInfo, counts: Bool = true, failures: Int = 0) {
            known = info
            self.counts = counts
            self.failures = Mutex(failures)
        }

        var batches: [[String]] { calls.withLock { $0 } }

        func info(_ context: CallContext) async throws(PluginError) -> EmbedderInfo { known }
        func health(_ context: CallContext) async throws(PluginError) -> Health { Health(.healthy) }
        func shutdown() async {}

        func countTokens(_ texts: [String], _ context: CallContext) async throws(PluginError) -> [Int] {
            guard counts else { throw PluginError(.unsupported, "it does not count") }
            return texts.map(\.utf8.count)
        }

        func embed(
            _ request: EmbedRequest, into matrix: inout Matrix, _ context: CallContext
        ) async throws(PluginError) -> EmbedReport {
            guard case .texts(let texts) = request.input else { throw PluginError(.unsupported, "only texts") }
            let isFailing = failures.withLock { left in
                defer { left -= 1 }
                return left > 0
            }
            if isFailing { throw PluginError(.overloaded, "busy") }
            calls.withLock { $0.append(texts) }
            let tokens = texts.map { min($0.utf8.count, known.maxTokens ?? .max) }
            guard texts.count <= known.maxBatch ?? .max,
                texts.count == 1 || tokens.reduce(0, +) <= known.maxBatchTokens ?? .max
            else { throw PluginError(.invalidArgument, "a call of \(texts.count) texts is too large") }
            for (row, text) in texts.enumerated() {
                matrix.setRow(row, [Float(text) ?? -1] + [Float](repeating: 0, count: matrix.dims - 1))
            }
            var report = EmbedReport(
                tokens: tokens, totalTokens: tokens.reduce(0, +),
                truncated: texts.indices.filter { texts[$0].utf8.count > tokens[$0] })
            report.usage = Usage(input: report.totalTokens)
            report.warnings = [Warning(feature: "always", message: "the same")]
            if request.wantsSparse {
                report.sparse = texts.map { SparseVector(indices: [UInt32($0.utf8.count)], values: [1]) }
            }
            return report
        }
    }

    @Test("a request of any size is divided as the embedder needs it, and joined in order", arguments: 0..<200)
    func splitting(seed: UInt64) async throws {
        var random = Random(seed)
        var info = EmbedderInfo(
            id: "s", model: "m", dims: 4,
            maxBatch: Bool.random(using: &random) ? Int.random(in: 1...5, using: &random) : nil,
            maxTokens: Bool.random(using: &random) ? Int.random(in: 1...6, using: &random) : nil)
        info.maxBatchTokens = Bool.random(using: &random) ? Int.random(in: 1...12, using: &random) : nil
        let counts = Bool.random(using: &random)
        // A number in as many digits as chance wants.
        let texts = (0..<Int.random(in: 0...30, using: &random)).map { number in
            String(repeating: "0", count: Int.random(in: 0...6, using: &random)) + "\(number)"
        }
        let base = Limited(info, counts: counts)
        var request = EmbedRequest(texts)
        request.wantsSparse = true
        let result = try await base.managed().embed(request, dims: 4)
        #expect((0..<texts.count).map { result.matrix.row($0)[0] } == (0..<texts.count).map(Float.init))
        #expect(base.batches.flatMap(\.self) == texts)
        let tokens = texts.map { min($0.utf8.count, info.maxTokens ?? .max) }
        #expect(result.report.tokens == tokens && result.report.totalTokens == tokens.reduce(0, +))
        #expect(result.report.truncated == texts.indices.filter { texts[$0].utf8.count > tokens[$0] })
        #expect(result.report.sparse.map(\.indices) == texts.map { [UInt32($0.utf8.count)] })
        #expect(result.report.usage.input == tokens.reduce(0, +))
        #expect(result.report.warnings.count <= 1)
        // No two neighbours would have fitted one call together.
        for (left, right) in zip(base.batches, base.batches.dropFirst()) {
            let first = try #require(right.first)
            let size = (left + [first]).reduce(0) { $0 + min($1.utf8.count, info.maxTokens ?? .max) }
            #expect(left.count == info.maxBatch ?? .max || size > info.maxBatchTokens ?? .max)
        }
    }

    @Test("dimensions are checked before the embedder is asked")
    func dims() async throws {
        let base = Limited(EmbedderInfo(id: "s", model: "m", dims: 4, allowedDims: [8], dimsRange: 10...12))
        let managed = base.managed()
        for dims in [4, 8, 10, 12] { _ = try await managed.embed(EmbedRequest(["1"]), dims: dims).report }
        #expect(base.batches.count == 4)
        for dims in [1, 5, 9, 13] {
            let error = await thrown { () async throws(PluginError) in
                try await managed.embed(EmbedRequest(["1"]), dims: dims).report
            }
            #expect(error?.code == .dimensionMismatch && error?.facts == .dimensions(expected: 4, actual: dims))
            #expect(error?.message.contains("4, 8, 10 to 12") == true && error?.plugin == "limited")
        }
        #expect(base.batches.count == 4)
    }

    @Test("one call of many is tried again alone")
    func retries() async throws {
        let clock = ManualClock()
        let base = Limited(EmbedderInfo(id: "s", model: "m", dims: 4, maxBatch: 2), failures: 2)
        let managed = base.managed(retry: RetryPolicy(jitter: 0), clock: clock)
        let result = try await managed.embed(EmbedRequest(["0", "1", "2"]), dims: 4)
        #expect((0..<3).map { result.matrix.row($0)[0] } == [0, 1, 2])
        #expect(base.batches == [["0", "1"], ["2"]] && clock.sleeps == [.seconds(1), .seconds(2)])
    }

    @Test("a call that did not count leaves the whole uncounted")
    func uncounted() {
        // What is joined is what each call said; one that says nothing is not zero.
        #expect((Usage(input: 1) + Usage(output: 2)).input == nil)
        #expect(Usage() + Usage(input: 3) == Usage(input: 3))
    }
}
