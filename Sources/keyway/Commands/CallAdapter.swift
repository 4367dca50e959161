internal import ArgumentParser
internal import PluginHost

struct CallAdapter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call-adapter",
        abstract: "Call one operation of a plugin and print what it replies.",
        subcommands: [
            CallEmbed.self, CallUpsert.self, CallQuery.self, CallGenerate.self, CallExecute.self,
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

    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    /// Loads the plugin, has the body call it, and shuts it down, also after an error.
    func withPlugin(_ body: (NativePlugin) async throws -> Void) async throws {
        let host = host.host()
        let configuration = try config.map { text throws(PluginError) in
            try JSONOption.parse(text, what: "the configuration")
        }
        let loaded = try await host.load(plugin, configuration: configuration ?? .null, dataFolder: data)
        do {
            try await body(loaded)
        } catch {
            await host.shutdown()
            throw error
        }
        await host.shutdown()
    }
}

extension Optional {
    /// The adapter, or an error that says what the plugin offers instead.
    func orMissing(_ interface: String, in plugin: NativePlugin) throws(PluginError) -> Wrapped {
        if let self { return self }
        let offered = plugin.loaded.prepared.object.notes.interfaces
        throw PluginError(
            .unsupported, "\(plugin.id) is no \(interface)",
            remedy: "It offers \(offered.isEmpty ? "nothing" : offered.joined(separator: ", "))",
            facts: .names(offered),
            plugin: plugin.loaded.prepared.path, stage: .call)
    }
}
