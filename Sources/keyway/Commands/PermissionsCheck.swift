internal import ArgumentParser
internal import PluginHost

struct PermissionsCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Say whether a plugin may do something. Runs none of it; exits 1 if it may not, 2 if no permission is written so.",
        discussion: "What a plugin in this process may not do is not kept from it; in a worker it is.")

    @Argument(help: "A plugin's file or name.")
    var plugin: String

    @Argument(help: "What it would do, such as fs.read:/srv/data/file or net:api.example.com:443.")
    var permission: String

    @Option(help: ArgumentHelp("The plugin's data folder: relative paths are below it.", valueName: "folder"))
    var data: String?

    @OptionGroup var policy: PermissionOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        do throws(PluginError) { _ = try parsed() } catch { throw ValidationError(error.message) }
    }

    private func parsed() throws(PluginError) -> Permission { try Permission(parsing: permission) }

    func run() async throws {
        var configuration = host.configuration(onlyNamed: true)
        configuration.permissions = .kept(policy.filesForLoading)
        let host = PluginHost(configuration)
        let installed = try InstalledManifest(plugin, host)
        let verdict = try host.checkPermission(try parsed(), of: installed.manifest, dataFolder: data)
        if output.json {
            Console.print(json: verdict.json)
        } else {
            let words = verdict.isAllowed ? "may" : "may not"
            Console.print("\(installed.manifest.id) \(words): \(verdict.permission): \(verdict.because).".visible)
        }
        if !verdict.isAllowed { throw ExitCode(1) }
    }
}
