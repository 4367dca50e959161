/// A difference between a lock file and what is installed.
public struct LockDrift: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// No version of the plugin is installed.
        case missing
        /// Only other versions are installed.
        case otherVersion(installed: [SemanticVersion])
        /// The locked version is installed with other bytes.
        case otherDigest(installed: String)
        /// The plugin is installed, and the lock file does not know it.
        case notLocked(installed: [SemanticVersion])
    }

    public var id: String
    public var kind: Kind
    /// What the lock file says; nil for a plugin that it does not know.
    public var locked: Lockfile.Entry?

    /// What is the case, without a final full stop.
    public var message: String {
        let title = locked.map { "\(id) \($0.version)" } ?? id
        switch kind {
        case .missing: return "\(title) is locked, and no \(id) is installed"
        case .otherVersion(let versions): return "\(title) is locked, and installed is \(Self.list(versions))"
        case .otherDigest(let digest):
            return "\(title) is locked with \(locked?.digest ?? ""), and the installed file has \(digest)"
        case .notLocked(let versions): return "\(id) \(Self.list(versions)) is installed, and not locked"
        }
    }

    private static func list(_ versions: [SemanticVersion]) -> String {
        versions.map(\.description).joined(separator: ", ")
    }

    public var json: JSON {
        var members: [String: JSON] = [
            "id": .string(id), "message": .string(message),
            "lockedVersion": .optional(locked) { .string($0.version.description) },
            "lockedDigest": .optional(locked) { .string($0.digest) },
        ]
        let versions = { (list: [SemanticVersion]) in JSON.array(list.map { .string($0.description) }) }
        switch kind {
        case .missing: members["kind"] = "missing"
        case .otherVersion(let installed):
            (members["kind"], members["installedVersions"]) = ("otherVersion", versions(installed))
        case .otherDigest(let installed):
            (members["kind"], members["installedDigest"]) = ("otherDigest", .string(installed))
        case .notLocked(let installed):
            (members["kind"], members["installedVersions"]) = ("notLocked", versions(installed))
        }
        return .object(members)
    }
}

extension Lockfile {
    /// Where what is installed differs, by id. Further versions beside the locked one are no difference: they are not
    /// loaded.
    public func drift(from installed: [PluginCandidate]) -> [LockDrift] {
        let byID = Dictionary(grouping: installed.sorted(by: PluginCandidate.comesBefore), by: \.id)
        var drift = entries.compactMap { entry -> LockDrift? in
            guard let found = byID[entry.id] else { return LockDrift(id: entry.id, kind: .missing, locked: entry) }
            let same = found.filter { $0.version == entry.version }
            guard let first = same.first else {
                return LockDrift(id: entry.id, kind: .otherVersion(installed: found.map(\.version)), locked: entry)
            }
            // Of two files of one version, the one that is not locked must not be the one that is loaded.
            guard let other = same.first(where: { $0.digest != entry.digest }) else { return nil }
            return LockDrift(id: first.id, kind: .otherDigest(installed: other.digest), locked: entry)
        }
        let locked = Set(entries.map(\.id))
        for (id, found) in byID where !locked.contains(id) {
            drift.append(LockDrift(id: id, kind: .notLocked(installed: found.map(\.version)), locked: nil))
        }
        return drift.sorted { $0.id < $1.id }
    }

    /// Refuses anything but exactly what is locked.
    /// - Throws: ``PluginError`` with code `dependency` that lists every difference.
    public func check(_ installed: [PluginCandidate]) throws(PluginError) {
        let drift = drift(from: installed)
        guard !drift.isEmpty else { return }
        throw PluginError(
            .dependency, "what is installed is not what is locked: \(drift.map(\.message).joined(separator: "; "))",
            remedy: "Install exactly what the lock file says, or lock what is installed after reviewing it",
            facts: .names(drift.map(\.id)), stage: .verify)
    }
}
