public import PluginABI
internal import PluginBridge
public import PluginCore

/// What is to be embedded, where the host keeps it: nothing is copied before it is asked for. Lives as long as the call.
@safe
public struct EmbedInputs: ~Copyable {
    public enum Kind: Sendable { case texts, tokens, media }

    @usableFromInline let input: UnsafePointer<kw_embed_in>
    /// Rows to fill.
    public let count: Int
    public let kind: Kind

    /// - Throws: `invalidArgument` or `unsupported` if the host passed what cannot be read.
    @inline(__always)
    init(_ input: UnsafePointer<kw_embed_in>) throws(PluginError) {
        let (texts, tokens, media) = unsafe (
            input.pointee.texts.count, input.pointee.token_lists.count, input.pointee.media.count
        )
        if tokens | media == 0 {
            guard
                texts == 0
                    || (unsafe input.pointee.texts.ptr != nil
                        && input.pointee.texts.stride >= MemoryLayout<kw_str>.size)
            else { throw Self.fault("was given texts without memory or with a stride that no text fits") }
            for index in 0..<Int(texts) {
                let text = unsafe (input.pointee.texts.ptr + index &* Int(input.pointee.texts.stride))
                    .loadUnaligned(as: kw_str.self)
                guard unsafe text.ptr != nil || text.len == 0 else {
                    throw Self.fault("was given texts[\(index)] with a length and no text")
                }
            }
        } else {
            guard texts == 0, tokens == 0 || media == 0 else {
                throw Self.fault("was given several kinds of input at once")
            }
        }
        unsafe self.input = input
        count = Int(texts | tokens | media)
        kind = tokens > 0 ? .tokens : media > 0 ? .media : .texts
    }

    @inline(never)
    static func fault(_ reason: String) -> PluginError {
        PluginError(
            .invalidArgument, "embedder.embed \(reason)", remedy: "Correct the input", operation: "embedder.embed")
    }

    /// Elements of a row; check that they are offered.
    public var dims: Int { unsafe Int(input.pointee.dims) }

    /// nil: a task that this SDK does not know; treat it as `unspecified` or refuse it.
    public var task: EmbedTask? { unsafe EmbedTask(number: input.pointee.task) }

    /// nil: a way that this SDK does not know.
    public var truncation: EmbedRequest.Truncation? { unsafe EmbedRequest.Truncation(number: input.pointee.truncate) }

    /// Rows of Euclidean length 1 are wanted.
    public var normalizes: Bool { unsafe input.pointee.flags & UInt32(KW_EMBED_NORMALIZE) != 0 }
    /// ``EmbedReport/sparse`` is wanted, too.
    public var wantsSparse: Bool { unsafe input.pointee.flags & UInt32(KW_EMBED_WANT_SPARSE) != 0 }
    /// ``EmbedReport/tokenVectors`` are wanted, too.
    public var wantsTokenVectors: Bool { unsafe input.pointee.flags & UInt32(KW_EMBED_WANT_TOKEN_LEVEL) != 0 }

    /// - Throws: `invalidArgument` if it is not UTF-8.
    public func instruction() throws(PluginError) -> String? {
        try unsafe reader.optionalText(input.pointee.instruction, "an instruction")
    }

    /// Lends the bytes of one text. They should be UTF-8, but nobody has checked; ``text(_:)`` does.
    /// - Precondition: `index` is below ``count``, and ``kind`` is `texts`.
    @inlinable @inline(__always)
    public func withUTF8<Result, Failure: Error>(
        _ index: Int, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let text = unsafe textAddress(index).loadUnaligned(as: kw_str.self)
        let start = unsafe UnsafeRawPointer(text.ptr)?.assumingMemoryBound(to: UInt8.self)
        let bytes = unsafe UnsafeBufferPointer(start: start, count: Int(clamping: text.len))
        return try unsafe body(bytes.span)
    }

    /// A copy of one text.
    /// - Precondition: as ``withUTF8(_:_:)``.
    /// - Throws: `invalidArgument` if it is not UTF-8.
    public func text(_ index: Int) throws(PluginError) -> String {
        try unsafe reader.text(textAddress(index).loadUnaligned(as: kw_str.self), "texts[\(index)]")
    }

    /// All texts, copied.
    /// - Throws: `invalidArgument` if one is not UTF-8; `unsupported` if the inputs are no texts.
    public func texts() throws(PluginError) -> [String] {
        guard kind == .texts else {
            throw PluginError(.unsupported, "this embedder takes texts", remedy: "Give it texts")
        }
        var list: [String] = []
        list.reserveCapacity(count)
        for index in 0..<count { list.append(try text(index)) }
        return list
    }

    /// The inputs, if they are tokens of the embedder's own tokenizer.
    public func tokens() throws(PluginError) -> [[UInt32]] {
        try unsafe reader.elements(input.pointee.token_lists, of: kw_token_list.self, "token lists") {
            list throws(PluginError) in try unsafe reader.values(list.ids, of: UInt32.self, "tokens")
        }
    }

    /// The inputs, if they are media.
    public func media() throws(PluginError) -> [Media] {
        try unsafe reader.elements(input.pointee.media, of: kw_part.self, "media") { part throws(PluginError) in
            guard case .media(let media) = try unsafe Part(part, reader) else {
                throw Self.fault("was given a part as a medium that is none")
            }
            return media
        }
    }

    private var reader: ABIReader { ABIReader(plugin: "", operation: "embedder.embed", side: .input) }

    @inlinable @inline(__always)
    func textAddress(_ index: Int) -> UnsafeRawPointer {
        let texts = unsafe input.pointee.texts
        unsafe precondition(index >= 0 && index < Int(texts.count), "there is no text of this index")
        return unsafe texts.ptr + index * Int(texts.stride)
    }
}
