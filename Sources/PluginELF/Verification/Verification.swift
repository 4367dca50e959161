public import PluginCore

/// What the checks of one file came to. A value; nothing of the file has run.
public struct Verification: Sendable {
    /// Errors first, then warnings, then information; each in the order of the rules.
    public let findings: [Finding]
    /// The SDK that host and plugin agreed on; nil if they did not.
    public let sdk: UInt32?
    /// Of the note, or of the file beside the plugin; nil if neither is there, or what is there is not valid.
    public let manifest: Manifest?
    /// Every library that the file needs, in the order in which they would be loaded. Empty if an early rule
    /// refused the file.
    public let libraries: [ResolvedLibrary]
    /// nil if an early rule refused the file, so that the others could not judge it.
    public let score: SecurityScore?
    /// Both ranges of a failed negotiation.
    let sdkFacts: PluginError.Facts?
    let path: String

    /// May the file be loaded? Warnings do not refuse it.
    public var isLoadable: Bool { findings.first?.severity != .error }

    public var errors: ArraySlice<Finding> { findings.prefix { $0.severity == .error } }

    /// Why the file is refused, or nil.
    ///
    /// The code is `sdkMismatch`, `dependency` or else `validation`, by the first error; what and remedy are that
    /// error's own. The facts are both ranges for `sdkMismatch`, else all findings.
    public var refusal: PluginError? {
        guard let first = findings.first, first.severity == .error else { return nil }
        let code: PluginError.Code =
            switch first.id {
            case "N004": .sdkMismatch
            case "S030", "S031", "S032", "S033": .dependency
            default: .validation
            }
        let facts = code == .sdkMismatch ? sdkFacts ?? .findings(findings) : .findings(findings)
        return PluginError(
            code, first.message, remedy: first.remedy, facts: facts, plugin: manifest?.id ?? path, stage: .verify)
    }

    /// Returns if the file may be loaded, and throws ``refusal`` if not.
    public func requireLoadable() throws(PluginError) {
        if let refusal { throw refusal }
    }
}
