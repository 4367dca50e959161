public import PluginCore

/// Which plugins may run in the host's own process. All others run in workers.
///
/// There are no signatures yet: a plugin is trusted for where its file lies.
///
/// | file lies | `development` | `strict` |
/// |---|---|---|
/// | below one of ``folders`` | trusted, whoever owns it | trusted, if root or the host's user owns it |
/// | elsewhere | trusted, if root or the host's user owns it | not trusted |
///
/// Owning means the file and every folder above it, up to the root. Nobody else may write one of them, group or others; a
/// folder with the sticky bit, such as /tmp, is fine above the file's own folder, except where what lies below a listed
/// folder is trusted whoever owns it. Libraries that a plugin brings along are held to the same as its file, and others that
/// it loads to what `development` asks. Lists of access control (ACL) are not read; where a POSIX one lets somebody write, the
/// group's permission shows it.
public struct TrustPolicy: Sendable, Hashable {
    public enum Preset: String, Sendable, Hashable, CaseIterable {
        /// What only root or the host's user can have put there, and what lies in listed folders.
        case development
        /// Only what lies in listed folders.
        case strict
    }

    public var preset: Preset
    /// Folders that an operator vouches for. They and all folders above have to be root's or the host's user's, and nobody
    /// else may be able to write them: otherwise no plugin is loaded.
    public var folders: [String]

    public init(_ preset: Preset, folders: [String] = []) {
        self.preset = preset
        self.folders = folders
    }

    /// No folders are listed.
    public static let development = TrustPolicy(.development)

    public static func strict(_ folders: [String]) -> TrustPolicy { TrustPolicy(.strict, folders: folders) }

    /// The stricter preset of both, and the folders of both.
    public func merged(with other: TrustPolicy) -> TrustPolicy {
        let isStrict = preset == .strict || other.preset == .strict
        return TrustPolicy(
            isStrict ? .strict : .development, folders: folders + other.folders.filter { !folders.contains($0) })
    }
}

/// What a ``TrustPolicy`` says of one file.
public struct TrustVerdict: Sendable, Hashable {
    public let isTrusted: Bool
    /// The fact that decided, and what would change it: one sentence without a final full stop.
    public let because: String
    public let preset: TrustPolicy.Preset
    /// Where the plugin runs: the highest of what this verdict, its manifest and the host say.
    public internal(set) var tier: IsolationTier

    /// What the verdict alone asks for.
    public var floor: IsolationTier { isTrusted ? .inProcess : .worker }

    init(isTrusted: Bool, because: String, preset: TrustPolicy.Preset) {
        self.isTrusted = isTrusted
        self.because = because
        self.preset = preset
        tier = isTrusted ? .inProcess : .worker
    }

    public var json: JSON {
        [
            "isTrusted": .bool(isTrusted), "because": .string(because), "preset": .string(preset.rawValue),
            "tier": .string(tier.rawValue),
        ]
    }
}
