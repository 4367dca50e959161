import PluginBridge
import PluginSDK
import Synchronization
import Testing

@Suite struct EmbedderTests {
    private let host: TestHost
    private let table: kw_embedder

    init() throws {
        host = try TestHost(Everything.self)
        table = try host.table(KW_EMBEDDER_ID, kw_embedder.self)
    }

    /// Embeds into a matrix of 4 columns with a stride of 24 bytes; what is between the rows must not change.
    private func embed(
        _ request: EmbedRequest, on call: TestCall? = nil, change: (inout kw_embed_in) -> Void = { _ in }
    ) throws -> (rows: [[Float]], report: EmbedReport) {
        var memory = [Float](repeating: -1, count: 6 * max(1, request.input.count))
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let report = unsafe try memory.withUnsafeMutableBytes { memory in
            var input = unsafe zeroed(kw_embed_in.self)
            unsafe input.h = unsafe .of(kw_embed_in.self)
            unsafe writer.write(request, into: &input)
            unsafe input.rows = memory.baseAddress
            unsafe input.capacity = UInt64(memory.count)
            unsafe input.row_stride = 24
            unsafe input.dims = 4
            unsafe input.element = UInt32(KW_ELEMENT_F32)
            unsafe input.task = request.task.number
            unsafe input.truncate = request.truncation.number
            if request.normalize { unsafe input.flags |= UInt32(KW_EMBED_NORMALIZE) }
            unsafe change(&input)
            return unsafe try host.call(table.embed, input, reply: kw_embed_out.self, on: call) {
                reply, reader throws(PluginError) in
                unsafe #expect(reply.rows_written == UInt32(request.input.count))
                guard request.input.count > 0 else { return EmbedReport() }
                return unsafe try EmbedReport(reply, rows: request.input.count, of: request, reader)
            }
        }
        for (index, value) in memory.enumerated() where index % 6 >= 4 { #expect(value == -1) }
        let rows = (0..<request.input.count).map { Array(memory[($0 * 6)..<($0 * 6 + 4)]) }
        return (rows, report)
    }

    @Test func `An embedder says everything about itself`() throws {
        let info = unsafe try host.ask(table.info, reply: kw_embedder_info.self) { reply, reader throws(PluginError) in
            unsafe #expect(reply.elements == 1 << UInt32(KW_ELEMENT_F32))
            return unsafe try EmbedderInfo(reply, reader)
        }
        #expect(info == Values.embedder)
    }

    @Test func `Texts arrive, rows are written where the host wants them`() throws {
        let request = EmbedRequest(
            ["", "ä", "drei"], task: .code, normalize: false, truncation: .error, instruction: "as code")
        let (rows, report) = unsafe try embed(request)
        #expect(rows == [[0, 1, 2, 3], [1020, 1021, 1022, 1023], [2040, 2041, 2042, 2043]])
        #expect(report == EmbedReport())
        #expect(
            host.recorder.input()
                == SeenEmbedding(
                    texts: ["", "ä", "drei"], task: .code, truncation: .error, instruction: "as code", dims: 4))
    }

    @Test func `A report comes back with every field`() throws {
        var request = EmbedRequest(["a", "b", "c"])
        request.wantsSparse = true
        request.wantsTokenVectors = true
        let (_, report) = unsafe try embed(request)
        #expect(report == Values.embedReport(rows: 3))
    }

    @Test func `Tokens and media arrive, too`() throws {
        _ = unsafe try embed(EmbedRequest(.tokens([[1, 2], [], [.max]])))
        #expect(host.recorder.input(SeenEmbedding.self)?.tokens == [[1, 2], [], [.max]])
        let media = [Media(.bytes([1]), mediaType: "image/png", name: "a"), Media(.url("x:y"), mediaType: "audio/wav")]
        _ = unsafe try embed(EmbedRequest(.media(media)))
        #expect(host.recorder.input(SeenEmbedding.self)?.media == media)
    }

