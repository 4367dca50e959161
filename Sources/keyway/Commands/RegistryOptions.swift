internal import ArgumentParser
internal import PluginHost

/// Which plugins are meant, and where what is known of them is kept.
struct RegistryOptions: ParsableArguments {
    @OptionGroup var host: HostOptions

    @Option(
        help: ArgumentHelp(
            "How deep plugins are looked for: 1 for a folder's own files, 2 for those of the folders in it as well.",
            valueName: "levels"))
    var depth = 2

    @Option(
        help: ArgumentHelp(
            "Folder of the cache; $XDG_CACHE_HOME/keyway unless said otherwise.", valueName: "folder"))
    var cache: String?

    @Flag(help: "Neither use nor write the cache.")
    var noCache = false

    @OptionGroup var state: StateOptions

    func validate() throws {
        guard (1...8).contains(depth) else { throw ValidationError("--depth is 1 to 8.") }
        if cache == "" { throw ValidationError("--cache names no folder.") }
    }

    var registry: Registry {
        var registry = Registry(
            searchPaths: host.path.isEmpty ? Environment.pluginFolders(named: []) : host.path, depth: depth,
            cacheFolder: cacheFolder, stateFolder: state.folder)
        registry.filter = Environment.pluginFilter
        return registry
    }

    var cacheFolder: String? { noCache ? nil : cache ?? Environment.cacheFolder }

    /// Scans, and shows a person how far it is.
    func scan(trusting trust: Registry.Trust = .stamps) throws(PluginError) -> RegistryScan {
        let progress = Progress()
        defer { progress.clear() }
        return try registry.scan(trusting: trust) { done, count in progress.show("\(done) of \(count) plugins") }
    }
}

extension RegistryOptions {
    /// Tries the plugins, and shows a person how far it is.
    func probe(
        _ scan: RegistryScan, deadline: Duration, isSandboxed: Bool
    ) async throws(PluginError) -> RegistryScan {
        var scanner = try PluginScanner.locate()
        scanner.isSandboxed = isSandboxed
        _ = try state.requireFolder()
        let progress = Progress()
        defer { progress.clear() }
        return try await registry.probe(scan, with: scanner, deadline: deadline) { done, count in
            progress.show("\(done) of \(count) plugins tried")
        }
    }
}

/// Where operators' decisions are kept.
struct StateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of the host's state, such as what is disabled; $XDG_STATE_HOME/keyway unless said otherwise.",
            valueName: "folder"))
    var state: String?

    var folder: String? { state ?? Environment.stateFolder }

    func validate() throws {
        if state == "" { throw ValidationError("--state names no folder.") }
    }

    /// - Throws: if there is no home folder and none is named.
    func requireFolder() throws(PluginError) -> String {
        if let folder { return folder }
        throw PluginError(
            .configuration, "there is no folder for the host's state: neither XDG_STATE_HOME nor HOME is set",
            remedy: "Name one with --state")
    }
}
