internal import ArgumentParser
internal import PluginHost

struct HostLimits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "What a plugin of a running host may use; with --limit, change it while calls go on.",
        discussion: """
            Where a limit of processes becomes lower, a worker that nobody calls loads the plugin within it first; if it \
            cannot, nothing changes. What is changed holds until the host ends. Calls that run keep their limits. Workers are replaced only where \
            the kernel does not let the host's user raise a limit of a process, or where the network was not limited before.
            """)

    @Argument(help: "The plugin's name in the host.")
    var plugin: String

    @Option(
        help: ArgumentHelp(
            "A limit to change, such as wall=500ms or memory=64M; may be repeated.", valueName: "kind=value"))
    var limit: [String] = []

    @OptionGroup var host: SocketOptions

    func validate() throws {
        do throws(PluginError) {
            _ = try LimitSet(limit)
        } catch {
            throw ValidationError(error.message)
        }
    }

    func run() async throws {
        try await host.ask(
            "limits", ["plugin": .string(plugin), "limits": .array(limit.map(JSON.string))],
            listing: { reply in
                guard let limits = reply["limits"]?.arrayValue else {
                    return ["\(plugin) runs in the host's own process, where nothing limits it."]
                }
                let rows = limits.compactMap { limit -> [String]? in
                    guard let kind = limit["kind"]?.stringValue.flatMap(LimitKind.init),
                        let value = limit["value"]?.intValue
                    else { return nil }
                    return [kind.rawValue, kind.text(value), limit["setBy"]?.stringValue ?? ""]
                }
                return TextTable.lines([["LIMIT", "VALUE", "OF"]] + rows)
            })
    }
}
