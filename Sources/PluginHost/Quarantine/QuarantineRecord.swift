public import PluginCore
public import PluginELF

/// What a finding about a plugin rests on. When any of it changes, the finding is void.
public struct QuarantineInputs: Sendable, Hashable {
    /// SHA-256 of the file's bytes, lower-case hexadecimal.
    public var digest: String
    /// The SDKs that the host serves.
    public var sdk: SDKRange

    public init(digest: String, sdk: SDKRange = Verifier.builtInSDK) {
        self.digest = digest
        self.sdk = sdk
    }
}

/// What a plugin did that it should not be run for.
public struct QuarantineFailure: Sendable, Hashable {
    /// A word for programs, such as "crashed"; see ``ProbeResult/Outcome/name``.
    public var code: String
    /// What happened, without a final full stop.
    public var reason: String
    /// How far it had come, or the operation that it was in; nil if that is not known.
    public var phase: String?
    public var signal: Int32?
    /// The address that it could not use.
    public var address: UInt64?
    /// With which it ended its process.
    public var exitStatus: Int32?
    /// The innermost function first.
    public var backtrace: [String] = []
    /// The last that it printed.
    public var output = ""

    public init(code: String, reason: String, phase: String? = nil) {
        self.code = code
        self.reason = reason
        self.phase = phase
    }

    /// nil if the plugin passed.
    public init?(_ result: ProbeResult) {
        guard !result.hasPassed else { return nil }
        self.init(code: result.outcome.name, reason: result.reason, phase: result.phase.rawValue)
        if case .crashed(let signal, let address) = result.outcome { (self.signal, self.address) = (signal, address) }
        if case .exited(let status) = result.outcome { exitStatus = status }
        backtrace = result.backtrace.map(\.text)
        output = result.output
    }
}

/// Why a plugin is not run, and until when.
public struct QuarantineRecord: Sendable, Hashable {
    /// Who put it there.
    public enum Origin: String, Sendable, CaseIterable {
        case probe, runtime, `operator`
    }

    /// Id of the plugin; for one without an id its path; for an operator's record any name of it.
    public var plugin: String
    /// Where it was found; nil if an operator named it.
    public var file: String?
    public var origin: Origin
    public var failure: QuarantineFailure
    /// nil for an operator's record: it holds for the plugin whatever its bytes.
    public var inputs: QuarantineInputs?
    /// Failures with these inputs; 0 for an operator's record.
    public var attempts: Int
    /// Of the last failure, in seconds since 1970.
    public var since: Int64
    /// When its time is over, in seconds since 1970. nil: not before somebody clears it, or, of a first failure, not at all.
    public var until: Int64?

    /// Whether it keeps the plugin from being run.
    public enum State: String, Sendable, CaseIterable {
        /// It failed once: it is tried once more, alone, before it is put into quarantine.
        case suspect
        /// It is in quarantine.
        case active
        /// Its time in quarantine is over. It is kept so that the next failure costs more.
        case expired
    }

    /// - Parameter now: seconds since 1970.
    public func state(at now: Int64) -> State {
        if isSuspect { return .suspect }
        return until.map { now < $0 } ?? true ? .active : .expired
    }

    var isSuspect: Bool { origin != .operator && attempts < 2 }
}

/// What a quarantine says of a plugin.
public enum QuarantineStatus: Sendable, Hashable {
    /// Nothing stands against it.
    case clear
    /// It failed, and may be tried once more, alone: it failed for the first time, or its time in quarantine is over.
    case suspect(QuarantineRecord)
    /// It is not to be run.
    case quarantined(QuarantineRecord)
}

extension QuarantineRecord {
    /// What a caller gets who wants the plugin nevertheless.
    public var error: PluginError {
        PluginError(
            .quarantined, "it is in quarantine: \(failure.reason)",
            remedy:
                "See `\(command("show"))`; `\(command("retry"))` tries it anew, `\(command("clear"))` lets it go",
            facts: file.map { .file(path: $0) } ?? .none, plugin: plugin, stage: .verify)
    }

    private func command(_ verb: String) -> String { ShellWord.command(["keyway", "quarantine", verb, plugin]) }
}
