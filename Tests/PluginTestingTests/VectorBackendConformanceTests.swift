import Foundation
import PluginCore
import PluginHost
import PluginTesting
import Testing

@Suite struct VectorBackendConformanceTests {
    private static func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "keyway-snapshots-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test(.enabled(if: SamplePlugins.exists("flat-vectors"), SamplePlugins.skip("flat-vectors")))
    func theSampleConforms() async throws {
        try await SamplePlugins.with("flat-vectors") { plugin, folder in
            let backend = try #require(plugin.vectorBackend)
            let direct = await VectorBackendConformance(folder: folder).run(on: backend)
            #expect(direct.isConformant && direct.skipped.isEmpty, "\(direct)")
            let suite = VectorBackendConformance(prefix: "managed", folder: folder, filterOperations: .all)
            let managed = await suite.run(on: backend.managed())
            #expect(managed.isConformant && managed.skipped.isEmpty, "\(managed)")
        }
    }

    @Test func aSwiftTypeConforms() async throws {
        try await Self.withFolder { folder in
            let report = await VectorBackendConformance(folder: folder).run(on: ExactBackend())
            #expect(report.isConformant && report.skipped.isEmpty, "\(report)")
        }
    }

    /// A backend with few operations and small batches, of which the host makes a whole one.
    @Test(arguments: [[], [.equal, .ids], [.and, .not, .less, .exists, .ids, .between]] as [Filter.Operations])
    func theHostMakesUpForWhatIsMissing(_ operations: Filter.Operations) async throws {
        try await Self.withFolder { folder in
            let backend = ExactBackend(operations: operations.union(.ids), maxBatch: 7).managed()
            var suite = VectorBackendConformance(folder: folder, filterOperations: .all)
            suite.filterTrees = 100
            let report = await suite.run(on: backend)
            #expect(report.isConformant && report.skipped.isEmpty, "\(report)")
        }
    }

    @Test func withoutAFolderSnapshotsAreSkipped() async {
        let checks: [VectorBackendConformance.Check] = [.snapshot, .restoreConflict, .damagedSnapshot]
        let report = await VectorBackendConformance().run(on: ExactBackend(), checks: checks)
        #expect(report.skipped.count == 3 && !report.isConformant)
    }

    /// The checks that each fault fails, the one that it is made for first.
    static let faults: [(fault: ExactBackend.Fault, fails: [VectorBackendConformance.Check])] = [
        (.noName, [.info]),
        (.hidesEmbedder, [.ensure]),
        (.acceptsOtherMetric, [.ensureConflict]),
        (.unsortedRepositories, [.repositories]),
        (.removesEverywhere, [.isolation]),
        (.updatesNothing, [.unknownRepository]),
        (.refusesToMake, [.upsert]),
        (.mergesMetadata, [.replace]),
        (.firstWins, [.duplicateIDs]),
        (.refusesEmptyBatch, [.emptyBatch]),
        (.dropsBeyondThousand, [.bigBatch]),
        (.anyDimensions, [.dimensionMismatch]),
        (.anyEmbedder, [.embedderConflict]),
        (.wrongMetric, [.metrics]),
        (.cutsTiesWrong, [.ties]),
        (.topKOneGivesTwo, [.topK]),
        (.ignoresOffset, [.offset, .queries]),
        (.ignoresMinimumScore, [.minimumScore]),
        (.scansVectors, [.include]),
        (.reversesResults, [.queries]),
        (.neverComplete, [.completeness]),
        (.betweenExcludes, [.filterOperations]),
        (.shallowTrees, [.filterTrees]),
        (.skipsMissing, [.items]),
        (.scansUnsorted, [.scan, .scanAfter, .filterOperations, .filterTrees, .unicodeIDs]),
        (.scansInclusive, [.scanAfter]),
        (.setsNull, [.update]),
        (.miscountsRemoved, [.remove, .unicodeIDs]),
        (.countsNoneAsAll, [.count, .filterOperations]),
        (.wipesHalf, [.wipe]),
        (.compactingLoses, [.flush]),
        (.snapshotLosesText, [.snapshot, .restoreConflict]),
        (.alwaysReplaces, [.restoreConflict]),
        (.readsDamaged, [.damagedSnapshot]),
        (.normalizesIDs, [.unicodeIDs]),
        (.losesWrites, [.concurrency]),
        (.failsWhenCancelled, [.cancellation]),
    ]

    @Test(arguments: faults)
    func reportsTheFault(_ fault: ExactBackend.Fault, _ fails: [VectorBackendConformance.Check]) async throws {
        try await Self.withFolder { folder in
            let report = await VectorBackendConformance(folder: folder, filterTrees: 60, limit: .seconds(600))
                .run(on: ExactBackend(fault))
            #expect(report.failedNames == fails.map(\.rawValue).sorted(), "\(report)")
        }
    }

    @Test func everyCheckCanFail() {
        #expect(Set(Self.faults.map(\.fails[0])) == Set(VectorBackendConformance.Check.allCases))
    }
}
