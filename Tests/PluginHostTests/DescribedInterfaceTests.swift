import Foundation
import PluginABI
import PluginHost
import Synchronization
import Testing

/// An interface of a third party, called by an adapter of this file: the same in process and in workers.
@Suite("Described interfaces", .timeLimit(.minutes(10))) struct DescribedInterfaceTests {
    // As the header of acme.parser/1 has them; see Tests/Fixtures/described.
    @unsafe
    struct Word: BitwiseCopyable {
        var h = kw_hdr()
        var text = unsafe kw_str()
        var process: UInt64 = 0
    }

    @unsafe
    struct Input: BitwiseCopyable {
        var h = kw_hdr(size: UInt32(MemoryLayout<UInt>.size * 9), flags: 0)
        var texts = unsafe kw_span()
        var limits = unsafe kw_span()
        var rows: UnsafeMutablePointer<Float>?
        var capacity: UInt64 = 0
        var stride: UInt64 = 0
        var dims: UInt32 = 0
        var element = UInt32(KW_ELEMENT_F32)
    }

    @unsafe
    struct Reply: BitwiseCopyable {
        var h = kw_hdr()
        var words = unsafe kw_span()
        var sum: Double = 0
        var page = unsafe kw_lease()
    }

    static let document = """
        {"id": "acme.parser/1", "tableSize": 32,
         "structs": [
           {"name": "acme_word", "size": 32, "fields": [{"name": "text", "offset": 8, "kind": "bytes"}]},
           {"name": "acme_parse_in", "size": 72, "fields": [
             {"name": "texts", "offset": 8, "kind": "texts"},
             {"name": "limits", "offset": 24, "kind": "numbers", "width": 8},
             {"name": "rows", "offset": 40, "kind": "local"}]},
           {"name": "acme_parse_out", "size": 64, "fields": [
             {"name": "words", "offset": 8, "kind": "structs", "of": "acme_word"},
             {"name": "page", "offset": 32, "kind": "lease"}]}],
         "operations": [
           {"name": "parse", "slot": 0, "input": "acme_parse_in", "reply": "acme_parse_out", "idempotent": true, "emits": true,
            "matrix": {"name": "rows", "rows": 40, "capacity": 48, "stride": 56, "dims": 64, "element": 68, "spans": [8]}},
           {"name": "crash", "slot": 1}, {"name": "missing", "slot": 2}]}
        """

    static func description() throws -> InterfaceDescription {
        try InterfaceDescription(JSON(parsing: document, what: "the description"))
    }

    static func build(in folder: Sample.Folder) throws -> String {
        let path = "\(folder.path)/acme-parser.so"
        try ProbePlugin.compile([
            "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared",
            "-fvisibility=hidden", "-I\(ProbePlugin.repository)/PluginABI/include", "-o", path,
            "\(ProbePlugin.repository)/Tests/Fixtures/described/parser.c",
            "-Wl,--version-script=\(ProbePlugin.repository)/PluginABI/plugin.map", "-Wl,-z,relro,-z,now",
        ])
        return path
    }

    // MARK: - The adapter

    struct Parsed: Equatable {
        var words: [String] = []
        var rows: [Float] = []
        var sum = 0.0
        var page: [UInt8] = []
        var events: [String] = []
        var process: UInt64 = 0
    }

    /// It does not know where the plugin runs.
    static func parse(_ text: String, _ plugin: NativePlugin) throws(PluginError) -> Parsed {
        let events = Mutex<[String]>([])
        let dims = 3
        var parsed = Parsed(rows: Array(repeating: -1, count: 2 * dims))
        let limits = [0.5, 41.5]
        var utf8 = Array(text.utf8)
        let failure = unsafe utf8.withUnsafeMutableBytes { bytes -> PluginError? in
            let first = unsafe kw_str(
                ptr: bytes.baseAddress!.assumingMemoryBound(to: CChar.self), len: UInt64(bytes.count))
            let texts = unsafe [first, kw_str()]
            return unsafe texts.withUnsafeBytes { texts in
                unsafe limits.withUnsafeBytes { limits in
                    var rows = parsed.rows
                    defer { parsed.rows = rows }
                    return unsafe rows.withUnsafeMutableBufferPointer { rows in
                        var input = unsafe Input()
                        unsafe input.texts = kw_span(ptr: texts.baseAddress, count: 2, stride: 16)
                        unsafe input.limits = kw_span(ptr: limits.baseAddress, count: 2, stride: 8)
                        unsafe input.rows = rows.baseAddress
                        unsafe input.capacity = UInt64(rows.count * 4)
                        unsafe input.stride = UInt64(dims * 4)
                        unsafe input.dims = UInt32(dims)
                        do throws(PluginError) {
                            unsafe try plugin.call(
                                "parser.parse", of: "acme.parser/1", slot: 0, &input, reply: Reply.self,
                                onEvent: { event in
                                    let event = unsafe event.load(as: kw_event.self)
                                    let word = unsafe Self.text(event.text)
                                    events.withLock { $0.append(unsafe "\(event.index) \(word)") }
                                    return true
                                }
                            ) { reply throws(PluginError) in unsafe read(reply, into: &parsed) }
                            return nil
                        } catch { return error }
                    }
                }
            }
        }
        if let failure { throw failure }
        parsed.events = events.withLock { $0 }
        return parsed
    }

    static func read(_ reply: borrowing Reply, into parsed: inout Parsed) {
        unsafe parsed.sum = reply.sum
        for index in unsafe 0..<Int(reply.words.count) {
            let word = unsafe reply.words.ptr.load(fromByteOffset: index * Int(reply.words.stride), as: Word.self)
            unsafe parsed.words.append(text(word.text))
            unsafe parsed.process = word.process
        }
        var page = unsafe reply.page
        unsafe parsed.page = Array(UnsafeRawBufferPointer(start: page.ptr, count: Int(page.len)))
        unsafe page.release?(&page)
    }

    static func text(_ text: kw_str) -> String {
        unsafe String(
            decoding: UnsafeRawBufferPointer(start: text.len == 0 ? nil : text.ptr, count: Int(text.len)), as: UTF8.self
        )
    }

    // MARK: - Tests

    @Test("one adapter gets the same from a plugin in process and in a worker") func same() async throws {
        let folder = try Sample.Folder()
        let path = try Self.build(in: folder)
        var answers: [Parsed] = []
        for isolation in [IsolationTier.inProcess, .worker] {
            let host = try UnrulyPlugin.host {
                $0.isolation = isolation
                $0.interfaces = [try! Self.description()]
            }
            let plugin = try await host.load(path)
            #expect(plugin.describedInterfaces == ["acme.parser/1"])
            #expect(unsafe plugin.interfaceTable("acme.parser/1")?.load(as: kw_hdr.self).size == 32)
            #expect(unsafe plugin.interfaceTable("acme.other/1") == nil)
            answers.append(try Self.parse("héllo", plugin))
            #expect((answers.last?.process == UInt64(getpid())) == (isolation == .inProcess))
            let missing = #expect(throws: PluginError.self) {
                var none = kw_hdr(size: 8, flags: 0)
                unsafe try plugin.call(
                    "parser.missing", of: "acme.parser/1", slot: 2, &none, reply: kw_hdr.self
                ) { _ throws(PluginError) in }
            }
            #expect(missing?.code == .unsupported)
            await host.shutdown()
        }
        for index in answers.indices { answers[index].process = 0 }
        #expect(answers[0] == answers[1])
        #expect(
            answers[0]
                == Parsed(
                    words: ["héllo", ""], rows: [6, 6.25, 6.5, 0, 0.25, 0.5], sum: 42, page: Array("page".utf8),
                    events: ["0 héllo", "1 "]))
    }

    @Test("a crash in such an operation is one typed error, and a fresh worker answers") func crash() async throws {
        let folder = try Sample.Folder()
        let host = try UnrulyPlugin.host { $0.interfaces = [try! Self.description()] }
        let plugin = try await host.load(try Self.build(in: folder))
        let before = try Self.parse("a", plugin)
        let error = #expect(throws: PluginError.self) {
            var none = kw_hdr(size: 8, flags: 0)
            unsafe try plugin.call("parser.crash", of: "acme.parser/1", slot: 1, &none, reply: kw_hdr.self) {
                _ throws(PluginError) in
            }
        }
        #expect(error?.code == .crashed)
        #expect(error?.operation == "parser.crash")
        #expect(try Self.parse("a", plugin).process != before.process)
        await host.shutdown()
    }

    @Test("nobody calls what the host was not told of") func untold() async throws {
        let folder = try Sample.Folder()
        let host = try UnrulyPlugin.host()
        let plugin = try await host.load(try Self.build(in: folder))
        #expect(plugin.describedInterfaces.isEmpty)
        let error = #expect(throws: PluginError.self) { _ = try Self.parse("a", plugin) }
        #expect(error?.code == .unsupported)
        await host.shutdown()
    }

    static let mistakes: [(String, String, String)] = [
        ("\"offset\": 24,", "\"offset\": 16,", "acme_parse_in.limits overlaps"),
        ("\"size\": 64", "\"size\": 48", "acme_parse_out.page goes on behind the end"),
        ("\"of\": \"acme_word\"", "\"of\": \"acme_ward\"", "acme_parse_out.words has a struct acme_ward"),
        ("\"slot\": 2", "\"slot\": -1", "missing has its slot behind"),
        ("\"spans\": [8]", "\"spans\": [9]", "parse.rows has rows for what is no span"),
        ("acme.parser/1", "keyway.embedder/1", "has the id of what this build knows"),
        ("\"slot\": 0, ", "\"slut\": 0, ", "/operations/0/slut is unknown"),
        ("\"kind\": \"texts\"", "\"kind\": \"text\"", "/structs/1/fields/0/kind must be one of"),
        ("\"width\": 8", "\"width\": 5", "acme_parse_in.limits has a width"),
        ("\"tableSize\": 32", "\"tableSize\": \"32\"", "/tableSize must be an integer"),
    ]

    @Test("a description that cannot be is refused, with the struct and the field", arguments: mistakes)
    func refuses(_ right: String, _ wrong: String, _ message: String) throws {
        let document = Self.document.replacingOccurrences(of: right, with: wrong)
        #expect(document != Self.document)
        let error = #expect(throws: PluginError.self) {
            _ = try InterfaceDescription(JSON(parsing: document, what: "the description"))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("one interface cannot be described twice") func twice() async throws {
        let folder = try Sample.Folder()
        let description = try Self.description()
        let host = try UnrulyPlugin.host { $0.interfaces = [description, description] }
        let path = try Self.build(in: folder)
        let error = await #expect(throws: PluginError.self) { _ = try await host.load(path) }
        #expect(error?.message.contains("is described twice") == true)
    }
}
