import PluginCore
import PluginELF
import Testing

@Suite("What verdicts depend on")
struct VerifierInputTests {
    @Test("every member of a policy is among it, in an order that stays")
    func policy() throws {
        // A member that is added has to be added to Verifier.inputs and to the changes below.
        #expect(Mirror(reflecting: VerificationPolicy()).children.count == 13)
        let changes: [(inout VerificationPolicy) throws -> Void] = [
            { $0.allowedExports = ["b", "a"] }, { $0.allowedSearchPaths = ["/b"] }, { $0.allowedLibraries = [] },
            { $0.deniedLibraries = ["b"] }, { $0.allowedImports = ["b"] }, { $0.deniedImports = ["b"] },
            { $0.constructors = .forbid }, { $0.requiresPermissions = false }, { $0.ignoredRules = ["S050"] },
            { $0.target = try TargetProfile(parsing: "glibc=2.28,gcc=3.0") }, { $0.trustedOwners = [3, 1] },
            { $0.sizeLimit = 5 }, { $0.isRelease = true },
        ]
        var seen: Set<[String]> = [Verifier().inputs]
        for (index, change) in changes.enumerated() {
            var policy = VerificationPolicy()
            try change(&policy)
            let inputs = Verifier(policy: policy).inputs
            #expect(seen.insert(inputs).inserted, "change \(index)")
            #expect(inputs == Verifier(policy: policy).inputs)
        }
    }

    @Test("the SDKs served and the search folders are among it")
    func environment() {
        var other = Verifier(hostSDK: SDKRange(minimum: 1, maximum: 7))
        #expect(other.inputs != Verifier().inputs)
        other = Verifier()
        other.resolver.environmentFolders.append("/somewhere")
        #expect(other.inputs != Verifier().inputs)
    }
}
