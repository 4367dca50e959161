internal import ArgumentParser
internal import PluginHost

struct ConfigSample: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Print a configuration to begin with.",
        discussion: """
            It has what the plugin's schema requires, and its defaults and examples. In TOML it says what each value is, and \
            what is not needed is commented out.
            """)

    @Argument(help: "A plugin's id, name or file.")
    var plugin: String

    @Flag(help: "Print TOML with remarks.")
    var toml = false

    @OptionGroup var options: ConfigOptions

    func validate() throws {
        if toml, options.output.json { throw ValidationError("--toml and --json are two formats.") }
    }

    func run() async throws {
        let plugin = try options.plugins().plugin(plugin)
        let configurator = PluginConfigurator(environment: options.place.environment)
        guard let sample = try configurator.sample(of: plugin.manifest, package: plugin.package) else {
            throw PluginError(
                .unsupported, "has no schema of its configuration, and takes what it likes",
                remedy: "See its author's documentation", plugin: plugin.manifest.id)
        }
        if toml {
            Console.print(sample.toml, terminator: "")
        } else if options.output.json {
            Console.print(json: sample.json)
        } else {
            Console.print(sample.json.prettyText)
        }
        let effective = try configurator.effective(
            plugin.manifest, package: plugin.package, proposal: .values(sample.json))
        // Forms and bounds that no sample can know.
        for problem in effective.problems where problem.severity == .error {
            Console.error("keyway: note: \(problem.pointer) needs a value of yours: it \(problem.message).".visible)
        }
    }
}

/// One document with what operators say of several plugins.
struct ConfigDocument {
    static let kind = "configurations"
    static let version: Int64 = 1

    /// By the plugins' ids.
    var plugins: [String: JSON]

    init(_ plugins: [String: JSON]) { self.plugins = plugins }

    var json: JSON { ["keyway": .string(Self.kind), "version": .int(Self.version), "plugins": .object(plugins)] }

    init(_ json: JSON, what: String) throws(PluginError) {
        guard json["keyway"] == .string(Self.kind), json["version"]?.intValue == Self.version,
            let plugins = json["plugins"]?.objectValue, json.objectValue?.count == 3
        else {
            throw PluginError(
                .configuration, "\(what) is not what `keyway config export` writes",
                remedy: #"Write {"keyway": "configurations", "version": 1, "plugins": {"ID": {...}}}"#)
        }
        self.plugins = plugins
    }
}

struct ConfigExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print what the files say of plugins as one JSON document.",
        discussion: "Secrets are exported as references. Plugins need not be installed.")

    @Argument(help: "Ids of plugins; every one that has a file unless some are named.")
    var plugins: [String] = []

    @Flag(help: "Export text as well that a plugin's schema says is secret, and that no reference stands for.")
    var plainSecrets = false

    @OptionGroup var options: ConfigOptions

    func run() async throws {
        let folder = try options.folder()
        let known = try folder.plugins()
        let installed = try InstalledManifest.all(options.plugins().host)
        var exported: [String: JSON] = [:]
        for id in plugins.isEmpty ? known : plugins {
            guard let file = try folder.read(id) else {
                throw PluginError(
                    .notFound, "there is no configuration of \(id) in \(folder.path)\(Suggestion.text(id, in: known))",
                    remedy: known.isEmpty
                        ? "Set one with `keyway config set`" : "There are \(known.joined(separator: ", "))",
                    facts: .names(known), plugin: id)
            }
            if !plainSecrets, let installed = installed.first(where: { $0.manifest.id == id }) {
                try requireReferences(.init(installed), folder)
            }
            exported[id] = file.value
        }
        let document = ConfigDocument(exported).json
        Console.print(options.output.json ? document.text : document.prettyText)
    }

    private func requireReferences(
        _ plugin: ConfiguredPlugins.Plugin, _ folder: ConfigurationFolder
    ) throws(PluginError) {
        let configurator = PluginConfigurator(folder: folder)
        let places = try configurator.effective(plugin.manifest, package: plugin.package).secretsInTheOpen
        guard places?.isEmpty != true else { return }
        let names = places?.map(\.pointer) ?? []
        throw PluginError(
            .configuration,
            names.isEmpty
                ? "may hold secrets" : "\(names.prefix(5).joined(separator: ", ")) is secret, and stands in the open",
            remedy: #"Set {"$secret": "env:NAME"} there, or export it with --plain-secrets"#, facts: .names(names),
            plugin: plugin.manifest.id)
    }
}

struct ConfigImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Put what was exported into the files of plugins.",
        discussion: """
            The file of each plugin that the document has is replaced. All of it is validated first; if anything is wrong, \
            nothing is changed.
            """)

    @Argument(help: "A file that export wrote; - for standard input.")
    var file: String

    @OptionGroup var options: ConfigOptions

    func run() async throws {
        let folder = try options.folder()
        let configurator = try options.configurator()
        let installed = options.plugins()
        let what = file == "-" ? "standard input" : file
        let text = try InputFile.read(file, limit: 64 << 20)
        let document = try ConfigDocument(JSON(parsing: text, what: what), what: what)
        let ids = document.plugins.keys.sorted()
        for id in ids {
            let plugin = try installed.plugin(id)
            guard plugin.manifest.id == id else {
                throw PluginError(
                    .notFound, "there is no plugin with the id \(id), only one of another id, \(plugin.manifest.id)",
                    remedy: "Write ids", plugin: id)
            }
            try folder.requireWritable(id)
            let values = document.plugins[id] ?? [:]
            try configurator.effective(plugin.manifest, package: plugin.package, proposal: .values(values))
                .requireAcceptable()
        }
        try write(document, ids, folder)
        if options.output.json {
            Console.print(json: ["imported": .array(ids.map(JSON.string)), "folder": .string(folder.path)])
        } else {
            Console.print("Imported \(ids.isEmpty ? "nothing" : ids.joined(separator: ", ")).".visible)
        }
    }

    /// If the disk is full in the middle, what was changed is put back.
    private func write(_ document: ConfigDocument, _ ids: [String], _ folder: ConfigurationFolder) throws(PluginError) {
        var before: [(id: String, value: JSON)] = []
        do throws(PluginError) {
            for id in ids {
                try folder.update(id) { old throws(PluginError) in
                    before.append((id, old))
                    return document.plugins[id] ?? [:]
                }
            }
        } catch {
            for (id, value) in before.reversed() { try? folder.update(id) { _ throws(PluginError) in value } }
            throw error
        }
    }
}
