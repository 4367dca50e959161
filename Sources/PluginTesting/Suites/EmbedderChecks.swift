internal import PluginCore

struct EmbedderChecks<Base: Embedder>: Sendable {
    let embedder: Base
    let settings: EmbedderConformance
    private let context = CallContext(runID: "conformance")

    init(embedder: Base, settings: EmbedderConformance) {
        self.embedder = embedder
        self.settings = settings
    }

    func run(_ check: EmbedderConformance.Check) async throws -> String {
        switch check {
        case .info: try await info()
        case .rows: try await rows()
        case .order: try await order()
        case .batch: try await batch()
        case .permutation: try await permutation()
        case .normalization: try await normalization()
        case .determinism: try await determinism()
        case .dimensions: try await dimensions()
        case .dimensionMismatch: try await dimensionMismatch()
        case .emptyInput: try await emptyInput()
        case .emptyText: try await emptyText()
        case .longText: try await longText()
        case .unicode: try await unicode()
        case .tasks: try await tasks()
        case .countTokens: try await countTokens()
        case .untouchedRows: try await untouchedRows()
        case .tooFewRows: try await tooFewRows()
        case .concurrency: try await concurrency()
        case .cancellation: try await cancellation()
        }
    }

    // MARK: - What it says

    private func info() async throws -> String {
        let info = try await embedder.info(context)
        try require(!info.id.isEmpty && !info.model.isEmpty, "an id and a model", seen: "\(info.id), \(info.model)")
        try require(info.dims > 0, "at least one dimension", seen: "\(info.dims)")
        try require(info.allowedDims.allSatisfy { $0 > 0 }, "positive allowedDims", seen: "\(info.allowedDims)")
        if let range = info.dimsRange {
            try require(range.lowerBound > 0, "a positive dimsRange", seen: "\(range)")
        }
        let limits = [
            ("maxBatch", info.maxBatch), ("maxTokens", info.maxTokens), ("maxBatchTokens", info.maxBatchTokens),
            ("maxParallel", info.maxParallel),
        ]
        for case (let name, let limit?) in limits {
            try require(limit > 0, "a positive \(name), or nil", seen: "\(limit)")
        }
        try requireEqual(try await embedder.info(context), info, "the same info when asked again")
        return "\(info.id), \(info.dims) dimensions"
    }

    private func countTokens() async throws -> String {
        let texts = try await inputs()
        let counts: [Int]
        do throws(PluginError) {
            counts = try await embedder.countTokens(texts, context)
        } catch {
            guard error.code == .unsupported else { throw error }
            throw NotApplicable(reason: "it does not count tokens")
        }
        try requireEqual(counts.count, texts.count, "one number a text")
        try require(counts.allSatisfy { $0 > 0 }, "more than no tokens for texts with words", seen: "\(counts)")
        let report = try await embed(texts).report
        if !report.tokens.isEmpty { try requireEqual(counts, report.tokens, "the tokens of the embedding's report") }
        return "\(counts)"
    }

    // MARK: - Rows

    private func rows() async throws -> String {
        let texts = try await inputs()
        let (rows, report) = try await embed(texts)
        for (index, row) in rows.enumerated() {
            try require(
                row.allSatisfy(\.isFinite), "row \(index) written whole, of finite numbers",
                seen: "element \(row.firstIndex { !$0.isFinite } ?? 0) was not written, or is infinite or no number")
        }
        try require(
            report.tokens.isEmpty || report.tokens.count == texts.count,
            "tokens of each of \(texts.count) texts or none",
            seen: "\(report.tokens)")
        if !report.tokens.isEmpty, let total = report.totalTokens {
            try requireEqual(total, report.tokens.reduce(0, +), "the sum of the tokens as total")
        }
        try requireEqual(report.truncated, [], "no short text cut")
        return "\(rows.count) rows of \(rows[0].count)"
    }

    private func order() async throws -> String {
        let texts = try await inputs()
        let rows = try await embed(texts).rows
        let singles = try await singles(texts)
        for (index, row) in rows.enumerated() {
            for (other, single) in singles.enumerated() where other != index {
                try require(
                    distance(row, singles[index]) < distance(row, single),
                    "row \(index) nearer to the vector of its own text than to that of text \(other)",
                    seen: "\(distance(row, singles[index])) and \(distance(row, single))")
            }
        }
        return "\(rows.count) rows are nearest to their own texts"
    }

    private func batch() async throws -> String {
        let texts = try await inputs()
        let rows = try await embed(texts).rows
        let tolerance = try await tolerance()
        for (index, single) in try await singles(texts).enumerated() {
            try requireSame(rows[index], single, tolerance, "row \(index) of the batch as its text alone")
        }
        return "\(texts.count) rows, tolerance \(tolerance)"
    }

    private func permutation() async throws -> String {
        let texts = try await inputs()
        let order = Array(texts.indices.reversed())
        let rows = try await embed(texts).rows
        let permuted = try await embed(order.map { texts[$0] }).rows
        let tolerance = try await tolerance()
        for (place, index) in order.enumerated() {
            try requireSame(permuted[place], rows[index], tolerance, "row \(place) of the permutation as row \(index)")
        }
        return "reversed"
    }