    @Test func `No inputs are no work`() throws {
        unsafe #expect(try embed(EmbedRequest([])).rows.isEmpty)
    }

    @Test func `Tokens are counted`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_count_tokens_in(
            h: .of(kw_count_tokens_in.self), texts: writer.strings(["", "ä", "abc"]))
        let counts = unsafe try host.call(table.count_tokens, input, reply: kw_count_tokens_out.self, on: nil) {
            reply, reader throws(PluginError) in
            unsafe #expect(reply.flags == UInt64(KW_USAGE_ESTIMATED))
            return unsafe try reader.values(reply.tokens, of: UInt32.self, "tokens")
        }
        #expect(counts == [0, 2, 3])
    }

    private static let misuses: [(String, code: PluginError.Code, @Sendable (inout kw_embed_in) -> Void)] = unsafe [
        ("rows", .invalidArgument, { unsafe $0.rows = nil }),
        ("too small", .invalidArgument, { unsafe $0.capacity = 39 }),
        ("huge stride", .invalidArgument, { unsafe $0.row_stride = .max / 2 }),
        ("overlapping", .invalidArgument, { unsafe $0.row_stride = 12 }),
        ("unaligned", .invalidArgument, { unsafe $0.row_stride = 18 }),
        ("no columns", .invalidArgument, { unsafe $0.dims = 0 }),
        ("bits", .unsupported, { unsafe $0.element = UInt32(KW_ELEMENT_BIT) }),
        ("new flag", .unsupported, { unsafe $0.flags = 1 << 20 }),
        ("no texts", .invalidArgument, { unsafe $0.texts.ptr = nil }),
        ("short stride", .invalidArgument, { unsafe $0.texts.stride = 8 }),
        ("two kinds", .invalidArgument, { unsafe $0.token_lists = unsafe $0.texts }),
    ]

    @Test(arguments: 0..<11) func `What the host must not pass is refused, and nothing is written`(misuse: Int) throws {
        let (name, code, change) = unsafe Self.misuses[misuse]
        let error = thrown { unsafe try embed(EmbedRequest(["a", "b"]), change: change) }
        #expect(error?.code == code, "\(name)")
        #expect(error?.what.hasPrefix("embedder.embed") == true, "\(name): \(error?.what ?? "")")
        #expect(host.recorder.input(SeenEmbedding.self) == nil, "\(name)")
    }

    @Test func `A length without a text is refused by its place, before the author sees anything`() throws {
        let texts = unsafe [kw_str(), kw_str(ptr: nil, len: 2)]
        let error = thrown {
            unsafe try texts.withUnsafeBytes { texts in
                unsafe try embed(EmbedRequest(["a", "b"])) { unsafe $0.texts.ptr = texts.baseAddress }
            }
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.what.contains("texts[1] with a length and no text") == true, "\(error?.what ?? "")")
        #expect(host.recorder.input(SeenEmbedding.self) == nil)
    }

    @Test func `Text that is not UTF-8 is refused by its place`() throws {
        let bytes: [UInt8] = [0xFF, 0xFE]
        let error = thrown {
            unsafe try bytes.withUnsafeBytes { bytes in
                let texts = unsafe [
                    kw_str(), kw_str(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: 2),
                ]
                return unsafe try texts.withUnsafeBytes { texts in
                    unsafe try embed(EmbedRequest(["a", "b"])) { unsafe $0.texts.ptr = texts.baseAddress }
                }
            }
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.what.contains("texts[1] that is not UTF-8") == true, "\(error?.what ?? "")")
    }

    @Test func `Operations of one instance run at the same time`() async throws {
        // Both have to be inside before either may leave.
        let gate = Gate(2)
        host.recorder.state.withLock { $0.act = { _ in gate.pass() } }
        async let short = onOwnThread { unsafe try self.embed(EmbedRequest(["a"])).rows }
        async let long = onOwnThread { unsafe try self.embed(EmbedRequest(["bc"])).rows }
        #expect(try await short + long == [[10, 11, 12, 13], [20, 21, 22, 23]])
    }
}
