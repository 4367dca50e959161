internal import ArgumentParser
internal import PluginHost

struct CallAdapter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call-adapter",
        abstract: "Call one operation of a plugin and print what it replies.",
        discussion: """
            What a plugin cannot do itself, the host does: it divides batches that are larger than the plugin takes, applies \
            filters that it does not know, and tries calls of embedders and providers again that may succeed later.
            """,
        groupedSubcommands: [
            CommandGroup(name: "Embedder", subcommands: [CallEmbed.self]),
            CommandGroup(
                name: "Vector backend",
                subcommands: [
                    CallUpsert.self, CallQuery.self, CallGet.self, CallScan.self, CallCount.self, CallUpdate.self,
                    CallRemove.self, CallRepositories.self, CallEnsure.self, CallWipe.self, CallFlush.self,
                    CallSnapshot.self, CallRestore.self,
                ]),
            CommandGroup(
                name: "Model provider", subcommands: [CallGenerate.self, CallModels.self, CallPrewarm.self]),
            CommandGroup(name: "Embedder or model provider", subcommands: [CallCountTokens.self]),
            CommandGroup(
                name: "Tool executor",
                subcommands: [CallExecute.self, CallEvaluate.self, CallTools.self, CallEnforceable.self]),
        ])
}

/// What every call of an adapter takes.
struct AdapterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The plugin's file, or its name.", valueName: "file|name"))
    var plugin: String

    @Option(help: ArgumentHelp("Its configuration: a JSON object, or @FILE.", valueName: "json"))
    var config: String?

    @Option(help: ArgumentHelp("A folder in which it keeps its data.", valueName: "folder"))
    var data: String?

    @OptionGroup var host: LoadOptions
    @OptionGroup var output: OutputOptions

    /// Loads the plugin, has the body call it, and shuts it down, also after an error.
    func withPlugin(runsPrograms: Bool = false, _ body: (NativePlugin) async throws -> Void) async throws {
        let host = try host.host(runsPrograms: runsPrograms)
        let configuration = try config.map { text throws(PluginError) in
            try JSONOption.parse(text, what: "the configuration")
        }
        let loaded = try await host.load(plugin, configuration: configuration ?? .null, dataFolder: data)
        self.host.noteTiers(in: host, output)
        do {
            try await body(loaded)
        } catch {
            await host.shutdown()
            throw error
        }
        await host.shutdown()
    }
}
