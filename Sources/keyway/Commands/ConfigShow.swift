internal import ArgumentParser
internal import PluginHost

struct ConfigShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a plugin's configuration, and where each value comes from.")

    @Argument(help: "A plugin's id, name or file.")
    var plugin: String

    @OptionGroup var options: ConfigOptions

    func run() async throws {
        let configurator = try options.configurator()
        let plugin = try options.plugins().plugin(plugin)
        let effective = try configurator.effective(plugin.manifest, package: plugin.package)
        let shown = effective.shown
        let file = try configurator.folder?.read(plugin.manifest.id)
        if options.output.json {
            let origins = effective.layers.leaves.map { leaf in
                (leaf.path.pointer, Self.json(leaf.origin))
            }
            Console.print(
                json: [
                    "plugin": .string(plugin.manifest.id), "version": .string("\(plugin.manifest.version)"),
                    "environment": .optional(configurator.environment, JSON.string),
                    "file": .optional(file) { .string($0.path) }, "configuration": shown,
                    "origins": .object(Dictionary(origins) { first, _ in first }),
                    "hotReload": .bool(plugin.manifest.configuration.isHotReloadable),
                    "valid": .bool(effective.isAcceptable), "problems": ConfigProblems.json(effective.problems),
                ])
            return
        }
        let rows = effective.layers.leaves.map { leaf in
            [Self.name(leaf.path), (leaf.path.value(in: shown) ?? "(hidden)").text, Self.text(leaf.origin)]
        }
        if rows.isEmpty { Console.print("\(plugin.manifest.id) has no configuration.".visible) }
        for line in TextTable.lines(rows) { Console.print(line) }
        ConfigProblems.show(effective.problems)
    }

    /// With dots where that can be read back.
    private static func name(_ path: ConfigurationPath) -> String {
        path.keys.contains { $0.isEmpty || $0.contains(".") || $0.hasPrefix("/") }
            ? path.pointer : path.keys.joined(separator: ".")
    }

    private static func json(_ origin: ConfigurationLayer?) -> JSON {
        .optional(origin) { ["layer": .string($0.kind.rawValue), "source": .string($0.source)] }
    }

    private static func text(_ origin: ConfigurationLayer?) -> String {
        guard let origin else { return "" }
        return switch origin.kind {
        case .schemaDefault: "default of the schema"
        case .manifestDefault: "default of the manifest"
        case .manifestEnvironment, .file, .variable, .explicit: origin.source
        }
    }
}

struct ConfigValidate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Say everything that is wrong with a plugin's configuration, and where.",
        discussion: "Exits 0 if the plugin can get it, 1 if not. Warnings keep it from nothing.")

    @Argument(help: "A plugin's id, name or file.")
    var plugin: String

    @Argument(help: "A .json or .toml file in place of the plugin's own; - for JSON from standard input.")
    var file: String?

    @Flag(help: "See as well whether every secret is there. They are read, and not shown.")
    var secrets = false

    @OptionGroup var options: ConfigOptions

    func run() async throws {
        let plugin = try options.plugins().plugin(plugin)
        let effective = try options.configurator().effective(
            plugin.manifest, package: plugin.package, proposal: try proposal())
        var problems = effective.problems
        if secrets, effective.isAcceptable {
            do throws(PluginError) {
                _ = try effective.resolved(by: SystemSecrets())
            } catch {
                problems.append(ConfigurationProblem(.error, "", "is refused: \(error.what)"))
            }
        }
        let isValid = !problems.contains { $0.severity == .error }
        if options.output.json {
            Console.print(
                json: [
                    "plugin": .string(plugin.manifest.id), "valid": .bool(isValid),
                    "problems": ConfigProblems.json(problems),
                ])
        } else {
            ConfigProblems.show(problems)
            if isValid { Console.print("The configuration of \(plugin.manifest.id) is valid.".visible) }
        }
        if !isValid { throw ExitCode(1) }
    }

    private func proposal() throws(PluginError) -> PluginConfigurator.Proposal {
        guard let file else { return .kept }
        guard file == "-" else { return .file(try ConfigurationFile(reading: file, isTrusted: false)) }
        let text = try InputFile.read(file, limit: ConfigurationFile.sizeLimit)
        return .file(try ConfigurationFile(text, .json, path: "standard input"))
    }
}
