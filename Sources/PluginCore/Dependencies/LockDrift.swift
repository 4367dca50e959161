/// A difference between a lock file and what is installed.
public struct LockDrift: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// No version of the plugin is installed.
        case missing
        /// It is installed, and something stands against loading it: it is disabled, for example.
        case leftOut(LeftOutPlugin)
        /// Only other versions are installed.
        case otherVersion(installed: [SemanticVersion])
        /// The locked version is installed with other bytes.
        case otherDigest(installed: String)
        /// Files beside it are others than the locked ones, are missing, or are not locked: their names.
        case otherFiles([String])
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
        case .leftOut(let plugin): return "\(title) is locked, and installed, but left out: \(plugin.reason)"
        case .otherVersion(let versions): return "\(title) is locked, and installed is \(Self.list(versions))"
        case .otherDigest(let digest):
            return "\(title) is locked with \(locked?.digest ?? ""), and the installed file has \(digest)"
        case .otherFiles(let names):
            return "\(title) is locked with other files beside it than are installed: \(names.joined(separator: ", "))"
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
        case .leftOut(let plugin):
            (members["kind"], members["reason"]) = ("leftOut", .string(plugin.reason))
            members["remedy"] = .optional(plugin.remedy, JSON.string)
        case .otherVersion(let installed):
            (members["kind"], members["installedVersions"]) = ("otherVersion", versions(installed))
        case .otherDigest(let installed):
            (members["kind"], members["installedDigest"]) = ("otherDigest", .string(installed))
        case .otherFiles(let names):
            (members["kind"], members["files"]) = ("otherFiles", .array(names.map(JSON.string)))
        case .notLocked(let installed):
            (members["kind"], members["installedVersions"]) = ("notLocked", versions(installed))
        }
        return .object(members)
    }
}

extension Lockfile {
    /// Where what is installed differs, by id. Further versions beside the locked one are no difference: they are not
    /// loaded.
    /// - Parameter leftOut: what is installed besides, and must not be loaded.
    public func drift(from installed: [PluginCandidate], leftOut: [LeftOutPlugin] = []) -> [LockDrift] {
        let byID = Dictionary(grouping: installed.sorted(by: PluginCandidate.comesBefore), by: \.id)
        var drift = entries.compactMap { entry -> LockDrift? in
            if let plugin = leftOut.first(where: { $0.id == entry.id && $0.version == entry.version }),
                byID[entry.id]?.contains(where: { $0.version == entry.version }) != true
            {
                return LockDrift(id: entry.id, kind: .leftOut(plugin), locked: entry)
            }
            guard let found = byID[entry.id] else { return LockDrift(id: entry.id, kind: .missing, locked: entry) }
            let same = found.filter { $0.version == entry.version }
            guard let first = same.first else {
                return LockDrift(id: entry.id, kind: .otherVersion(installed: found.map(\.version)), locked: entry)
            }
            // Of two files of one version, the one that is not locked must not be the one that is loaded.
            if let other = same.first(where: { $0.digest != entry.digest }) {
                return LockDrift(id: first.id, kind: .otherDigest(installed: other.digest), locked: entry)
            }
            let names = same.flatMap { plugin in
                Set(plugin.companions.keys).union(entry.companions.keys).filter {
                    plugin.companions[$0] != entry.companions[$0]
                }
            }
            return names.isEmpty
                ? nil : LockDrift(id: first.id, kind: .otherFiles(Set(names).sorted()), locked: entry)
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
