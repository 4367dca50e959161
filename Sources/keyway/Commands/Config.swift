internal import ArgumentParser
internal import PluginHost

/// The commands about how plugins are configured.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show and change how plugins are configured.",
        discussion: """
            Each source is over those before it: defaults of the plugin's schema, defaults of its manifest, what the manifest says \
            for the environment, the plugin's file in the configuration folder, and variables KEYWAY_CONFIG_<ID>__<KEY>.

            A value {"$secret": "env:NAME"} or {"$secret": "file:/PATH"} stands for a secret. What is printed, written and exported \
            is always the reference.
            """,
        subcommands: [
            ConfigShow.self, ConfigSet.self, ConfigUnset.self, ConfigValidate.self, ConfigSample.self,
            ConfigExport.self,
            ConfigImport.self,
        ])
}

/// Where configurations are, and for which environment.
struct ConfigurationFolderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Folder of the plugins' configurations; KEYWAY_CONFIG_DIR, or else $XDG_CONFIG_HOME/keyway/plugins, unless said otherwise.
            """, valueName: "folder"))
    var configDir: String?

    @Option(
        help: ArgumentHelp(
            "Environment, such as production, for which manifests may have values; KEYWAY_ENV unless said otherwise.",
            valueName: "name"))
    var environment: String?

    func validate() throws {
        if configDir == "" { throw ValidationError("--config-dir names no folder.") }
        if environment == "" { throw ValidationError("--environment has no name.") }
    }

    /// nil if there is no home folder and none is named.
    var folder: ConfigurationFolder? {
        let named = configDir ?? Environment.value("KEYWAY_CONFIG_DIR").flatMap { $0.isEmpty ? nil : $0 }
        return (named ?? Environment.configurationFolder.map { "\($0)/plugins" }).map { ConfigurationFolder($0) }
    }

    func configurator() throws(PluginError) -> PluginConfigurator { .system(folder: folder, environment: environment) }
}

/// What the commands about configurations take.
struct ConfigOptions: ParsableArguments {
    @OptionGroup var place: ConfigurationFolderOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    /// - Throws: if there is no home folder and none is named.
    func folder() throws(PluginError) -> ConfigurationFolder {
        if let folder = place.folder { return folder }
        throw PluginError(
            .configuration,
            "there is no folder of configurations: neither KEYWAY_CONFIG_DIR nor XDG_CONFIG_HOME nor HOME is set",
            remedy: "Name one with --config-dir")
    }

    func configurator() throws(PluginError) -> PluginConfigurator {
        .system(folder: try folder(), environment: place.environment)
    }

    func plugins() -> ConfiguredPlugins { ConfiguredPlugins(host: host.host(onlyNamed: true)) }
}

/// Installed plugins, for their schemas. Nothing of them runs.
struct ConfiguredPlugins {
    let host: PluginHost

    /// A plugin and the folder it is installed in.
    struct Plugin {
        let manifest: Manifest
        let package: String

        init(_ installed: InstalledManifest) {
            manifest = installed.manifest
            package = installed.file.lastIndex(of: "/").map { String(installed.file[..<$0]) } ?? "."
        }
    }

    /// By id, by name, or by file.
    /// - Throws: `notFound` with the name that may be meant.
    func plugin(_ name: String) throws(PluginError) -> Plugin {
        do throws(PluginError) {
            return Plugin(try InstalledManifest(name, host))
        } catch {
            guard error.code == .notFound, case .names(let known) = error.facts else { throw error }
            let ids = try InstalledManifest.all(host).map(\.manifest.id)
            throw PluginError(
                error.code, error.what + Suggestion.text(name, in: Set(known + ids).sorted()), remedy: error.remedy,
                facts: error.facts, plugin: error.plugin, stage: error.stage)
        }
    }
}

/// What is wrong with a configuration, as the commands print it.
enum ConfigProblems {
    static func json(_ problems: [ConfigurationProblem]) -> JSON { .array(problems.map(\.json)) }

    static func show(_ problems: [ConfigurationProblem]) {
        for problem in problems { Console.print("\(problem.severity.rawValue): \(problem)".visible) }
    }
}