    private func untouchedRows() async throws -> String {
        let texts = try await inputs()
        let info = try await embedder.info(context)
        var matrix = Matrix(rows: texts.count + 2, dims: info.dims)
        let mark = (0..<info.dims).map { Float($0 % 7) - 3 }
        for row in 0..<matrix.rows { matrix.setRow(row, mark) }
        _ = try await embedder.embed(EmbedRequest(texts), into: &matrix, context)
        for row in texts.count..<matrix.rows {
            try require(matrix.row(row) == mark, "row \(row), behind the last text, as it was", seen: "other numbers")
        }
        return "2 rows behind \(texts.count)"
    }

    private func tooFewRows() async throws -> String {
        let texts = try await inputs()
        let info = try await embedder.info(context)
        try await requireError(.invalidArgument, when: "\(texts.count) texts have \(texts.count - 1) rows") {
            var matrix = Matrix(rows: texts.count - 1, dims: info.dims)
            _ = try await embedder.embed(EmbedRequest(texts), into: &matrix, context)
        }
        return "refused"
    }

    // MARK: - Numbers

    private func normalization() async throws -> String {
        let texts = try await inputs()
        let info = try await embedder.info(context)
        for isAsked in info.isNormalized ? [true, false] : [true] {
            for (index, row) in try await embed(texts, normalize: isAsked).rows.enumerated() {
                let length = row.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
                try require(
                    abs(length - 1) < 1e-3 || length == 0,
                    "length 1 of row \(index), \(isAsked ? "as asked for" : "as claimed")", seen: "\(length)")
            }
        }
        return info.isNormalized ? "asked for and claimed" : "asked for"
    }

    private func determinism() async throws -> String {
        guard try await embedder.info(context).isDeterministic else { throw NotApplicable(reason: "it claims none") }
        let texts = try await inputs()
        let first = try await embed(texts).rows
        let second = try await embed(texts).rows
        for index in texts.indices {
            try requireSame(second[index], first[index], 0, "the bits of row \(index) again")
        }
        return "\(texts.count) rows twice"
    }

    private func dimensions() async throws -> String {
        let info = try await embedder.info(context)
        var offered = Set([info.dims] + info.allowedDims)
        if let range = info.dimsRange {
            offered.formUnion([range.lowerBound, range.upperBound, (range.lowerBound + range.upperBound) / 2])
        }
        for dims in offered.sorted() {
            let row = try await embed([settings.texts[0]], dims: dims).rows[0]
            try require(
                row.allSatisfy(\.isFinite), "a row of \(dims) finite numbers, as offered", seen: "\(excerpt(row))")
        }
        return "\(offered.sorted())"
    }

    private func dimensionMismatch() async throws -> String {
        let info = try await embedder.info(context)
        let most = ([info.dims, info.dimsRange?.upperBound ?? 0] + info.allowedDims).max() ?? info.dims
        let others = [1, info.dims - 1, info.dims + 1, most + 1].filter { $0 > 0 && !info.offers(dims: $0) }
        guard !others.isEmpty else {
            throw NotApplicable(reason: "it offers every number of dimensions that was tried")
        }
        for dims in others {
            try await requireError(.dimensionMismatch, when: "\(dims) dimensions are asked for, which are not offered")
            {
                _ = try await embed([settings.texts[0]], dims: dims)
            }
        }
        return "\(others) refused"
    }

    // MARK: - Texts

    private func emptyInput() async throws -> String {
        let (rows, report) = try await embed([])
        try require(rows.isEmpty && report.tokens.isEmpty && report.truncated.isEmpty, "nothing", seen: "\(report)")
        return "no rows"
    }

    private func emptyText() async throws -> String {
        let texts = ["", settings.texts[0], " \n"]
        let rows = try await chunks(texts)
        for (index, row) in rows.enumerated() {
            try require(
                row.allSatisfy(\.isFinite), "a finite row for text \(index), \"\(texts[index])\"", seen: excerpt(row))
        }
        try requireSame(
            rows[1], try await embed([settings.texts[0]]).rows[0], try await tolerance(),
            "the row of a text beside empty ones as alone")
        return "\(rows.count) rows"
    }

