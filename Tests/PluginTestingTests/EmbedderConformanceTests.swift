import PluginCore
import PluginHost
import PluginTesting
import Testing

@Suite struct EmbedderConformanceTests {
    @Test(.enabled(if: SamplePlugins.exists("hash-embedder"), SamplePlugins.skip("hash-embedder")))
    func theSampleConforms() async throws {
        try await SamplePlugins.with("hash-embedder") { plugin, _ in
            let embedder = try #require(plugin.embedder)
            for report in [
                await EmbedderConformance().run(on: embedder), await EmbedderConformance().run(on: embedder.managed()),
            ] {
                #expect(report.isConformant, "\(report)")
                #expect(report.skipped.isEmpty, "\(report)")
            }
        }
    }

    @Test func aSwiftTypeConforms() async {
        for report in [
            await EmbedderConformance().run(on: HashingEmbedder()),
            await EmbedderConformance().run(on: HashingEmbedder().managed()),
        ] {
            #expect(report.isConformant, "\(report)")
            #expect(report.skipped.isEmpty, "\(report)")
        }
    }

    /// The checks that each fault fails, the one that it is made for first.
    static let faults: [(fault: HashingEmbedder.Fault, fails: [EmbedderConformance.Check])] = [
        (.noModel, [.info]),
        (.infoChanges, [.info]),
        (.rowUnwritten, [.rows, .order, .batch, .permutation, .normalization, .emptyText, .unicode]),
        (.tokensMiscounted, [.rows]),
        (.constant, [.order, .longText]),
        (.batchShifted, [.order, .batch, .permutation, .emptyText]),
        (.batchDrifts, [.batch, .permutation, .emptyText]),
        (.batchShifted, [.permutation, .order, .batch, .emptyText]),
        (.unnormalized, [.normalization]),
        (.nondeterministic, [.determinism, .batch, .permutation, .emptyText, .tasks, .concurrency]),
        (.dimensionRefused, [.dimensions]),
        (.dimensionIgnored, [.dimensionMismatch]),
        (.emptyInputRefused, [.emptyInput]),
        (.emptyTextNaN, [.emptyText]),
        (.longTextSilent, [.longText]),
        (.longTextNotRefused, [.longText]),
        (.startIgnored, [.longText]),
        (.unicodeRefused, [.unicode]),
        (.taskUnlisted, [.tasks]),
        (.countsOff, [.countTokens]),
        (.writesBehind, [.untouchedRows]),
        (.writesTooFew, [.tooFewRows]),
        (.mixesCalls, [.concurrency]),
        (.failsWhenCancelled, [.cancellation]),
    ]

    @Test(arguments: faults)
    func reportsTheFault(_ fault: HashingEmbedder.Fault, _ fails: [EmbedderConformance.Check]) async {
        let report = await EmbedderConformance(limit: .seconds(600)).run(on: HashingEmbedder(fault))
        #expect(report.failedNames == fails.map(\.rawValue).sorted(), "\(report)")
    }

    @Test func reportsACallThatNeverEnds() async {
        let suite = EmbedderConformance(limit: .milliseconds(100))
        let report = await suite.run(on: HashingEmbedder(.hangsWhenCancelled), checks: [.cancellation])
        #expect(report.failedNames == ["cancellation"])
    }

    @Test func everyCheckCanFail() {
        #expect(Set(Self.faults.map(\.fails[0])) == Set(EmbedderConformance.Check.allCases))
    }
}
