/// One thing that a plugin needs beside itself, as its manifest states it.
public struct PluginDependency: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Another plugin, or a name that one provides.
        case plugin
        /// A shared library, named by its SONAME. Its file decides whether it is there; a version is in the name.
        case library
    }

    public enum Scope: String, Sendable, CaseIterable {
        /// Needed while the plugin runs.
        case runtime
        /// The plugin extends it or works beside it. Here, where one version of a plugin is loaded for everybody, a
        /// required peer is what a runtime dependency is; an optional one is not fetched, but must fit if it is there.
        case peer
        /// Needed to build and test the plugin, never to load it.
        case development
    }

    public var name: String
    public var range: VersionRange
    public var kind: Kind
    public var scope: Scope
    /// The plugin works without it.
    public var isOptional: Bool

    public init(
        _ name: String, _ range: VersionRange = .any, kind: Kind = .plugin, scope: Scope = .runtime,
        isOptional: Bool = false
    ) {
        self.name = name
        self.range = range
        self.kind = kind
        self.scope = scope
        self.isOptional = isOptional
    }
}

/// Everything that a manifest says about other plugins.
public struct PluginRelations: Sendable, Hashable {
    /// A plugin, or whoever provides the name, that must not be loaded beside.
    public struct Exclusion: Sendable, Hashable {
        public var name: String
        public var range: VersionRange

        public init(_ name: String, _ range: VersionRange = .any) {
            self.name = name
            self.range = range
        }
    }

    /// A name that the plugin answers to besides its id.
    public struct Provision: Sendable, Hashable {
        public var name: String
        /// nil fits only those who take any version.
        public var version: SemanticVersion?

        public init(_ name: String, _ version: SemanticVersion? = nil) {
            self.name = name
            self.version = version
        }
    }

    /// By name; at most one for a name and scope.
    public var dependencies: [PluginDependency]
    public var conflicts: [Exclusion]
    public var provides: [Provision]

    public init(
        dependencies: [PluginDependency] = [], conflicts: [Exclusion] = [], provides: [Provision] = []
    ) {
        self.dependencies = dependencies
        self.conflicts = conflicts
        self.provides = provides
    }
}
