internal import PluginHost

/// The installed plugins that an operator means by a name, so that a slip of the pen is seen.
struct NamedPlugins {
    let name: String
    let isInstalled: Bool

    /// - Parameters:
    ///   - name: an id, a file's name without its ending, or a display name.
    ///   - mayBeGlob: also a glob for several.
    /// - Throws: `invalidArgument` if no plugin here has the name, and none can have it as its id.
    init(_ name: String, in options: HostOptions, mayBeGlob: Bool = false) throws(PluginError) {
        var configuration = options.configuration()
        // What is known of a name does not matter for whether it is one.
        configuration.stateFolder = nil
        let filter = PluginFilter(disabled: [name])
        self.name = name
        isInstalled = try PluginHost(configuration).registry.scan().entries.contains { entry in
            mayBeGlob ? filter.disables(entry.names) : entry.names.contains(name)
        }
        guard !isInstalled, let fault = PluginName.fault(name, mayBeGlob: mayBeGlob) else { return }
        throw PluginError(
            .invalidArgument, "\"\(name)\" \(fault), and no plugin here has it as its name",
            remedy: "Take the id that `keyway list --json` shows, or name the plugin's folder with --path")
    }

    func warn() {
        guard !isInstalled else { return }
        Console.error("keyway: warning: no plugin called \(name) was found; --path says where else to look.".visible)
    }
}
