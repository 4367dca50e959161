internal import CPluginLinux
public import PluginCore

/// Makes the configurations of plugins from their manifests and from what operators say.
///
///     let configurator = PluginConfigurator.system(folder: ConfigurationFolder("/etc/my-server/plugins"))
///     let effective = try configurator.effective(manifest, package: "/usr/lib/keyway/plugins")
///     let resolved = try effective.resolved(by: SystemSecrets())
///
/// Each source is over those before it: defaults of the schema, defaults of the manifest, what the manifest says for the
/// environment, the plugin's file, variables, and what the program says. A value; safe from any thread. Nothing is kept between
/// calls: each reads the files as they are.
public struct PluginConfigurator: Sendable {
    /// Where operators' files are; nil for none.
    public var folder: ConfigurationFolder?
    /// Such as "production": chooses among what a manifest has for environments.
    public var environment: String?
    /// Variables by name; see ``ConfigurationVariables``.
    public var variables: [String: String]

    public init(folder: ConfigurationFolder? = nil, environment: String? = nil, variables: [String: String] = [:]) {
        self.folder = folder
        self.environment = environment
        self.variables = variables
    }

    /// With the environment and the variables of this process: `KEYWAY_ENV`, unless one is named, and `KEYWAY_CONFIG_*`. A
    /// privileged process has none (secure_getenv(3)).
    public static func system(folder: ConfigurationFolder?, environment: String? = nil) -> PluginConfigurator {
        var variables: [String: String] = [:]
        var entry = unsafe kwl_secure_environment()
        while let text = unsafe entry?.pointee {
            let words = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if words.count == 2 { variables[String(words[0])] = String(words[1]) }
            unsafe entry = entry?.successor()
        }
        let named = variables["KEYWAY_ENV"].flatMap { $0.isEmpty ? nil : $0 }
        return PluginConfigurator(
            folder: folder, environment: environment ?? named,
            variables: variables.filter { $0.key.hasPrefix(ConfigurationVariables.prefix) })
    }

    // MARK: - Configurations

    /// What an operator's file says, or would say.
    public enum Proposal: Sendable {
        /// What the folder has.
        case kept
        /// A file in its place.
        case file(ConfigurationFile)
        /// Values in its place.
        case values(JSON)
    }

    /// The configuration of a plugin, with what is wrong with it.
    ///
    /// - Parameters:
    ///   - package: the folder that the plugin's file is in, for a schema and defaults in files of their own; nil if there is none.
    ///   - proposal: to see what would come of a file before it is written.
    ///   - explicit: over everything else; an object, or null for nothing.
    /// - Throws: ``PluginError`` if a file cannot be read or holds no object, or the schema cannot be used. What does not conform
    ///   is a problem of the result.
    public func effective(
        _ manifest: Manifest, package: String?, proposal: Proposal = .kept, explicit: JSON = .null
    ) throws(PluginError) -> EffectiveConfiguration {
        let own = manifest.configuration
        let schema = try schema(of: manifest, package: package)
        var layers: [ConfigurationLayer] = []
        if let (defaults, source) = try document(own.defaults, "defaults", of: manifest, package) {
            layers.append(ConfigurationLayer(.manifestDefault, source: source, defaults))
        }
        if let environment, let overrides = own.environments[environment] {
            layers.append(ConfigurationLayer(.manifestEnvironment, source: "the manifest's \(environment)", overrides))
        }
        let file: ConfigurationFile?
        switch proposal {
        case .kept: file = try folder?.read(manifest.id)
        case .file(let proposed): file = proposed
        case .values(let values):
            file = nil
            let source = folder?.file(manifest.id) ?? "the proposed file"
            layers.append(ConfigurationLayer(.file, source: source, values))
        }
        if let file { layers.append(ConfigurationLayer(.file, source: file.path, file.value)) }
        let (variables, problems) = ConfigurationVariables.layers(
            variables, plugin: manifest.id, schema: schema, severity: own.isStrict ? .error : .warning)
        layers += variables
        if explicit != .null { layers.append(ConfigurationLayer(.explicit, source: "the program", explicit)) }
        var effective = EffectiveConfiguration(
            plugin: manifest.id, layers: try ConfigurationLayers(layers, schema: schema), schema: schema,
            isStrict: own.isStrict, allowsAdditionalProperties: own.allowsAdditionalProperties, problems: problems)
        if let file {
            let places = effective.problems.indices.filter { effective.problems[$0].layer == .file }
            let positions = file.positions(of: places.map { effective.problems[$0].pointer })
            for (index, position) in zip(places, positions) { effective.problems[index].position = position }
        }
        return effective
    }

    /// The schema of a plugin's configuration; nil if it has none.
    /// - Throws: `configuration` if it is in a file that cannot be read, or cannot be used.
    public func schema(of manifest: Manifest, package: String?) throws(PluginError) -> ConfigurationSchema? {
        guard let (document, source) = try document(manifest.configuration.schema, "schema", of: manifest, package)
        else {
            return nil
        }
        do throws(PluginError) {
            return try ConfigurationSchema(document, source: source)
        } catch {
            throw PluginError(error.code, error.what, remedy: error.remedy, facts: error.facts, plugin: manifest.id)
        }
    }

    /// What the manifest has for an operator to begin with; nil if it has no schema.
    public func sample(of manifest: Manifest, package: String?) throws(PluginError) -> ConfigurationSample? {
        guard let schema = try schema(of: manifest, package: package) else { return nil }
        let defaults = try document(manifest.configuration.defaults, "defaults", of: manifest, package)
        return ConfigurationSample(schema, defaults: defaults?.0 ?? [:])
    }

    /// A part of the manifest with its source, read from its file if it has one.
    private func document(
        _ source: ManifestConfiguration.Source?, _ part: String, of manifest: Manifest, _ package: String?
    ) throws(PluginError) -> (JSON, String)? {
        guard case .file(let path) = source else {
            return source?.inlineValue.map { ($0, part == "schema" ? "the schema" : "the manifest") }
        }
        guard let package else {
            throw PluginError(
                .configuration, "the \(part) of the configuration is in \(path), and the plugin has no folder",
                remedy: "Put the \(part) into the manifest", plugin: manifest.id)
        }
        let file = "\(package)/\(path)"
        do throws(PluginError) {
            return (try ManifestSource(reading: file).document, file)
        } catch {
            let problem = error.code == .notFound ? "is not there" : "is wrong: \(error.what)"
            throw PluginError(
                .configuration, "the \(part) of the configuration, \(file), \(problem)",
                remedy: "Install the plugin with all of its files", facts: .file(path: file), plugin: manifest.id)
        }
    }
}
