/// The plugins to load: one version of each id, everything that is needed among them.
public struct Resolution: Sendable, Hashable {
    /// A dependency and the plugin that meets it.
    public struct Link: Sendable, Hashable {
        public var dependent: String
        /// Id of the plugin that was chosen.
        public var target: String
        public var dependency: PluginDependency
        /// Is the target loaded first? Only an optional dependency in a circle does without.
        public var isOrdered: Bool
    }

    /// In the order in which they are to be loaded: dependencies first, then by id.
    public let plugins: [PluginCandidate]
    /// By dependent, then by name.
    public let links: [Link]
    /// Optional dependencies that are there in a version that does not fit.
    public let warnings: [DependencyConflict]

    /// The chosen version of a plugin.
    public subscript(id: String) -> PluginCandidate? { plugins.first { $0.id == id } }

    /// What meets the dependencies of a plugin.
    public func dependencies(of id: String) -> [Link] { links.filter { $0.dependent == id } }

    /// Who needs a plugin.
    public func dependents(of id: String) -> [Link] { links.filter { $0.target == id } }

    /// Ids of all that would lack something without the plugin, those included that need it through others; optional
    /// dependencies do not count.
    public func transitiveDependents(of id: String) -> [String] {
        let required = Dictionary(grouping: links.filter { !$0.dependency.isOptional }, by: \.target)
        var found: Set<String> = []
        var pending = [id]
        while let next = pending.popLast() {
            for link in required[next] ?? [] where found.insert(link.dependent).inserted {
                pending.append(link.dependent)
            }
        }
        return found.subtracting([id]).sorted()
    }

    /// SONAMEs of the libraries that the plugins name, each with the ids of those who need it. Whether they are there is
    /// seen from the files.
    public var libraries: [String: [String]] {
        var libraries: [String: [String]] = [:]
        for plugin in plugins.sorted(by: PluginCandidate.comesBefore) {
            let needed = plugin.relations.dependencies.filter { $0.kind == .library && $0.scope != .development }
            for name in Set(needed.map(\.name)) { libraries[name, default: []].append(plugin.id) }
        }
        return libraries
    }
}
