import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("Names in a backtrace", .needsCompiler, .timeLimit(.minutes(10)))
struct ProbeSymbolTests {
    @Test("are looked for in damaged files without reading outside of them")
    func damaged() throws {
        let folder = try Sample.Folder()
        let plugin = try ProbePlugin.build("subject", in: folder)
        let (repository, program) = (ProbePlugin.repository, "\(folder.path)/damaged")
        try ProbePlugin.compile([
            "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
            "-I\(repository)/Sources/keyway-worker", "-o", program,
            "\(repository)/Tests/Fixtures/probes/damaged_symbols.c", "\(repository)/Sources/keyway-worker/symbols.c",
        ])
        let result = try Programs.run(program, [plugin])
        #expect(result.ending == .exited(0) && result.errors.isEmpty, "\(result)")
        let numbers = result.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        #expect(numbers.count == 2 && numbers.allSatisfy { $0 > 0 }, "\(result)")
    }

    @Test("are missing from a stripped plugin, its offsets are not")
    func stripped() async throws {
        let folder = try Sample.Folder()
        let plugin = try ProbePlugin.prepare(
            ProbePlugin.build("bare", ["IN_CONSTRUCTOR=write_to_null"], link: ["-s"], in: folder))
        let result = try #require(try await PluginScanner.locate().probe([plugin], deadline: .seconds(60)).first)
        #expect(result.outcome == .crashed(signal: SIGSEGV, address: 8))
        #expect(result.backtrace.count == 2 && result.backtrace.allSatisfy { $0.module == "bare.so" && $0.offset > 0 })
        #expect(result.backtrace.allSatisfy { $0.symbol == nil })
    }
}
