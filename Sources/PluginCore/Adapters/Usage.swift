/// Tokens. nil is "not known", which is not zero.
public struct Usage: Sendable, Hashable {
    public var input: Int?
    public var output: Int?
    public var total: Int?
    /// Of the input.
    public var cacheRead: Int?
    public var cacheWrite: Int?
    /// Of the output.
    public var reasoning: Int?
    public var audioInput: Int?
    public var audioOutput: Int?
    /// Of the input: the description of the tools.
    public var toolPrompt: Int?
    /// US dollars.
    public var cost: Double?
    public var isEstimated: Bool
    /// As the service said it, or null.
    public var raw: JSON

    public init(
        input: Int? = nil, output: Int? = nil, total: Int? = nil, cacheRead: Int? = nil, cacheWrite: Int? = nil,
        reasoning: Int? = nil, isEstimated: Bool = false
    ) {
        self.input = input
        self.output = output
        self.total = total
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
        self.reasoning = reasoning
        self.isEstimated = isEstimated
        raw = .null
    }
}

extension Usage {
    /// The usage of two calls together. What one of them does not know is not known of the sum, unless the other is the
    /// usage of nothing at all.
    public static func + (left: Usage, right: Usage) -> Usage {
        if left == Usage() { return right }
        if right == Usage() { return left }
        func sum(_ path: KeyPath<Usage, Int?>) -> Int? {
            guard let a = left[keyPath: path], let b = right[keyPath: path] else { return nil }
            let (total, overflow) = a.addingReportingOverflow(b)
            return overflow ? .max : total
        }
        var usage = Usage(
            input: sum(\.input), output: sum(\.output), total: sum(\.total), cacheRead: sum(\.cacheRead),
            cacheWrite: sum(\.cacheWrite), reasoning: sum(\.reasoning),
            isEstimated: left.isEstimated || right.isEstimated)
        usage.audioInput = sum(\.audioInput)
        usage.audioOutput = sum(\.audioOutput)
        usage.toolPrompt = sum(\.toolPrompt)
        if let a = left.cost, let b = right.cost { usage.cost = a + b }
        return usage
    }

    public static func += (left: inout Usage, right: Usage) { left = left + right }

    /// Fills ``total`` and ``cost`` where they follow from the rest: the sum of input and output, and the model's prices.
    public func completed(with prices: Model.Prices?) -> Usage {
        var usage = self
        if usage.total == nil, let input, let output {
            usage.total = input.addingReportingOverflow(output).partialValue
        }
        guard usage.cost == nil, let prices, let input, let output, let inputPrice = prices.input,
            let outputPrice = prices.output
        else { return usage }
        let read = min(cacheRead ?? 0, input)
        let written = min(cacheWrite ?? 0, input - read)
        let plain = Double(input - read - written) * inputPrice
        let cached =
            Double(read) * (prices.cacheRead ?? inputPrice) + Double(written) * (prices.cacheWrite ?? inputPrice)
        usage.cost = (plain + cached + Double(output) * outputPrice) / 1e6
        return usage
    }
}

/// Something that was not done as asked.
public struct Warning: Sendable, Hashable {
    public var feature: String
    public var message: String

    public init(feature: String, message: String) {
        self.feature = feature
        self.message = message
    }
}

/// How much a service still lets its caller do.
public struct RateLimit: Sendable, Hashable {
    /// "requests", "tokens"
    public var name: String
    public var limit: Int?
    public var remaining: Int?
    /// Until it is whole again.
    public var reset: Duration?

    public init(name: String, limit: Int? = nil, remaining: Int? = nil, reset: Duration? = nil) {
        self.name = name
        self.limit = limit
        self.remaining = remaining
        self.reset = reset
    }
}

/// How likely a token was.
public struct TokenLogprob: Sendable, Hashable {
    /// The token's bytes, which need not be whole characters.
    public var token: [UInt8]
    /// Natural logarithm, at most 0.
    public var logprob: Double
    /// What else it might have been, likeliest first; without alternatives of their own.
    public var others: [TokenLogprob]

    public init(token: [UInt8], logprob: Double, others: [TokenLogprob] = []) {
        self.token = token
        self.logprob = logprob
        self.others = others
    }
}
