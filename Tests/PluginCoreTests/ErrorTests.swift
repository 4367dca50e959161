import PluginCore
import Testing

@Suite("Errors")
struct ErrorTests {
    /// The table of the documentation: every status and the code that it becomes.
    static let table: [(status: Int32, code: PluginError.Code)] = [
        (1, .cancelled), (2, .internal), (3, .invalidArgument), (4, .timeout), (5, .notFound), (6, .conflict),
        (7, .permissionDenied), (8, .resourceExhausted), (9, .conflict), (10, .unavailable), (11, .invalidArgument),
        (12, .unsupported), (13, .internal), (14, .unavailable), (15, .dataLoss), (16, .unauthenticated),
        (100, .invalidArgument), (101, .invalidArgument), (102, .invalidArgument), (103, .sdkMismatch),
        (110, .contextOverflow), (111, .contentFilter), (112, .dimensionMismatch), (113, .rateLimited),
        (114, .overloaded), (115, .memoryLimit), (116, .transport),
    ]

    @Test("every status has the code that the table gives it", arguments: table)
    func statusToCode(status: Int32, code: PluginError.Code) {
        #expect(PluginError.Code(status: status) == code)
    }

    @Test("every other status is internal, and only success is no error")
    func totality() {
        #expect(PluginError.Code(status: 0) == nil)
        let known = Set(Self.table.map(\.status) + [0])
        for status in Array(Int32(-300)...400) + [.min, .max] where !known.contains(status) {
            #expect(PluginError.Code(status: status) == .internal)
        }
    }

    @Test("every code has a status, and a code that a plugin can mean survives the way there and back")
    func codeToStatus() {
        let fromPlugins = Set(Self.table.map(\.code))
        for code in PluginError.Code.all {
            #expect(code.status != 0)
            let back = PluginError.Code(status: code.status)
            #expect(back != nil)
            if fromPlugins.contains(code) { #expect(back == code) }
        }
    }

    @Test("the list of codes is complete: no name twice, every code of the table in it")
    func list() {
        let names = PluginError.Code.all.map(\.rawValue)
        #expect(Set(names).count == names.count)
        #expect(names.count == 35)
        for (_, code) in Self.table { #expect(PluginError.Code.all.contains(code)) }
    }

    @Test("what may succeed later is retryable unless the plugin says otherwise")
    func retryable() {
        let retryable = PluginError.Code.all.filter(\.isRetryable)
        #expect(Set(retryable) == [.unavailable, .rateLimited, .overloaded, .transport, .workerLost])
        #expect(PluginError(.unavailable, "x").retryable)
        #expect(!PluginError(.unavailable, "x", retryable: false).retryable)
        #expect(PluginError(.internal, "x", retryable: true).retryable)
    }

    @Test(
        "a message is one or two sentences with one full stop each",
        arguments: [
            ("it broke", nil, "it broke."), ("it broke", "Mend it", "it broke. Mend it."),
            ("the linker said no.", "Mend it.", "the linker said no. Mend it."), ("it broke.", nil, "it broke."),
        ] as [(String, String?, String)])
    func message(what: String, remedy: String?, message: String) {
        #expect(PluginError(.load, what, remedy: remedy).message == message)
    }

    @Test("errors are equal by their facts, not by their prose")
    func equality() {
        let error = PluginError(.notFound, "one", facts: .names(["a"]), plugin: "p", operation: "o")
        #expect(
            error == PluginError(.notFound, "other", remedy: "r", facts: .names(["a"]), plugin: "p", operation: "o"))
        #expect(error != PluginError(.conflict, "one", facts: .names(["a"]), plugin: "p", operation: "o"))
        #expect(error != PluginError(.notFound, "one", facts: .names(["b"]), plugin: "p", operation: "o"))
        #expect(error != PluginError(.notFound, "one", facts: .names(["a"]), plugin: "q", operation: "o"))
    }

    @Test("a copy that is changed leaves the original as it was")
    func valueSemantics() {
        let error = PluginError(.load, "one", plugin: "p")
        var copy = error
        copy.plugin = "q"
        copy.stage = .create
        #expect(error.plugin == "p")
        #expect(error.stage == nil)
        #expect(copy.plugin == "q")
        #expect(MemoryLayout<PluginError>.size == MemoryLayout<Int>.size)
    }

    @Test("the JSON form has code and message, and the facts as members")
    func json() {
        let error = PluginError(
            .timeout, "late", facts: .deadline(kind: "total", milliseconds: 2.5), plugin: "p", stage: .call,
            operation: "o", retryable: true, retryAfter: .milliseconds(1500))
        #expect(
            error.json == [
                "code": "timeout", "message": "late.", "plugin": "p", "stage": "call", "operation": "o",
                "deadline": "total", "milliseconds": 2.5, "retryable": true, "retryAfterMs": 1500.0,
            ])
        let mismatch = PluginError(
            .sdkMismatch, "x",
            facts: .sdk(
                required: SDKRange(minimum: 2, maximum: nil), built: 3, host: SDKRange(minimum: 1, maximum: 1)))
        #expect(mismatch.json["required"] == ["min": 2, "max": nil, "built": 3])
        #expect(mismatch.json["host"] == ["min": 1, "max": 1])
        #expect(mismatch.json["plugin"] == nil)
    }
}
