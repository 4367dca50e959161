internal import PluginABI
public import PluginCore

/// Decides from a file whether it may be loaded. Keep one for a host: its resolver remembers libraries.
///
///     let verifier = Verifier()
///     let object = try SharedObject(opening: "plugins/flat-vectors.so")
///     let verification = verifier.verify(object)
///     try verification.requireLoadable()
///
/// A value, safe to use from any thread. No rule opens the file again, or loads anything.
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
    public func verify(_ object: SharedObject) -> Verification {
        let gate = Rule.all.firstIndex { !$0.isGate && $0.id != Rule.regularFile.id } ?? 0
        let early = inspection(of: object, closure: LibraryClosure(), manifest: nil)
        var findings = Rule.all[..<gate].flatMap { $0.isGate ? [] : $0.findings(in: early) }
        for rule in Rule.all[..<gate] where rule.isGate {
            let found = rule.findings(in: early)
            findings += found
            if found.contains(where: { $0.severity == .error }) {
                return conclude(early, findings)
            }
        }
        let complete = inspection(
            of: object, closure: resolver.closure(of: object), manifest: manifest(of: object))
        for rule in Rule.all[gate...] { findings += rule.findings(in: complete) }
        return conclude(complete, findings)
    }

    /// Opens, reads and verifies a file.
    /// - Throws: ``PluginError`` if the file cannot be opened or is not ELF; findings about it are in its facts.
    public func verify(opening path: String) throws(PluginError) -> (SharedObject, Verification) {
        let object = try SharedObject(opening: path)
        return (object, verify(object))
    }

    private func inspection(
        of object: SharedObject, closure: LibraryClosure, manifest: Result<Manifest, PluginError>?
    ) -> Inspection {
        Inspection(
            object: object, hostSDK: hostSDK, policy: policy, resolver: resolver, closure: closure, manifest: manifest)
    }

    private func manifest(of object: SharedObject) -> Result<Manifest, PluginError>? {
        guard let text = object.notes.manifestText else { return nil }
        do throws(PluginError) {
            return .success(try Manifest(JSON(parsing: text, what: "the manifest note")))
        } catch {
            return .failure(error)
        }
    }

    private func conclude(_ inspection: Inspection, _ findings: [Finding]) -> Verification {
        // Stable: within a severity the rules' own order stays.
        let sorted = Finding.Severity.allCases.reversed().flatMap { severity in
            findings.filter { $0.severity == severity }
        }
        let manifest: Manifest? = if case .success(let manifest)? = inspection.manifest { manifest } else { nil }
        var (sdk, facts) = (UInt32?.none, PluginError.Facts?.none)
        switch inspection.negotiation {
        case .agreed(let version): sdk = version
        case .hostTooOld, .pluginTooOld:
            if let note = inspection.object.notes.abi, let range = note.sdkRange {
                facts = .sdk(required: range, built: note.sdkBuilt, host: hostSDK)
            }
        case nil: break
        }
        return Verification(
            findings: sorted, sdk: sdk, manifest: manifest, libraries: inspection.closure.libraries, sdkFacts: facts,
            path: inspection.object.file.path)
    }
}
