public import PluginCore
internal import PluginLoader

extension PluginHost {
    /// What a plugin would be kept from in a worker of this host, and what not, found out without running any of it. Blocks for
    /// some milliseconds.
    /// - Parameter fileOrName: as of ``prepare(_:)``.
    /// - Throws: `validation` if it has no sound manifest, `sandboxUnavailable` if what is required cannot be enforced here.
    public func sandboxReport(of fileOrName: String) throws(PluginError) -> SandboxReport {
        let prepared = try prepare(fileOrName)
        guard let manifest = prepared.manifest else {
            throw PluginError(
                .validation, "it has no sound manifest, which says what it needs",
                remedy: "Run `keyway validate` on it", plugin: prepared.path, stage: .verify)
        }
        return try tiers.rehearse(prepared, manifest, sandbox(for: prepared, InstanceOptions()))
    }

    /// What a plugin may do in a worker: what its manifest asks for and the policy grants, what the host allows all plugins, and
    /// its own folders.
    ///
    /// Where there is no policy the manifest is the limit, without what is about everything of its kind: that takes somebody
    /// who grants it.
    /// - Throws: if the policy cannot be read, or something was granted that no worker can be given as it was.
    func sandbox(for prepared: PreparedPlugin, _ options: InstanceOptions) throws(PluginError) -> SandboxPolicy {
        let granted =
            try prepared.manifest.map { manifest throws(PluginError) in
                try grantedPermissions(of: manifest, dataFolder: options.dataFolder)
            } ?? configuration.workers.allowed
        do throws(PluginError) {
            var policy = try SandboxPolicy(
                granting: granted, dataFolder: options.dataFolder, packageFolder: options.packageFolder)
            policy.mayStartThreads = try mayStartThreads(granted)
            return policy
        } catch {
            var error = error
            error.plugin = prepared.manifest?.id
            throw error
        }
    }

    /// All that a plugin may do in a worker, but for its own folders.
    private func grantedPermissions(
        of manifest: Manifest, dataFolder: String?
    ) throws(PluginError) -> [Permission] {
        let decision = try permissions(of: manifest, dataFolder: dataFolder)
        return configuration.workers.allowed
            + decision.items.compactMap { item in
                guard let permission = item.effective, item.isGranted || item.answer == .unasked else { return nil }
                let isAllowed = configuration.workers.allowedOnRequest.contains { $0.covers(permission) }
                return item.isGranted || isAllowed || !item.isEverything ? permission : nil
            }
    }

    /// Everybody may until somebody decides about permissions: runtimes start threads for plugins that know of none.
    private func mayStartThreads(_ granted: [Permission]) throws(PluginError) -> Bool {
        try configuration.permissions.policy() == nil || granted.contains { $0.kind == .threads }
    }

    /// May a plugin do this, by what its manifest asks for, the operator's policy, and what the host allows all plugins? Blocks
    /// while files are read.
    ///
    /// In a worker it is kept from everything else; in this process from nothing. Its own folders need no permission.
    /// - Parameter dataFolder: of the instance; relative paths are below it.
    /// - Throws: if the policy cannot be read, or nobody can have the permission.
    public func checkPermission(
        _ permission: Permission, of manifest: Manifest, dataFolder: String? = nil
    ) throws(PluginError) -> PermissionVerdict {
        let wanted = try permission.effective(in: dataFolder)
        let granted = try grantedPermissions(of: manifest, dataFolder: dataFolder)
        if let reason = try refusal(of: wanted, granted) {
            return PermissionVerdict(permission: wanted, isAllowed: false, because: reason)
        }
        if let grant = granted.first(where: { $0.covers(wanted) }) {
            return PermissionVerdict(permission: wanted, isAllowed: true, because: "\(grant) was granted")
        }
        if wanted.kind == .threads, try mayStartThreads(granted) {
            return PermissionVerdict(
                permission: wanted, isAllowed: true, because: "nobody has decided about permissions")
        }
        let isAsked = manifest.permissions.contains { request in
            (try? request.permission.effective(in: dataFolder))?.covers(wanted) == true
        }
        return PermissionVerdict(
            permission: wanted, isAllowed: false,
            because: isAsked ? "it asks for it, and nobody has granted it" : "its manifest does not ask for it")
    }

    /// Why an address that a grant covers is not reached: names and wildcards do not lead to this machine and its links.
    private func refusal(of wanted: Permission, _ granted: [Permission]) throws(PluginError) -> String? {
        let grants = granted.filter { $0.kind == .network }
        guard wanted.kind == .network, grants.contains(where: { $0.covers(wanted) }),
            let pattern = wanted.resource.flatMap({ NetworkPattern($0) }), let host = pattern.exactHost,
            let address = NetworkAddress(host == "localhost" ? "127.0.0.1" : host)
        else { return nil }
        let access = try SandboxPolicy(granting: grants, dataFolder: nil, packageFolder: nil).network
        let verdict = access.mayConnect(to: address, port: pattern.portNumber ?? 80)
        return verdict.isAllowed ? nil : verdict.reason
    }

    /// The same of a plugin that this host has loaded.
    /// - Throws: `notFound` if there is none of the name.
    public func checkPermission(
        _ permission: Permission, of name: String
    ) async throws(PluginError) -> PermissionVerdict {
        let request = try await supervisor(name).request
        guard let manifest = request.prepared.manifest else {
            throw PluginError(.validation, "\(name) has no manifest", plugin: name)
        }
        return try await HostThread.run("plugin.permission", of: name, CallContext()) { [self] () throws(PluginError) in
            try checkPermission(permission, of: manifest, dataFolder: request.options.dataFolder)
        }
    }
}

/// Whether a plugin may do something.
public struct PermissionVerdict: Sendable, Hashable {
    /// As it takes effect for the plugin: with an absolute path.
    public let permission: Permission
    public let isAllowed: Bool
    /// Why, as a person would say it.
    public let because: String

    public var json: JSON {
        ["permission": .string(permission.text), "allowed": .bool(isAllowed), "because": .string(because)]
    }
}
