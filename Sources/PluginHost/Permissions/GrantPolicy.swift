public import PluginCore
internal import PluginELF

/// What an operator lets plugins do: grants for each plugin, and some for all of them.
///
/// A manifest asks (``PermissionRequest``), a policy answers (``decision(for:dataFolder:)``). A value; reads and writes
/// no file, see ``PermissionFiles``.
public struct GrantPolicy: Sendable, Hashable {
    /// A permission that was given, and what is known of how that came.
    public struct Grant: Sendable, Hashable {
        public var permission: Permission
        /// Why, in the operator's words.
        public var reason: String?
        /// Who gave it.
        public var grantor: String?
        /// When, in seconds since 1970.
        public var since: Int64?
        /// The file that it was read from.
        public internal(set) var source: String?

        public init(_ permission: Permission, reason: String? = nil, grantor: String? = nil, since: Int64? = nil) {
            self.permission = permission
            self.reason = reason
            self.grantor = grantor
            self.since = since
        }
    }

    /// What every plugin has.
    public private(set) var defaults: [Grant] = []
    /// By a plugin's id, or a glob such as "acme-*".
    public private(set) var plugins: [String: [Grant]] = [:]

    /// Grants nothing.
    public init() {}

    // MARK: - Changing

    /// Adds a grant, or takes the place of one of the same permission.
    /// - Parameter name: a plugin's id, a glob for several, or nil for every plugin.
    /// - Throws: ``PluginError`` with code `validation` if nobody can have the permission, or if it is about everything
    ///   of its kind and not for one plugin alone.
    public mutating func grant(_ grant: Grant, to name: String?) throws(PluginError) {
        let permission = grant.permission
        _ = try permission.effective(in: nil)
        if let name { try Self.requireName(name) }
        if permission.isEverything, name.map(PluginName.isGlob) ?? true {
            throw PluginError(
                .validation,
                "\(permission) is about everything of its kind, and \(name ?? "default") is not one plugin",
                remedy: "Grant it to the plugins that need it, each by its id, or name a resource",
                facts: .names([permission.text]))
        }
        if let name {
            plugins[name, default: []].removeAll { $0.permission == permission }
            plugins[name, default: []].append(grant)
        } else {
            defaults.removeAll { $0.permission == permission }
            defaults.append(grant)
        }
    }

    /// Takes grants back. What others than `name` have, and what every plugin has, stays.
    /// - Parameter permissions: nil for all.
    /// - Returns: what was granted until now.
    public mutating func revoke(_ permissions: [Permission]? = nil, from name: String) -> [Grant] {
        guard let grants = plugins[name] else { return [] }
        let revoked = grants.filter { permissions?.contains($0.permission) ?? true }
        let kept = grants.filter { !revoked.contains($0) }
        plugins[name] = kept.isEmpty ? nil : kept
        return revoked
    }

    /// With the grants of another policy behind its own.
    public func merged(with other: GrantPolicy) -> GrantPolicy {
        var merged = self
        merged.defaults += other.defaults
        merged.plugins.merge(other.plugins) { $0 + $1 }
        return merged
    }

    // MARK: - Deciding

    /// What becomes of everything that a plugin asks for.
    ///
    /// A grant is taken from the plugin's own id, then from globs, then from what every plugin has.
    /// - Parameter dataFolder: of the instance; relative paths, asked for and granted, are below it. nil if it has none.
    public func decision(for manifest: Manifest, dataFolder: String? = nil) -> PermissionDecision {
        let grants = grants(for: manifest.id).compactMap { grant -> (Grant, Permission)? in
            (try? grant.permission.effective(in: dataFolder)).map { (grant, $0) }
        }
        return PermissionDecision(manifest, dataFolder: dataFolder) { wanted in
            grants.first { $0.1.covers(wanted) }.map { .granted($0.0) } ?? .missing
        }
    }

    private func grants(for id: String) -> [Grant] {
        let globs = plugins.keys.filter { PluginName.isGlob($0) && Set([$0]).matches(id) }.sorted()
        return (plugins[id] ?? []) + globs.flatMap { plugins[$0] ?? [] } + defaults
    }

    private static func requireName(_ name: String) throws(PluginError) {
        guard let fault = PluginName.fault(name, mayBeGlob: true) else { return }
        throw PluginError(
            .validation, "\"\(name)\" \(fault)", remedy: "Take the id that `keyway list --json` shows, or a glob")
    }
}
