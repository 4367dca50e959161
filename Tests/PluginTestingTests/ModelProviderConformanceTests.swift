import PluginCore
import PluginHost
import PluginTesting
import Testing

@Suite struct ModelProviderConformanceTests {
    @Test(.enabled(if: SamplePlugins.exists("extractive-provider"), SamplePlugins.skip("extractive-provider")))
    func theSampleConforms() async throws {
        try await SamplePlugins.with("extractive-provider") { plugin, _ in
            let provider = try #require(plugin.modelProvider)
            for report in [
                await ModelProviderConformance().run(on: provider),
                await ModelProviderConformance().run(on: provider.managed()),
            ] {
                #expect(report.isConformant && report.skipped.isEmpty, "\(report)")
            }
        }
    }

    @Test(arguments: [[], [.choices, .logprobs, .json]] as [Model.Features])
    func aSwiftTypeConforms(_ more: Model.Features) async {
        let provider = ScriptedProvider(features: more.union([.streaming, .deterministic]))
        for report in [
            await ModelProviderConformance().run(on: provider),
            await ModelProviderConformance().run(on: provider.managed()),
        ] {
            #expect(report.isConformant && report.skipped.isEmpty, "\(report)")
        }
    }

    @Test func aModelThatIsNotDeterministicIsNotCompared() async {
        let report = await ModelProviderConformance().run(on: ScriptedProvider(features: .streaming))
        #expect(report.isConformant && report.skipped.map(\.name) == ["generateEqualsStream"], "\(report)")
    }

    /// The checks that each fault fails, the one that it is made for first.
    static let faults: [(fault: ScriptedProvider.Fault, fails: [ModelProviderConformance.Check])] = [
        (.twoModelsOfOneName, [.models]),
        (.noStarted, [.stream, .generateEqualsStream, .cancellation, .reuse, .abandonment, .concurrency]),
        (.lastWordMissing, [.stream, .generateEqualsStream, .reuse, .abandonment, .concurrency]),
        (.emptyAnswer, [.generate, .maxOutputTokens, .usage]),
        (.otherWhole, [.generateEqualsStream, .stopSequence, .maxOutputTokens]),
        (.stopIgnored, [.stopSequence]),
        (.lengthIgnored, [.maxOutputTokens]),
        (.negativeUsage, [.usage]),
        (.anyModel, [.unknownModel]),
        (.streamsAnyModel, [.unknownModel]),
        (.answersNothing, [.emptyMessages]),
        (.choicesIgnored, [.choices]),
        (.logprobsIgnored, [.logprobs]),
        (.jsonIgnored, [.json]),
        (.countsNothing, [.countTokens]),
        (.claimsExactCounts, [.countTokens]),
        (.notCancelled, [.cancellation]),
        (.otherErrorWhenCancelled, [.cancellation]),
        (.noPartial, [.cancellation]),
        (.deadAfterCancel, [.reuse, .abandonment, .concurrency]),
        (.deadAfterAbandonment, [.abandonment, .concurrency]),
        (.mixesCalls, [.concurrency]),
    ]

    @Test(arguments: faults)
    func reportsTheFault(_ fault: ScriptedProvider.Fault, _ fails: [ModelProviderConformance.Check]) async {
        let report = await ModelProviderConformance(limit: .seconds(600)).run(on: ScriptedProvider(fault))
        #expect(report.failedNames == fails.map(\.rawValue).sorted(), "\(report)")
    }

    @Test func reportsACallThatNeverEnds() async {
        let suite = ModelProviderConformance(limit: .milliseconds(100))
        let report = await suite.run(on: ScriptedProvider(.hangsWhenCancelled), checks: [.cancellation])
        #expect(report.failedNames == ["cancellation"])
    }

    @Test func everyCheckCanFail() {
        #expect(Set(Self.faults.map(\.fails[0])) == Set(ModelProviderConformance.Check.allCases))
    }
}
