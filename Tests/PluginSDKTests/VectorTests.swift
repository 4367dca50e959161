import PluginBridge
import PluginSDK
import Testing

@Suite struct VectorTests {
    private let host: TestHost
    private let table: kw_vector_backend

    init() throws {
        host = try TestHost(Everything.self)
        table = try host.table(KW_VECTOR_BACKEND_ID, kw_vector_backend.self)
    }

    @Test func `A backend says everything about itself and its repositories`() throws {
        let info = unsafe try host.ask(table.info, reply: kw_vector_info.self) { reply, reader throws(PluginError) in
            unsafe #expect(reply.elements == 1 << UInt32(KW_ELEMENT_F32))
            return unsafe try VectorBackendInfo(reply, reader)
        }
        #expect(info == Values.backend)
        let repositories = unsafe try host.ask(table.repos, reply: kw_repos_out.self) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.repos, of: kw_repo_info.self, "repos") { info throws(PluginError) in
                unsafe try RepositoryInfo(info, reader)
            }
        }
        #expect(repositories == [Values.repository])
    }

    @Test func `A specification arrives with every field`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe writer.specification(Values.specification, dims: 4)
        let info = unsafe try host.call(table.ensure, input, reply: kw_repo_info.self, on: nil) {
            reply, reader throws(PluginError) in unsafe try RepositoryInfo(reply, reader)
        }
        #expect(info == Values.repository)
        #expect(host.recorder.input() == Values.specification)
    }

    private static let rows: [Float] = [1, 2, 0, 3, 4, 0, 5, 6, 0]

    /// Three items of two elements each, a row every three elements.
    private func upsert(_ change: (inout kw_upsert_in, inout ABIWriter) -> Void = { _, _ in }) throws -> VectorCommit {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var input = unsafe zeroed(kw_upsert_in.self)
        unsafe input.h = unsafe .of(kw_upsert_in.self)
        unsafe input.repo = unsafe writer.string("bücher")
        unsafe input.ids = unsafe writer.strings(["a", "b", "c"])
        unsafe input.rows = unsafe writer.floats(Self.rows)
        unsafe input.rows_size = 32
        unsafe input.row_stride = 12
        unsafe input.dims = 2
        unsafe input.element = UInt32(KW_ELEMENT_F32)
        unsafe input.texts = unsafe writer.strings(["A", "", "C"])
        unsafe input.metadata_json = unsafe writer.strings([#"{"n":1}"#, "", #"{"n":3}"#])
        unsafe input.embedder_id = unsafe writer.string("space")
        unsafe input.expires_unix_ns = unsafe writer.span([Int64(0), 5, 6])
        let vectors = (0..<3).map { SparseVector(indices: [1, UInt32($0) + 2], values: [0.5, 1]) }
        unsafe input.fields = unsafe writer.span([
            kw_field_rows(
                h: .of(kw_field_rows.self), name: writer.string("words"), rows: nil, rows_size: 0, row_stride: 0,
                dims: 0,
                element: 0, sparse: writer.sparse(vectors))
        ])
        unsafe change(&input, &writer)
        return unsafe try host.call(table.upsert, input, reply: kw_count_out.self, on: nil) { reply, _ in
            VectorCommit(reply)
        }
    }

    @Test func `A batch arrives with every field`() throws {
        unsafe #expect(try upsert() == VectorCommit(count: 3, version: 77))
        #expect(
            host.recorder.input()
                == SeenBatch(
                    repository: "bücher", ids: ["a", "b", "c"], rows: [[1, 2], [3, 4], [5, 6]], texts: ["A", "", "C"],
                    metadata: [["n": 1], .null, ["n": 3]], embedderID: "space", expires: [nil, 5, 6],
                    sparse: [
                        "words": (0..<3).map { SparseVector(indices: [1, UInt32($0) + 2], values: [0.5, 1]) }
                    ]))
    }

    private static let misuses: [(String, PluginError.Code, @Sendable (inout kw_upsert_in, inout ABIWriter) -> Void)] =
        unsafe [
            ("rows", .invalidArgument, { input, _ in unsafe input.rows = nil }),
            ("too few bytes", .invalidArgument, { input, _ in unsafe input.rows_size = 31 }),
            ("stride", .invalidArgument, { input, _ in unsafe input.row_stride = 4 }),
            ("overflow", .invalidArgument, { input, _ in unsafe input.row_stride = .max / 2 + 1 }),
            ("element", .unsupported, { input, _ in unsafe input.element = UInt32(KW_ELEMENT_F16) }),
            ("texts", .invalidArgument, { input, writer in unsafe input.texts = unsafe writer.strings(["one"]) }),
            (
                "metadata", .invalidArgument,
                { input, writer in unsafe input.metadata_json = unsafe writer.strings(["{", "", ""]) }
            ),
            (
                "expiry", .invalidArgument,
                { input, writer in unsafe input.expires_unix_ns = unsafe writer.span([Int64(1)]) }
            ),
            (
                "no number", .invalidArgument,
                { input, writer in unsafe input.rows = unsafe writer.floats([1, .nan, 0, 1, 1, 0, 1, 1]) }
            ),
            ("repository", .invalidArgument, { input, writer in unsafe input.repo = unsafe kw_str() }),
            (
                "dense field", .unsupported,
                { input, writer in
                    unsafe input.fields = unsafe writer.span([
                        kw_field_rows(
                            h: .of(kw_field_rows.self), name: writer.string("image"), rows: input.rows, rows_size: 8,
                            row_stride: 4, dims: 1, element: 1, sparse: kw_span())
                    ])
                }
            ),
        ]

    @Test(arguments: 0..<11) func `A batch that does not fit together is refused`(misuse: Int) throws {
        let (name, code, change) = unsafe Self.misuses[misuse]
        let error = thrown { unsafe try upsert(change) }
        #expect(error?.code == code, "\(name): \(error?.what ?? "")")
        #expect(host.recorder.input(SeenBatch.self) == nil, "\(name)")
    }

    private func query(_ query: VectorQuery) throws -> [QueryResult] {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_query_in(
            h: .of(kw_query_in.self), repo: writer.string("bücher"), queries: writer.span([writer.query(query)]))
        return unsafe try host.call(table.query, input, reply: kw_query_out.self, on: nil) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.results, of: kw_query_result.self, "results") {
                result throws(PluginError) in
                unsafe try QueryResult(result, reader)
            }
        }
    }

    @Test func `A query arrives with every field, and results return with every field`() throws {
        #expect(try query(Values.query) == [Values.queryResult])
        let seen = try #require(host.recorder.input([VectorQuery].self)?.first)
        let wanted = Values.query
        #expect(seen.filter == wanted.filter.joinedByTwos)
        #expect(seen.vector == wanted.vector)
        #expect((seen.topK, seen.offset, seen.minimumScore) == (wanted.topK, wanted.offset, wanted.minimumScore))
        #expect(seen.include == wanted.include && seen.exactness == wanted.exactness)
        #expect((seen.embedderID, seen.field, seen.text) == (wanted.embedderID, wanted.field, wanted.text))
        #expect(seen.sparse == wanted.sparse)
        #expect(seen.like == wanted.like && seen.unlike == wanted.unlike)
        #expect(seen.fusion == wanted.fusion && seen.diversity == wanted.diversity)
        #expect(seen.grouping == wanted.grouping && seen.consistency == wanted.consistency)
    }

    @Test(arguments: [
        VectorQuery.Exactness.any, .exact, .effort(9), .minimumRecall(0.5),
    ])
    func `Every exactness arrives`(exactness: VectorQuery.Exactness) throws {
        var query = VectorQuery([1], topK: 1)
        query.exactness = exactness
        query.fusion = exactness == .exact ? .server : .reciprocalRank
        _ = try self.query(query)
        let seen = try #require(host.recorder.input([VectorQuery].self)?.first)
        #expect(seen.exactness == exactness)
        #expect(seen.fusion == query.fusion)
        #expect(seen.filter == .all)
    }

    private static let nameless: [@Sendable (inout kw_query) -> Void] = unsafe [
        { unsafe $0.include |= 1 << 9 }, { unsafe $0.set |= 1 << 9 }, { unsafe $0.exactness = 99 },
        { unsafe $0.fusion = 99 }, { unsafe $0.element = UInt32(KW_ELEMENT_I8) },
    ]

    @Test(arguments: 0..<5) func `A wish of a query that has no name here is refused`(wish: Int) throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var query = unsafe writer.query(VectorQuery([1], topK: 1))
        unsafe Self.nameless[wish](&query)
        let input = unsafe kw_query_in(
            h: .of(kw_query_in.self), repo: writer.string("r"), queries: writer.span([query]))
        let error = thrown { unsafe try host.call(table.query, input, reply: kw_query_out.self, on: nil) { _, _ in } }
        #expect(error?.code == .unsupported, "\(error?.what ?? "")")
        #expect(host.recorder.input([VectorQuery].self) == nil)
    }

    @Test func `Items are removed and counted by filter`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_filter_in(
            h: .of(kw_filter_in.self), repo: writer.string("r"), filter: writer.program(.ids(["x"])))
        let removed = unsafe try host.call(table.remove, input, reply: kw_count_out.self, on: nil) { reply, _ in
            VectorCommit(reply)
        }
        #expect(removed == VectorCommit(count: 5))
        #expect(host.recorder.input() == SeenUpdate(repository: "r", filter: .ids(["x"])))
        let count = unsafe try host.call(table.count, input, reply: kw_count_out.self, on: nil) { reply, _ in
            reply.count
        }
        #expect(count == 6)
    }

    @Test func `Metadata is changed by filter`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        var input = unsafe kw_update_in(
            h: .of(kw_update_in.self), repo: writer.string("r"), filter: writer.program(.exists("a")),
            set_json: writer.string(#"{"a":null,"b":2}"#))
        let commit = unsafe try host.call(table.update, input, reply: kw_count_out.self, on: nil) { reply, _ in
            VectorCommit(reply)
        }
        #expect(commit == VectorCommit(count: 8, version: 88))
        #expect(
            host.recorder.input()
                == SeenUpdate(repository: "r", filter: .exists("a"), members: ["a": .null, "b": 2]))
        unsafe input.set_json = unsafe writer.string("[1]")
        let error = thrown {
            unsafe try host.call(table.update, input, reply: kw_count_out.self, on: nil) { _, _ in }
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func `Items come back by id, and what is missing is marked`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_get_in(
            h: .of(kw_get_in.self), repo: writer.string("r"), ids: writer.strings(["a", "missing"]), include: 5,
            reserved: 0)
        let items = unsafe try host.call(table.get, input, reply: kw_items_out.self, on: nil) {
            reply, reader throws(PluginError) in
            unsafe try reader.elements(reply.items, of: kw_item.self, "items") { item throws(PluginError) in
                unsafe (try reader.text(item.id, "id"), try VectorItem.read(item, reader))
            }
        }
        #expect(items.map(\.0) == ["a", "missing"])
        #expect(items.map(\.1) == [Values.item("a"), nil])
        #expect(
            host.recorder.input() == SeenScan(repository: "r", filter: .ids(["a", "missing"]), include: 5))
    }

    private func scan(limit: UInt64, on call: TestCall) throws -> (count: UInt64, next: String?) {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_scan_in(
            h: .of(kw_scan_in.self), repo: writer.string("r"), filter: writer.program(.isNull("a")),
            after: writer.string("z"), limit: limit, include: 7, reserved: 0)
        return unsafe try host.call(table.scan, input, reply: kw_scan_out.self, on: call) {
            reply, reader throws(PluginError) in
            unsafe (reply.count, try reader.optionalText(reply.next, "next"))
        }
    }

    @Test func `A scan leaves in batches and loses nothing`() throws {
        let events = EventLog()
        unsafe #expect(try scan(limit: 0, on: TestCall(onEvent: events.take)) == (600, nil))
        #expect(events.lines.count == 3)
        #expect(events.items == (0..<600).map { Values.item("item-\($0)") })
        #expect(
            host.recorder.input()
                == SeenScan(repository: "r", filter: .isNull("a"), after: "z", limit: nil, include: 7))
        let few = EventLog()
        unsafe #expect(try scan(limit: 2, on: TestCall(onEvent: few.take)) == (2, "item-1"))
        #expect(few.items.count == 2)
    }

    @Test func `A scan that nobody reads any more ends`() throws {
        let call = unsafe TestCall()
        var batches = 0
        unsafe call.onEvent = { _ in
            batches += 1
            call.cancel()
            return KW_OK
        }
        let error = thrown { try scan(limit: 100_000, on: call) }
        #expect(error?.code == .cancelled)
        #expect(batches == 1)
    }

    @Test func `Repositories are dropped, flushed, saved and restored`() throws {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let name = unsafe writer.string("r")
        unsafe try host.call(
            table.wipe, kw_repo_in(h: .of(kw_repo_in.self), repo: name), reply: kw_none.self, on: nil
        ) { _, _ in }
        #expect(host.recorder.input() == "wipe r")
        let flush = unsafe kw_flush_in(h: .of(kw_flush_in.self), repo: name, flags: UInt64(KW_FLUSH_COMPACT))
        unsafe try host.call(table.flush, flush, reply: kw_none.self, on: nil) { _, _ in }
        #expect(host.recorder.input() == "flush r true")
        let wish = unsafe kw_flush_in(h: .of(kw_flush_in.self), repo: name, flags: 1 << 40)
        let error = thrown { unsafe try host.call(table.flush, wish, reply: kw_none.self, on: nil) { _, _ in } }
        #expect(error?.code == .unsupported)
        var snapshot = unsafe kw_snapshot_in(
            h: .of(kw_snapshot_in.self), repo: name, path: writer.string("/p"), flags: 0)
        unsafe try host.call(table.snapshot, snapshot, reply: kw_none.self, on: nil) { _, _ in }
        #expect(host.recorder.input() == "snapshot r /p")
        unsafe snapshot.flags = UInt64(KW_RESTORE_REPLACE)
        let info = unsafe try host.call(table.restore, snapshot, reply: kw_repo_info.self, on: nil) {
            reply, reader throws(PluginError) in unsafe try RepositoryInfo(reply, reader)
        }
        #expect(host.recorder.input() == "restore r /p true")
        #expect(info == Values.repository)
    }
}

extension Filter {
    /// As it comes out of a program, which joins two by two.
    fileprivate var joinedByTwos: Filter {
        switch self {
        case .and(let parts): parts.dropFirst().reduce(parts[0].joinedByTwos) { .and([$0, $1.joinedByTwos]) }
        case .or(let parts): parts.dropFirst().reduce(parts[0].joinedByTwos) { .or([$0, $1.joinedByTwos]) }
        case .not(let part): .not(part.joinedByTwos)
        default: self
        }
    }
}
