import PluginCore

/// A small embedder that does everything right, or one thing wrong.
final class HashingEmbedder: Embedder {
    enum Fault: String, CaseIterable, Sendable {
        case none
        case noModel, infoChanges
        case rowUnwritten, tokensMiscounted
        case constant
        case batchShifted, batchDrifts
        case unnormalized
        case nondeterministic
        case dimensionRefused, dimensionIgnored
        case emptyInputRefused, emptyTextNaN
        case longTextSilent, longTextNotRefused, startIgnored
        case unicodeRefused
        case taskUnlisted
        case countsOff
        case writesBehind, writesTooFew
        case mixesCalls
        case failsWhenCancelled, hangsWhenCancelled
    }

    let id = "hashing-embedder"
    let version = SemanticVersion("1.0.0")!
    private let fault: Fault
    private let calls = Counter()

    init(_ fault: Fault = .none) { self.fault = fault }

    func health(_ context: CallContext) async throws(PluginError) -> Health { Health(.healthy) }
    func shutdown() async {}

    func info(_ context: CallContext) async throws(PluginError) -> EmbedderInfo {
        var info = EmbedderInfo(
            id: fault == .infoChanges ? "hashing/\(calls.next())" : "hashing/1",
            model: fault == .noModel ? "" : "hashing", dims: 32, allowedDims: [16], dimsRange: 48...64, maxTokens: 64,
            isDeterministic: true, isNormalized: true)
        info.tasks = [.query]
        return info
    }

    func countTokens(_ texts: [String], _ context: CallContext) async throws(PluginError) -> [Int] {
        texts.map { words($0).count + (fault == .countsOff ? 1 : 0) }
    }

    func embed(
        _ request: EmbedRequest, into matrix: inout Matrix, _ context: CallContext
    ) async throws(PluginError) -> EmbedReport {
        guard case .texts(let texts) = request.input else { throw PluginError(.unsupported, "texts only") }
        if Task.isCancelled {
            if fault == .hangsWhenCancelled { await never() }
            throw PluginError(fault == .failsWhenCancelled ? .internal : .cancelled, "the call was cancelled")
        }
        let info = try await info(context)
        let isOffered = info.offers(dims: matrix.dims) && !(fault == .dimensionRefused && matrix.dims == 64)
        guard isOffered || fault == .dimensionIgnored else {
            throw PluginError(.dimensionMismatch, "\(matrix.dims) dimensions are not offered")
        }
        guard matrix.rows >= texts.count || fault == .writesTooFew else {
            throw PluginError(.invalidArgument, "the matrix has too few rows")
        }
        guard !(fault == .emptyInputRefused && texts.isEmpty) else { throw PluginError(.invalidArgument, "no texts") }
        var report = EmbedReport()
        for (index, text) in texts.enumerated() where index < matrix.rows {
            guard !(fault == .unicodeRefused && text.unicodeScalars.contains { $0.value > 0xFFFF }) else {
                throw PluginError(.invalidArgument, "beyond the basic plane")
            }
            var words = words(text)
            report.tokens.append(words.count)
            if words.count > 64 {
                guard request.truncation != .error || fault == .longTextNotRefused else {
                    throw PluginError(.contextOverflow, "more than 64 words")
                }
                if fault != .longTextSilent { report.truncated.append(index) }
                words = request.truncation == .start && fault != .startIgnored ? words.suffix(64) : words.prefix(64)
            }
            let isShifted = fault == .batchShifted && texts.count > 1
            let row = isShifted ? (index + 1) % texts.count : index
            if fault == .rowUnwritten, texts.count > 1, index == texts.count - 1 { continue }
            var values = vector(words, request, dims: matrix.dims)
            if fault == .emptyTextNaN, words.isEmpty { values[0] = .nan }
            if fault == .batchDrifts { values[0] += Float(index) * 1e-4 }
            if fault == .nondeterministic { values[0] += Float(calls.next()) * 1e-7 }
            if fault == .mixesCalls, await calls.meetsAnother() { values[1] += 1 }
            matrix.setRow(row, values)
        }
        if fault == .writesBehind, matrix.rows > texts.count {
            matrix.setRow(texts.count, [Float](repeating: 0, count: matrix.dims))
        }
        report.totalTokens = report.tokens.reduce(fault == .tokensMiscounted ? 1 : 0, +)
        return report
    }

    private func words(_ text: String) -> ArraySlice<Substring> {
        text.split { $0.isWhitespace }[...]
    }

    private func vector(_ words: ArraySlice<Substring>, _ request: EmbedRequest, dims: Int) -> [Float] {
        var row = [Float](repeating: 0, count: dims)
        let isQuery = request.task == .query || fault == .taskUnlisted && request.task == .code
        for word in fault == .constant && !words.isEmpty ? ["same"] : words + (isQuery ? ["query"] : []) {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            row[Int(hash >> 8) % dims] += hash & 1 == 0 ? 1 : -1
        }
        let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        if length > 0, fault != .unnormalized { row = row.map { $0 / length } }
        return row
    }
}
