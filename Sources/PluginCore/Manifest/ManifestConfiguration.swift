/// How a plugin is configured.
public struct ManifestConfiguration: Sendable, Hashable {
    /// A part of the manifest that stands in it, or in another file of the package.
    public enum Source: Sendable, Hashable {
        case inline(JSON)
        /// Relative to the manifest's folder, below it.
        case file(String)

        /// nil if it stands in another file.
        public var inlineValue: JSON? {
            if case .inline(let value) = self { value } else { nil }
        }

        var json: JSON {
            switch self {
            case .inline(let value): value
            case .file(let path): .string(path)
            }
        }
    }

    /// JSON Schema of the configuration.
    public var schema: Source?
    /// What holds where an operator says nothing: an object.
    public var defaults: Source?
    /// What goes over the defaults in an environment, such as "production"; each an object.
    public var environments: [String: JSON] = [:]
    /// Is a configuration that does not conform to the schema refused, and not only warned about?
    public var isStrict = true
    /// May there be members that the schema does not name? nil leaves it to the schema.
    public var allowsAdditionalProperties: Bool?
    /// Can the running plugin take a new configuration? If not, a change of it swaps the plugin.
    public var isHotReloadable = true

    public init() {}

    /// What is said; nothing of what is not.
    public var json: JSON {
        var members: [String: JSON] = [:]
        if let schema { members["schema"] = schema.json }
        if let defaults { members["defaults"] = defaults.json }
        if !environments.isEmpty { members["environments"] = .object(environments) }
        if !isStrict { members["strict"] = false }
        if let allowsAdditionalProperties { members["additionalProperties"] = .bool(allowsAdditionalProperties) }
        if !isHotReloadable { members["hotReload"] = false }
        return .object(members)
    }
}

extension ManifestReader {
    /// - Parameter configSchema: the same as the member `schema` of the configuration.
    mutating func configuration(_ value: ManifestValue?, _ configSchema: ManifestValue?) -> ManifestConfiguration {
        var configuration = ManifestConfiguration()
        if let members = value?.json.objectValue, Self.isSchema(members) {
            configuration.schema = value.flatMap { schema($0) }.map(ManifestConfiguration.Source.inline)
        } else if let object = object(value, .configuration) {
            configuration.schema = source(object["schema"], orBoolean: true)
            configuration.defaults = source(object["defaults", "default"], orBoolean: false)
            configuration.environments = environments(object["environments", "environment"])
            configuration.isHotReloadable = flag(object["hotReload", "hot_reload"]) ?? true
            let validation = self.object(object["validation"], .validation)
            configuration.isStrict = flag(object["strict"] ?? validation?["strict"]) ?? true
            configuration.allowsAdditionalProperties = flag(
                object["additionalProperties"] ?? validation?["additionalProperties"])
        }
        if let configSchema {
            if configuration.schema != nil {
                error(configSchema.pointer, "says again what the schema of the configuration says")
            } else {
                configuration.schema = schema(configSchema).map(ManifestConfiguration.Source.inline)
            }
        }
        return configuration
    }

    /// Is the object a schema itself, and not an object that has one?
    private static func isSchema(_ members: [String: JSON]) -> Bool {
        guard members["schema"] == nil else { return false }
        return members["properties"]?.objectValue != nil || members["$schema"] != nil || members["type"] == "object"
    }

    private mutating func environments(_ value: ManifestValue?) -> [String: JSON] {
        var environments: [String: JSON] = [:]
        for (name, overrides) in object(value)?.sorted ?? [] where object(overrides) != nil {
            environments[name] = overrides.json
        }
        return environments
    }

    private mutating func source(_ value: ManifestValue?, orBoolean: Bool) -> ManifestConfiguration.Source? {
        guard let value else { return nil }
        if value.json.stringValue != nil { return path(value).map(ManifestConfiguration.Source.file) }
        guard value.json.objectValue != nil || orBoolean && value.json.boolValue != nil else {
            let wanted = orBoolean ? "a JSON Schema" : "an object"
            error(value.pointer, "must be \(wanted), or the path of a file with one, but is \(value.json.typeName)")
            return nil
        }
        return .inline(value.json)
    }

    /// A path below the manifest's folder, without "." in it.
    mutating func path(_ value: ManifestValue?) -> String? {
        guard let text = string(value), let value else { return nil }
        let parts = text.split(separator: "/").filter { $0 != "." }
        guard !text.hasPrefix("/"), !parts.isEmpty, !parts.contains(".."), !text.utf8.contains(0) else {
            error(value.pointer, "must be a path below the folder of the manifest, but is \(value.json.brief)")
            return nil
        }
        return parts.joined(separator: "/")
    }
}
