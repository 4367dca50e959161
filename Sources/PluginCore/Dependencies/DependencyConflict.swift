/// Why plugins cannot be loaded together, or one of them goes without something optional.
public struct DependencyConflict: Sendable, Hashable {
    public enum Severity: String, Sendable {
        /// Nothing can be loaded so.
        case error
        /// A plugin goes without an optional dependency.
        case warning
    }

    /// Id of the plugin whose demand is not met; nil for the one who asks for plugins, whom ``json`` calls "host".
    public var plugin1: String?
    /// Id of the plugin that stands against it; nil where something is missing.
    public var plugin2: String?
    /// The name that both speak of.
    public var dependency: String
    /// What `plugin1` takes of it.
    public var version1: String?
    /// What `plugin2` takes of it, or what is there instead.
    public var version2: String?
    public var severity: Severity
    /// What is the case, without a final full stop.
    public var message: String
    /// What a person can do, as a sentence without a final full stop.
    public var resolution: String
    /// From what was asked for down to the name: "x 1.0.0", "a 1.0.0", "b ^2".
    public var chain: [String]

    /// Who asks for plugins without being one.
    package static let host = "host"

    package init(
        plugin1: String?, plugin2: String?, dependency: String, version1: String?, version2: String?,
        severity: Severity, message: String, resolution: String, chain: [String]
    ) {
        (self.plugin1, self.plugin2, self.dependency) = (plugin1, plugin2, dependency)
        (self.version1, self.version2, self.severity) = (version1, version2, severity)
        (self.message, self.resolution, self.chain) = (message, resolution, chain)
    }

    public var json: JSON {
        [
            "plugin1": .string(plugin1 ?? Self.host), "plugin2": .optional(plugin2, JSON.string),
            "dependency": .string(dependency), "version1": .optional(version1, JSON.string),
            "version2": .optional(version2, JSON.string), "severity": .string(severity.rawValue),
            "message": .string(message), "resolution": .string(resolution),
            "chain": .array(chain.map(JSON.string)),
        ]
    }
}

/// Why there is no set of plugins to load: what is behind a ``PluginError`` with code `dependency`, as its `underlying`.
public struct ResolutionFailure: Error, Sendable, Hashable {
    /// A name for which a person has to choose.
    public struct Choice: Sendable, Hashable {
        public var name: String
        /// "b 1.4.2", "b 2.0.1": the newest first.
        public var candidates: [String]
    }

    /// What stands against each other; empty if something else is the reason.
    public var conflicts: [DependencyConflict]
    /// With the strategies strict and manual: what several candidates fit.
    public var choices: [Choice]
    /// Plugins that need each other in a circle, the first one again at the end; or empty.
    public var cycle: [String]

    public init(conflicts: [DependencyConflict] = [], choices: [Choice] = [], cycle: [String] = []) {
        self.conflicts = conflicts
        self.choices = choices
        self.cycle = cycle
    }

    public var json: JSON {
        [
            "conflicts": .array(conflicts.map(\.json)),
            "choices": .array(
                choices.map { ["name": .string($0.name), "candidates": .array($0.candidates.map(JSON.string))] }),
            "cycle": .array(cycle.map(JSON.string)),
        ]
    }
}
