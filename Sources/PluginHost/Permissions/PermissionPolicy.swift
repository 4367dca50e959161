public import PluginCore
internal import PluginLoader

/// By what a host decides whether a plugin gets what its manifest asks for.
public enum PermissionPolicy: Sendable, Hashable {
    /// Nobody is asked: requests are shown, and nothing is refused.
    case unenforced
    /// What this policy grants.
    case granted(GrantPolicy)
    /// What these files grant at the time when a plugin is loaded. While there is none, nobody is asked.
    case kept(PermissionFiles)

    /// nil if nobody is asked.
    /// - Throws: if files cannot be read: nothing is granted then.
    public func policy() throws(PluginError) -> GrantPolicy? {
        switch self {
        case .unenforced: nil
        case .granted(let policy): policy
        case .kept(let files): try files.read()
        }
    }
}

extension PluginHost {
    /// What the operator's policy says to everything that a manifest asks for. Blocks while files are read.
    ///
    /// A plugin that lacks something required is not loaded. What a plugin in this process *does* is not watched: it has
    /// the rights of the process.
    /// - Parameter dataFolder: of the instance; relative paths are below it.
    /// - Throws: if the policy cannot be read.
    public func permissions(
        of manifest: Manifest, dataFolder: String? = nil
    ) throws(PluginError) -> PermissionDecision {
        guard let policy = try configuration.permissions.policy() else {
            return PermissionDecision(manifest, dataFolder: dataFolder) { _ in .unasked }
        }
        return policy.decision(for: manifest, dataFolder: dataFolder)
    }

    /// - Throws: `permissionDenied` with what is missing.
    func requirePermissions(_ prepared: PreparedPlugin, dataFolder: String?) throws(PluginError) {
        // A file that is refused says why when it is loaded; what it asks for does not matter.
        guard prepared.verification.isLoadable, let manifest = prepared.manifest else { return }
        var file: String?
        if case .kept(let files) = configuration.permissions, files.isRequired { file = files.own }
        try permissions(of: manifest, dataFolder: dataFolder).requireGranted(file: file)
    }
}
