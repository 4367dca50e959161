import PluginCore
import PluginHost
import PluginTesting
import Testing

@Suite(.serialized, .enabled(if: SamplePlugins.exists("command-runner"), SamplePlugins.skip("command-runner")))
struct ToolExecutorConformanceTests {
    @Test func theSampleConforms() async throws {
        try await SamplePlugins.with("command-runner") { plugin, _ in
            let report = await ToolExecutorConformance().run(on: try #require(plugin.toolExecutor))
            #expect(report.isConformant && report.skipped.isEmpty, "\(report)")
        }
    }

    /// The checks that each fault fails, the one that it is made for first.
    static let faults: [(fault: ExecutorFault, fails: [ToolExecutorConformance.Check])] = [
        (.listsTwice, [.enforceable]),
        (.allowsByDefault, [.denyByDefault]),
        (.comparesFirstWords, [.allowPrefix]),
        (.forgetsDenials, [.denyWins]),
        (.allowsShells, [.shell]),
        (.approves, [.approval]),
        (.evaluatesAsAllowed, [.evaluateAgrees]),
        (.ignoresRequirements, [.requireEnforced]),
        (.speaksAfterTheEnd, [.events]),
        (.wrongExitCode, [.exitCode, .concurrency]),
        (.signalAsExitCode, [.signal]),
        (.joinsStreams, [.output, .binaryOutput, .events, .outputLimit, .concurrency]),
        (.repairsText, [.binaryOutput, .input]),
        (.losesLargeOutput, [.largeOutput, .input]),
        (.dropsInput, [.input]),
        (.inventsInput, [.noInput]),
        (.passesSecrets, [.environment]),
        (.staysWhereItIs, [.workingDirectory]),
        (.timeoutAsSignal, [.wallTimeout]),
        (.hidesTruncation, [.outputLimit]),
        (.neverKills, [.overflowKill]),
        (.missingAsExit, [.missingProgram]),
        (.otherErrorWhenCancelled, [.cancellation]),
        (.namesUnsetFields, [.enforced]),
        (.mixesRuns, [.concurrency]),
        (.repeatsTools, [.tools]),
        (.sendsAnywhere, [.send]),
    ]

    @Test(arguments: faults)
    func reportsTheFault(_ fault: ExecutorFault, _ fails: [ToolExecutorConformance.Check]) async throws {
        try await SamplePlugins.with("command-runner") { plugin, _ in
            let executor = FaultyExecutor(try #require(plugin.toolExecutor), fault)
            let report = await ToolExecutorConformance().run(on: executor)
            #expect(report.failedNames == fails.map(\.rawValue).sorted(), "\(report)")
        }
    }

    /// A run that never ends is reported when the check's time is up.
    @Test func reportsARunThatWaitsForChildren() async throws {
        try await SamplePlugins.with("command-runner") { plugin, _ in
            let executor = FaultyExecutor(try #require(plugin.toolExecutor), .waitsForChildren)
            let suite = ToolExecutorConformance(limit: .milliseconds(100))
            let report = await suite.run(on: executor, checks: [.pipeHolder])
            #expect(report.failedNames == ["pipeHolder"])
        }
    }

    @Test func everyCheckCanFail() {
        let failing = Set(Self.faults.map(\.fails[0])).union([.pipeHolder])
        #expect(failing == Set(ToolExecutorConformance.Check.allCases))
    }
}
