internal import Synchronization

extension Embedder {
    /// The same embedder with the work that a host does once for all plugins: requests of any size, divided as the
    /// embedder needs it and joined again in order; dimensions checked before the call; tries again what may be tried again.
    public func managed(
        retry: RetryPolicy = RetryPolicy(), clock: any Clock<Duration> = ContinuousClock()
    ) -> ManagedEmbedder<Self> {
        ManagedEmbedder(self, retry: retry, clock: clock)
    }
}

/// See ``Embedder/managed(retry:clock:)``.
public final class ManagedEmbedder<Base: Embedder>: Embedder {
    private let base: Base
    private let retry: RetryPolicy
    private let clock: any Clock<Duration>
    private let known = Mutex<EmbedderInfo?>(nil)

    init(_ base: Base, retry: RetryPolicy, clock: any Clock<Duration>) {
        self.base = base
        self.retry = retry
        self.clock = clock
    }

    public var id: String { base.id }
    public var version: SemanticVersion { base.version }

    /// Constant over an instance's life, so it is asked for once.
    public func info(_ context: CallContext) async throws(PluginError) -> EmbedderInfo {
        if let info = known.withLock({ $0 }) { return info }
        let info = try await base.info(context)
        known.withLock { $0 = info }
        return info
    }

    public func embed(
        _ request: EmbedRequest, into matrix: inout Matrix, _ context: CallContext
    ) async throws(PluginError) -> EmbedReport {
        let info = try await info(context)
        guard info.offers(dims: matrix.dims) else {
            throw PluginError(
                .dimensionMismatch, "\(id) does not make vectors of \(matrix.dims) dimensions",
                remedy: "Ask for \(info.dimsSentence)",
                facts: .dimensions(expected: info.dims, actual: matrix.dims), plugin: id, stage: .call,
                operation: "embedder.embed")
        }
        let ranges = try await batches(of: request, info, context)
        var attempt = RetryAttempt(retry, clock, context)
        guard ranges.count > 1 else {
            return try await embed(request, into: &matrix, &attempt)
        }
        var whole = EmbedReport()
        for range in ranges {
            var part = request
            part.input = request.input[range]
            var rows = Matrix(rows: range.count, dims: matrix.dims)
            let report = try await embed(part, into: &rows, &attempt)
            matrix.copyRows(of: rows, to: range.lowerBound)
            whole.append(report, after: range.lowerBound)
        }
        return whole
    }

    public func countTokens(_ texts: [String], _ context: CallContext) async throws(PluginError) -> [Int] {
        try await base.countTokens(texts, context)
    }

    public func health(_ context: CallContext) async throws(PluginError) -> Health { try await base.health(context) }

    public func shutdown() async { await base.shutdown() }

    private func embed(
        _ request: EmbedRequest, into matrix: inout Matrix, _ attempt: inout RetryAttempt
    ) async throws(PluginError) -> EmbedReport {
        while true {
            do throws(PluginError) {
                return try await base.embed(request, into: &matrix, attempt.context)
            } catch {
                try await attempt.wait(after: error)
            }
        }
    }

    private func batches(
        of request: EmbedRequest, _ info: EmbedderInfo, _ context: CallContext
    ) async throws(PluginError) -> [Range<Int>] {
        var tokens: [Int] = []
        if info.maxBatchTokens != nil {
            switch request.input {
            case .tokens(let lists): tokens = lists.map(\.count)
            case .texts(let texts):
                do throws(PluginError) {
                    tokens = try await base.countTokens(texts, context)
                } catch {
                    guard error.code == .unsupported else { throw error }
                    // Never more tokens than bytes: a call may be smaller than it could be, never too large.
                    tokens = texts.map(\.utf8.count)
                }
            case .media: break
            }
            if let longest = info.maxTokens { tokens = tokens.map { min($0, longest) } }
        }
        return EmbedBatches.ranges(
            count: request.input.count, tokens: tokens, maximumCount: info.maxBatch, maximumTokens: info.maxBatchTokens)
    }
}

extension EmbedderInfo {
    fileprivate var dimsSentence: String {
        var offers = [String(dims)] + allowedDims.filter { $0 != dims }.map(String.init)
        if let dimsRange { offers.append("\(dimsRange.lowerBound) to \(dimsRange.upperBound)") }
        return offers.joined(separator: ", ")
    }
}
