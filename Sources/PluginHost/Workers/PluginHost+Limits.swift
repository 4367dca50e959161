public import PluginCore
internal import PluginLoader
internal import Synchronization

extension PluginHost {
    /// Changes what the calls and workers of a plugin may use while it lives, as if every call said so; a ceiling of the
    /// operator's stays. What is not in the set stays as it is. It holds until the host ends.
    ///
    /// Where limits of processes become lower, a worker that nobody calls loads the plugin within them first. This blocks its
    /// thread for as long, some milliseconds with most plugins, and 30 seconds at most.
    /// A first limit on disks looks at all of its folders before it holds, which takes longer the more files are in them.
    /// Calls that run go on with their limits. Workers get limits of the kernel at once; where it does not let this user raise
    /// one, they are replaced when their calls have ended.
    /// - Returns: what holds now.
    /// - Throws: `invalidArgument` for a kind that nothing enforces, `notFound` if there is no such plugin, `unsupported` if it
    ///   runs in this process, where nothing limits it. What the plugin cannot be loaded within is thrown as by a load, such as
    ///   `memoryLimit`, and nothing has changed.
    @discardableResult
    public func setLimits(_ limits: LimitSet, of name: String) throws(PluginError) -> EffectiveLimits {
        if let kind = LimitKind.allCases.first(where: { limits[$0] != nil && !$0.holdsInWorkers }) {
            let kinds = LimitKind.allCases.filter(\.holdsInWorkers).map(\.rawValue)
            throw PluginError(
                .invalidArgument, "nothing enforces a limit on \(kind.rawValue)",
                remedy: "What can be limited is \(kinds.joined(separator: ", "))", facts: .names([kind.rawValue]))
        }
        let supervisor = try supervisor(name)
        let plugin = try plugin(name)
        guard plugin.limits != nil else {
            throw PluginError(
                .unsupported, "\(name) runs in the host's own process, where nothing limits it",
                remedy: "Have it run in a worker", plugin: name)
        }
        let (manifest, name) = (plugin.loaded.manifest, supervisor.name)
        // One change after the other: what is tried is what holds then.
        return try tiers.changes.withLock { _ throws(PluginError) in
            try plugin.rehearse(tiers.limits(changing: limits, for: manifest, named: name))
            let effective = tiers.change(limits, for: manifest, named: name)
            _ = plugin.adopt(effective)
            return effective
        }
    }
}

extension EffectiveLimits {
    /// `[{"kind","value","unit","source","setBy"}]`, each as in errors (``EffectiveLimit/facts(by:)``).
    public var json: JSON { .array(all.compactMap { $0.facts().members["limit"] }) }
}
