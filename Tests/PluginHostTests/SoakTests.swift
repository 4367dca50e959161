import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("The host over time", .serialized, .needsCompiler, .timeLimit(.minutes(20)))
struct SoakTests {
    /// More in `make soak`.
    private static let rounds =
        ProcessInfo.processInfo.environment["KEYWAY_SOAK_COUNT"].flatMap { Int($0) } ?? 50

    /// Open descriptors that refer to images of a plugin, whatever else this process does meanwhile.
    private func descriptors(of name: String) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { entry in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(entry)"))?.contains(name)
                ?? false
        }
    }

    @Test("loading, calling and shutting down again and again keeps no descriptor and no instance")
    func rounds() async throws {
        let folder = try Sample.Folder()
        let path = try Sample.build(in: folder, name: "soak-image")
        let pipe = Pipe()
        let configuration: JSON = ["destroyed": .int(Int64(pipe.fileHandleForWriting.fileDescriptor))]
        // The counter sees what it counts: a file that was prepared is held open.
        let host = PluginHost()
        do {
            let prepared = try host.prepare(path)
            #expect(try descriptors(of: "soak-image") == 1)
            withExtendedLifetime(prepared) {}
        }
        for round in 0..<Self.rounds {
            let plugin = try await host.load(path, configuration: configuration)
            let embedder = try #require(plugin.embedder)
            let embeddings = try await embedder.embed(EmbedRequest(["round \(round)"]))
            #expect(embeddings.matrix.rows == 1)
            await host.shutdown()
            #expect(try pipe.fileHandleForReading.read(upToCount: 4)?.count == 4)
        }
        #expect(try descriptors(of: "soak-image") == 0)
    }
}
