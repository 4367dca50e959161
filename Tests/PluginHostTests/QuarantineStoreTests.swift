import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("A quarantine that is kept", .needsCompiler, .timeLimit(.minutes(10)))
struct QuarantineStoreTests {
    private let crash = QuarantineFailure(code: "crashed", reason: "crashed", phase: "load")

    private func failure(_ body: () throws(PluginError) -> Void) -> PluginError? {
        do throws(PluginError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("loses no record of many that come at once")
    func together() async throws {
        let folder = try Sample.Folder()
        let (path, crash) = (folder.path, crash)
        try await withThrowingTaskGroup { group in
            for number in 0..<32 {
                group.addTask {
                    let store = QuarantineStore(stateFolder: "\(path)/state")
                    for _ in 0..<2 {
                        try store.record(
                            crash, of: "p\(number)", file: nil, inputs: QuarantineInputs(digest: "\(number)"),
                            by: .probe)
                    }
                }
            }
            try await group.waitForAll()
        }
        let records = try QuarantineStore(stateFolder: "\(path)/state").list()
        #expect(records.count == 32 && records.allSatisfy { $0.attempts == 2 && $0.until != nil })
    }

    private static let damages: [String] = [
        "", "{", "[]", "{}", #"{"version":2,"records":[]}"#, #"{"version":1,"records":{}}"#,
        #"{"version":1,"records":[{}]}"#, #"{"version":1,"records":[{"plugin":"p"}]}"#,
        // A failure without what it rests on.
        #"{"version":1,"records":[{"plugin":"p","by":"probe","code":"c","reason":"r","attempts":2,"since":1,"backtrace":[],"output":""}]}"#,
        // A range that ends before it begins.
        #"{"version":1,"records":[{"plugin":"p","by":"probe","code":"c","reason":"r","attempts":2,"since":1,"backtrace":[],"output":"","inputs":{"sha256":"1","sdkMin":3,"sdkMax":2}}]}"#,
    ]

    @Test("that is damaged is an error, lets no plugin out and loses nothing", arguments: damages)
    func damaged(_ text: String) throws {
        let folder = try Sample.Folder()
        let store = QuarantineStore(stateFolder: folder.path)
        let file = "\(folder.path)/quarantine.json"
        #expect(
            FileManager.default.createFile(
                atPath: file, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
        let inputs = QuarantineInputs(digest: "1")
        for error in [
            failure { () throws(PluginError) in _ = try store.status(of: ["p"], inputs: inputs) },
            failure { () throws(PluginError) in try store.record(crash, of: "q", file: nil, inputs: inputs, by: .probe)
            },
            failure { () throws(PluginError) in try store.clear("p") },
        ] {
            #expect(error?.code == .dataLoss && error?.remedy != nil, "\(error as Any)")
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }

    @Test("tries again once, alone, who failed; then holds it, until its time is over or its bytes are others")
    func probe() async throws {
        let folder = try Sample.Folder()
        let good = try ProbePlugin.prepare(ProbePlugin.good.get().path)
        let path = try ProbePlugin.build("bad", ["IN_CONSTRUCTOR=write_to_null"], in: folder)
        let bad = try ProbePlugin.prepare(path)
        let scanner = try PluginScanner.locate()
        let state = "\(folder.path)/state"
        func probe(at now: Int64, _ plugins: [PreparedPlugin], ignores: Bool = false) async throws
            -> [QuarantineStore.Probed]
        {
            try await QuarantineStore(stateFolder: state) { now }.probe(
                plugins, with: scanner, deadline: .seconds(60), ignoresQuarantine: ignores)
        }
        let first = try await probe(at: 0, [good, bad])
        #expect(first[0].result?.hasPassed == true && first[0].status == .clear)
        guard case .quarantined(let record) = first[1].status else {
            Issue.record("\(first[1].status)")
            return
        }
        #expect(record.attempts == 2 && record.until == 3600 && record.failure.signal == SIGSEGV)
        #expect(record.failure.backtrace.first?.hasPrefix("bad.so+0x") == true && record.inputs?.digest == bad.digest)
        let held = try await probe(at: 3599, [good, bad])
        #expect(held[1].result == nil && held[0].result?.hasPassed == true)
        let ignored = try await probe(at: 3599, [bad], ignores: true)
        #expect(ignored[0].result?.hasPassed == false)
        let over = try await probe(at: 3599 + 86400, [bad])
        guard case .quarantined(let third) = over[0].status else {
            Issue.record("\(over[0].status)")
            return
        }
        #expect(over[0].result != nil && third.attempts == 4 && third.until == 3599 + 86400 + 7 * 86400)
        _ = try ProbePlugin.build("bad", in: folder)
        let better = try await probe(at: 3600 + 86400, [ProbePlugin.prepare(path)])
        #expect(better[0].result?.hasPassed == true && better[0].status == .clear)
        #expect(try QuarantineStore(stateFolder: state).list().isEmpty)
    }

    @Test("a plugin that fails once and then does well is free again")
    func flaky() async throws {
        let folder = try Sample.Folder()
        let witness = "\(folder.path)/witness"
        let plugin = try ProbePlugin.prepare(
            ProbePlugin.build("flaky", ["IN_CONSTRUCTOR=crash_first_time", "WITNESS=\"\(witness)\""], in: folder))
        let store = QuarantineStore(stateFolder: "\(folder.path)/state")
        let scanner = try ProbePlugin.scannerWithoutSandbox()
        let probed = try await store.probe([plugin], with: scanner, deadline: .seconds(60))
        #expect(probed[0].result?.hasPassed == true && probed[0].status == .clear)
        #expect(try String(contentsOfFile: witness, encoding: .utf8).split(separator: "\n").count == 1)
        #expect(try store.list().isEmpty)
    }
}
