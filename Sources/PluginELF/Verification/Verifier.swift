internal import PluginABI
public import PluginCore

/// Decides from a file whether it may be loaded. Keep one for a host: its resolver remembers libraries.
///
///     let verifier = Verifier()
///     let object = try SharedObject(opening: "plugins/flat-vectors.so")
///     let verification = verifier.verify(object)
///     try verification.requireLoadable()
///
/// A value, safe to use from any thread. No rule reads the plugin again, or loads anything.
public struct Verifier: Sendable {
    /// The SDKs that the host serves; its maximum is not open.
    public var hostSDK: SDKRange
    public var policy: VerificationPolicy
    public var resolver: LibraryResolver

    /// What the headers say that this host was built with.
    public static let builtInSDK = SDKRange(minimum: KW_SDK_MINIMUM, maximum: KW_SDK)

    public init(
        hostSDK: SDKRange = Verifier.builtInSDK, policy: VerificationPolicy = VerificationPolicy(),
        resolver: LibraryResolver = LibraryResolver()
    ) {
        self.hostSDK = hostSDK
        self.policy = policy
        self.resolver = resolver
    }

    /// How many rules there are.
    public static var ruleCount: Int { Rule.all.count }

    /// Runs every rule over the facts of a file.
    /// - Parameter sidecar: the manifest beside the file, if there is one.
    public func verify(_ object: SharedObject, sidecar: SidecarManifest? = nil) -> Verification {
        judge(object, sidecar).verification
    }

    /// Runs every rule over the facts of files that one host shall load, and compares them with each other: names
    /// that two of them have (S018, S019), and build ids (S047).
    ///
    /// - Parameter sidecars: the manifests beside the files, by the paths of those.
    /// - Returns: one verification a file, in the same order. What two files do to each other is said of one of them
    ///   or of both, as the rule has it. Files that an early rule refuses are not compared.
    public func verify(_ objects: [SharedObject], sidecars: [String: SidecarManifest] = [:]) -> [Verification] {
        var judgements = objects.map { judge($0, sidecars[$0.file.path]) }
        let files = judgements.indices.filter { judgements[$0].isComplete }
        let inspections = files.map { judgements[$0].inspection }
        for rule in Rule.all where !isIgnored(rule) {
            for (file, problem) in rule.compare?(inspections) ?? [] {
                judgements[files[file]].findings.append(rule.finding(problem))
            }
        }
        return judgements.map(\.verification)
    }

    /// Opens, reads and verifies a file.
    /// - Throws: ``PluginError`` if the file cannot be opened or is not ELF; findings about it are in its facts.
    public func verify(opening path: String) throws(PluginError) -> (SharedObject, Verification) {
        let object = try SharedObject(opening: path)
        return (object, verify(object))
    }

    private func judge(_ object: SharedObject, _ sidecar: SidecarManifest?) -> Judgement {
        var judgement = Judgement(inspection: Inspection(of: object, sidecar: sidecar, by: self))
        for (place, look) in Rule.earlyChecks.enumerated() {
            let found = findings(of: look.check(judgement.inspection), by: Rule.early, place)
            if found.isEmpty { continue }
            judgement.findings += found
            if Rule.early[place].isGate, found.contains(where: { $0.severity == .error }) { return judgement }
        }
        judgement.inspection.complete()
        for (place, look) in Rule.lateChecks.enumerated() {
            let found = findings(of: look.check(judgement.inspection), by: Rule.late, place)
            if !found.isEmpty { judgement.findings += found }
        }
        judgement.isComplete = true
        return judgement
    }

    private func findings(of problems: [Rule.Problem], by rules: [Rule], _ place: Int) -> [Finding] {
        if problems.isEmpty || isIgnored(rules[place]) { return [] }
        return rules[place].findings(of: problems)
    }

    private func isIgnored(_ rule: Rule) -> Bool { !rule.isGate && policy.ignoredRules.matches(rule.id) }
}

/// What the rules found in one file, before it is sorted.
private struct Judgement {
    var inspection: Inspection
    var findings: [Finding] = []
    /// Did the rules run to the end?
    var isComplete = false

    var verification: Verification {
        // Stable: within a severity the rules' own order stays.
        let sorted = Finding.Severity.allCases.reversed().flatMap { severity in
            findings.filter { $0.severity == severity }
        }
        var (sdk, facts) = (UInt32?.none, PluginError.Facts?.none)
        switch inspection.negotiation {
        case .agreed(let version): sdk = version
        case .hostTooOld, .pluginTooOld:
            if let note = inspection.object.notes.abi, let range = note.sdkRange {
                facts = .sdk(required: range, built: note.sdkBuilt, host: inspection.hostSDK)
            }
        case nil: break
        }
        return Verification(
            findings: sorted, sdk: sdk, manifest: inspection.soundManifest, libraries: inspection.closure.libraries,
            score: isComplete ? SecurityScore(sorted) : nil, sdkFacts: facts, path: inspection.object.file.path)
    }
}
