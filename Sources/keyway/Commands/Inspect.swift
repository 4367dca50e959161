internal import ArgumentParser
internal import PluginHost

struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain a shared object without running it.",
        discussion: """
            Prints what the file is, what it says of itself, what it needs and where that would come from, and what the \
            checks before loading find. Any ELF file will do, for any machine. Exits 0 whenever the file is ELF, whatever \
            the findings, or with --require 1 if that is not enforced here; `keyway validate` tells whether a plugin may be loaded.
            """)

    @Argument(help: "A file, or the name of a plugin.")
    var plugin: String

    @Flag(help: "List the symbols that the file defines for others.")
    var symbols = false

    @Flag(help: "List the symbols that the file wants from others, and who has them.")
    var imports = false

    @Flag(help: "Show the needed libraries as a tree.")
    var tree = false

    @Flag(help: "Show what the plugin is kept from in a worker on this machine, and by what; nothing of it runs.")
    var sandbox = false

    @OptionGroup(title: "With --sandbox") var worker: SandboxOptions
    @OptionGroup var verification: VerificationOptions
    @OptionGroup var permissions: PermissionOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard sandbox || worker.isEmpty else {
            throw ValidationError("--limit, --allow and --require need --sandbox: only a worker has them.")
        }
    }

    func run() async throws {
        if sandbox { return try showSandbox() }
        let file = try InspectedFile(try host.host().file(plugin), verifier: try verification.verifier())
        let verdict = try verdict(on: file)
        if output.json {
            Console.print(json: InspectionReport(file: file, trust: verdict).json)
            return
        }
        let page = InspectionPage(file: file, trust: verdict)
        var lines: [String] = []
        if tree { lines += page.tree }
        if imports { lines += (lines.isEmpty ? [] : [""]) + page.imports }
        if symbols { lines += (lines.isEmpty ? [] : [""]) + page.symbols }
        for line in lines.isEmpty ? page.text : lines { Console.print(line.visible) }
    }

    /// nil for a file that is refused: it runs nowhere.
    private func verdict(on file: InspectedFile) throws(PluginError) -> TrustVerdict? {
        guard file.verification.isLoadable else { return nil }
        var configuration = host.configuration()
        configuration.trust = try trust.policy()
        let host = PluginHost(configuration)
        // A file need not look like one.
        let path = file.path.contains("/") ? file.path : "./\(file.path)"
        return try host.trust(of: host.prepare(path))
    }

    private func showSandbox() throws(PluginError) {
        var configuration = host.configuration()
        configuration.permissions = .kept(permissions.filesForLoading)
        try worker.apply(to: &configuration.workers)
        let report = try PluginHost(configuration).sandboxReport(of: plugin)
        guard !output.json else { return Console.print(json: report.json) }
        let rows = report.guarantees.map {
            [$0.name.rawValue, $0.state.rawValue, $0.by ?? "", $0.reason ?? ""]
        }
        for line in TextTable.lines(rows) { Console.print(line.visible) }
    }
}