    private func longText() async throws -> String {
        let info = try await embedder.info(context)
        let count = settings.longTextWords ?? info.maxTokens.map { 2 * $0 + 16 } ?? 10_000
        // Different at both ends, so that cutting at the start and at the end are two things.
        let long = (0..<count).map { "word\($0)" }.joined(separator: " ")
        let (rows, report) = try await embed([long])
        try require(rows[0].allSatisfy(\.isFinite), "a finite row for \(count) words", seen: excerpt(rows[0]))
        if info.maxTokens == nil {
            try requireEqual(report.truncated, [], "nothing cut by an embedder without maxTokens")
            return "\(count) words, uncut"
        }
        if let tokens = report.tokens.first, let most = info.maxTokens {
            try require(
                tokens <= most || !report.truncated.isEmpty,
                "at most \(most) tokens, or a text that is reported as cut",
                seen: "\(tokens) tokens, cut: \(report.truncated)")
        }
        try require(
            report.truncated == [0], "row 0 reported as cut: \(count) words for at most \(info.maxTokens ?? 0) tokens",
            seen: "\(report.truncated)")
        try await requireError(.contextOverflow, when: "a text would be cut and must not be") {
            _ = try await embed([long], truncation: .error)
        }
        let start = try await embed([long], truncation: .start)
        try requireEqual(start.report.truncated, [0], "row 0 reported as cut at its start")
        try require(
            start.rows[0] != rows[0], "another row for a text cut at its start than at its end", seen: "the same")
        return "\(count) words, cut and reported"
    }

    private func unicode() async throws -> String {
        let texts = [
            "Grüße aus Köln", "e\u{301}te\u{301}", "日本語のテキスト", "שלום עולם", "\u{1F469}\u{200D}\u{1F680} rocket",
            "a\u{0}b", "\u{FEFF}mark", "\u{FFFD}\u{FFFF}", "line\nline\r\n\ttab", "🇩🇪🇫🇷",
        ]
        for (index, row) in try await chunks(texts).enumerated() {
            try require(
                row.allSatisfy(\.isFinite), "a finite row for \(texts[index].debugDescription)", seen: excerpt(row))
        }
        return "\(texts.count) texts"
    }

    private func tasks() async throws -> String {
        let info = try await embedder.info(context)
        let text = settings.texts[0]
        let plain = try await embed([text]).rows[0]
        let tolerance = try await tolerance()
        for task in EmbedTask.allCases {
            let row = try await embed([text], task: task).rows[0]
            try require(row.allSatisfy(\.isFinite), "a finite row for the task \(task)", seen: excerpt(row))
            guard task != .unspecified, !info.tasks.contains(task) else { continue }
            try requireSame(row, plain, tolerance, "no difference by the task \(task), which is not listed")
        }
        return "make a difference: \(info.tasks.map(\.rawValue).sorted())"
    }

    // MARK: - Calls

    private func concurrency() async throws -> String {
        let texts = settings.texts
        let expected = try await singles(texts)
        let tolerance = try await tolerance()
        let calls = 32
        try await concurrently(calls) { call in
            let index = call % texts.count
            let row = try await embed([texts[index]]).rows[0]
            try requireSame(row, expected[index], tolerance, "call \(call) of \(calls) at a time as alone")
        }
        return "\(calls) calls"
    }

    private func cancellation() async throws -> String {
        let texts = try await inputs()
        let seen = try await inCancelledTask { _ = try await embed(texts) }
        try require(try await embed(texts).rows.count == texts.count, "rows after a cancelled call", seen: "others")
        return seen
    }

    // MARK: - Means

    /// As many of the texts as one call takes.
    private func inputs() async throws -> [String] {
        Array(settings.texts.prefix(try await embedder.info(context).maxBatch ?? settings.texts.count))
    }

    private func tolerance() async throws -> Float {
        try await embedder.info(context).isDeterministic ? 0 : settings.tolerance
    }

    /// Rows that nobody wrote are no numbers.
    private func embed(
        _ texts: [String], dims: Int? = nil, task: EmbedTask = .unspecified, normalize: Bool = true,
        truncation: EmbedRequest.Truncation = .end
    ) async throws -> (rows: [[Float]], report: EmbedReport) {
        let columns: Int
        if let dims { columns = dims } else { columns = try await embedder.info(context).dims }
        var matrix = Matrix(rows: texts.count, dims: columns)
        for row in texts.indices { matrix.setRow(row, [Float](repeating: .nan, count: columns)) }
        let request = EmbedRequest(texts, task: task, normalize: normalize, truncation: truncation)
        let report = try await embedder.embed(request, into: &matrix, context)
        return ((0..<matrix.rows).map { matrix.row($0) }, report)
    }

    private func singles(_ texts: [String]) async throws -> [[Float]] {
        var rows: [[Float]] = []
        for text in texts { rows.append(try await embed([text]).rows[0]) }
        return rows
    }

    /// In calls as large as the embedder takes.
    private func chunks(_ texts: [String]) async throws -> [[Float]] {
        let size = try await embedder.info(context).maxBatch ?? texts.count
        var rows: [[Float]] = []
        for start in stride(from: 0, to: texts.count, by: size) {
            rows += try await embed(Array(texts[start..<min(texts.count, start + size)])).rows
        }
        return rows
    }

    private func distance(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
    }

    /// - Parameter tolerance: 0 = the same bits.
    private func requireSame(_ row: [Float], _ expected: [Float], _ tolerance: Float, _ what: String) throws {
        for index in expected.indices {
            let isSame =
                tolerance == 0
                ? row[index].bitPattern == expected[index].bitPattern : abs(row[index] - expected[index]) <= tolerance
            try require(isSame, "\(what) (element \(index)): \(expected[index])", seen: "\(row[index])")
        }
    }
}
