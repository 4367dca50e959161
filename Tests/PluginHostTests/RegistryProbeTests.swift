import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("The registry and the scanner", .needsCompiler, .timeLimit(.minutes(10)))
struct RegistryProbeTests {
    @Test("what crashes is put aside, what passes is not tried again, and a load is refused")
    func probe() async throws {
        let place = try RegistryPlace()
        let witness = place.folder.path + "/witness"
        let built = try Sample.Folder()
        for (id, macros) in [
            ("good", []), ("bad", ["IN_CONSTRUCTOR=write_to_null"]), ("loud", ["IN_CONSTRUCTOR=print_buffered"]),
        ] {
            let path = try ProbePlugin.build(id, macros, in: built)
            try FileManager.default.copyItem(atPath: path, toPath: "\(place.plugins)/\(id).so")
        }
        let registry = place.registry()
        let scanner = try PluginScanner.locate()
        let scan = try registry.scan()
        #expect(scan.entries.map(\.state) == [.available, .available, .available])
        let probed = try await registry.probe(scan, with: scanner, deadline: .seconds(20))
        #expect(probed.entries.map(\.id) == ["bad", "good", "loud"])
        #expect(probed.entries.map(\.state) == [.quarantined, .available, .quarantined])
        #expect(probed.entries.map(\.isProbed) == [false, true, false])
        let timings = probed.timings
        #expect(scan.timings.probe == .zero && timings.probe > .zero)
        #expect(timings.judge >= scan.timings.judge && timings.read >= scan.timings.read)
        #expect(timings.total >= scan.timings.total + timings.probe)
        #expect(probed.entries[0].reason?.contains("SIGSEGV") == true)
        // A scanner that cannot work shows that nothing is tried a second time.
        let broken = PluginScanner(path: witness)
        let again = try await registry.probe(probed, with: broken)
        #expect(again.entries.map(\.state) == [.quarantined, .available, .quarantined])
        #expect(try place.registry().scan().entries.map(\.isProbed) == [false, true, false])
        var configuration = PluginHost.Configuration()
        configuration.stateFolder = place.state
        let attempt = await PluginHost(configuration).tryLoad("\(place.plugins)/bad.so")
        #expect(attempt.error?.code == .quarantined && attempt.plugin == nil)
    }

    @Test("a quarantine ends with its time, or with other bytes in the place of the file")
    func ends() async throws {
        let place = try RegistryPlace()
        let path = try place.add("one", id: "one-001")
        let digest = try #require(try place.registry().scan().entries.first?.digest)
        let store = QuarantineStore(stateFolder: place.state, clock: { 1_000 })
        for _ in 0..<2 {
            try store.record(
                QuarantineFailure(code: "crashed", reason: "crashed"), of: "one-001", file: path,
                inputs: QuarantineInputs(digest: digest), by: .probe)
        }
        var registry = place.registry()
        registry.now = { 1_001 }
        #expect(try registry.scan().entries[0].state == .quarantined)
        registry.now = { 1_000 + 3_601 }
        #expect(try registry.scan().entries[0].state == .available)
        registry.now = { 1_001 }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes.append(0)
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(try registry.scan().entries[0].state == .available)
    }

    @Test("without a state folder nothing is tried")
    func noState() async throws {
        let place = try RegistryPlace()
        try place.add("one")
        var registry = place.registry()
        registry.stateFolder = nil
        let scan = try registry.scan()
        await #expect(throws: PluginError.self) {
            _ = try await registry.probe(scan, with: PluginScanner(path: "/nowhere"))
        }
    }
}
