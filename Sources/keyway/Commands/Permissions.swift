internal import ArgumentParser
internal import PluginHost

/// The commands about what plugins ask for and get.
struct PermissionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "permissions",
        abstract: "Show what plugins ask for, grant it, and take it back.",
        discussion: """
            A permission is written KIND or KIND:RESOURCE: fs.read:data, net:api.example.com:443, process.exec. A \
            relative path is below the plugin's data folder.

            While there is no file of grants, nobody is asked. The first grant makes one, and from then on no plugin is \
            loaded that requires what it was not granted. A plugin that is loaded has all rights of the process it is in: \
            what it was not granted is not kept from it.
            """,
        subcommands: [PermissionsShow.self, PermissionsCheck.self, PermissionsGrant.self, PermissionsRevoke.self])
}

struct PermissionsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what plugins ask for, and what they were granted. Runs none of them.")

    @Argument(help: "A plugin's file or name; every installed plugin that asks for something unless one is named.")
    var plugin: String?

    @Option(help: ArgumentHelp("The plugin's data folder, to show paths below it in full.", valueName: "folder"))
    var data: String?

    @OptionGroup var policy: PermissionOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let files = policy.filesForLoading
        let grants = try files.read()
        var configuration = host.configuration(onlyNamed: true)
        configuration.permissions = grants.map { .granted($0) } ?? .unenforced
        let host = PluginHost(configuration)
        let requests =
            try plugin.map { name throws(PluginError) in [try InstalledManifest(name, host)] }
            ?? InstalledManifest.all(host)
        let report = PermissionsReport(
            files: files, policy: grants,
            plugins: try requests.map { ($0, try host.permissions(of: $0.manifest, dataFolder: data)) })
        if output.json {
            Console.print(json: report.json)
        } else {
            report.show(isComplete: plugin == nil)
        }
    }
}

/// The manifest of an installed plugin, and where it was found. Nothing of it runs.
struct InstalledManifest {
    let manifest: Manifest
    let file: String

    /// - Parameter fileOrName: an id, a file's name without its ending, or a file. Unlike elsewhere a file or folder here
    ///   that is called like an id is not meant: a grant is about the id.
    init(_ fileOrName: String, _ host: PluginHost) throws(PluginError) {
        file = try host.locate(fileOrName)
        let prepared = try host.prepare(file)
        guard let manifest = prepared.manifest else {
            try prepared.verification.requireLoadable()
            throw PluginError(
                .validation, "has no manifest", remedy: "Name another file", plugin: file, stage: .inspect)
        }
        self.manifest = manifest
    }

    private init(manifest: Manifest, file: String) {
        self.manifest = manifest
        self.file = file
    }

    /// Every installed plugin that says what it is.
    static func all(_ host: PluginHost) throws(PluginError) -> [InstalledManifest] {
        try host.registry.scan().entries.compactMap { entry in
            entry.manifest.map { InstalledManifest(manifest: $0, file: entry.file) }
        }
    }
}
