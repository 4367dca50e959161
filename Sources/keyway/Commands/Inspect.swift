internal import ArgumentParser
internal import PluginHost

struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain a shared object without running it.",
        discussion: """
            Prints what the file says of itself, what it needs, and what the checks before loading find. Exits 0 whenever \
            the file is ELF, whatever the findings; `keyway list` tells which plugins may be loaded.
            """)

    @Argument(help: "A file, or the name of a plugin.")
    var plugin: String

    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = InspectionReport(prepared: try host.host().prepare(plugin))
        if output.json {
            Console.print(json: report.json)
        } else {
            for line in report.text { Console.print(line.visible) }
        }
    }
}
