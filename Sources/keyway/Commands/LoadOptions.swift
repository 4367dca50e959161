internal import ArgumentParser
internal import PluginHost

/// How plugins are found, and what stands between finding and loading them.
struct LoadOptions: ParsableArguments {
    @OptionGroup var folders: HostOptions

    @Option(help: ArgumentHelp("Load only what this lock file has, exactly as it has it.", valueName: "file"))
    var lock: String?

    @Flag(help: "Run plugins in processes of their own.")
    var isolate = false

    @Option(
        help: ArgumentHelp(
            "What a call may use, such as wall=500ms, cpu=2s or output=1M; may be repeated. With --isolate.",
            valueName: "kind=value"))
    var limit: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            What is done when a plugin breaks: restart, retry, fallback:OTHER, disable or ignore; PLUGIN=POLICY for one \
            plugin alone. May be repeated. With --isolate.
            """,
            valueName: "policy"))
    var recovery: [String] = []

    @OptionGroup var policy: PermissionOptions

    func validate() throws {
        if !limit.isEmpty, !isolate {
            throw ValidationError("--limit needs --isolate: in this process nothing is limited.")
        }
        if !recovery.isEmpty, !isolate {
            throw ValidationError("--recovery needs --isolate: a plugin that breaks in this process ends it.")
        }
        do throws(PluginError) {
            var settings = WorkerSettings()
            try recover(&settings)
        } catch {
            throw ValidationError(error.message)
        }
        let limits: LimitSet
        do throws(PluginError) {
            limits = try LimitSet(limit)
        } catch {
            throw ValidationError(error.message)
        }
        let enforced = LimitKind.allCases.filter(\.holdsInWorkers)
        for kind in LimitKind.allCases where limits[kind] != nil && !enforced.contains(kind) {
            throw ValidationError(
                "Nothing enforces a limit on \(kind.rawValue); --limit takes "
                    + enforced.map(\.rawValue).joined(separator: ", ") + ".")
        }
    }

    func host() throws(PluginError) -> PluginHost { PluginHost(try configuration()) }

    func configuration() throws(PluginError) -> PluginHost.Configuration {
        var configuration = folders.configuration()
        configuration.lock = try lock.map { path throws(PluginError) in try Lockfile(reading: path) }
        configuration.permissions = .kept(policy.filesForLoading)
        configuration.isolation = isolate ? .worker : .inProcess
        configuration.workers.callLimits = try LimitSet(limit)
        try recover(&configuration.workers)
        return configuration
    }

    /// - Throws: `invalidArgument` for what is no policy, and for a plugin that is there twice.
    private func recover(_ settings: inout WorkerSettings) throws(PluginError) {
        var named: Set<String> = []
        for text in recovery {
            let plugin = text.contains("=") ? String(text.prefix { $0 != "=" }) : ""
            let policy = try RecoveryPolicy(text.contains("=") ? String(text.drop { $0 != "=" }.dropFirst()) : text)
            guard named.insert(plugin).inserted else {
                throw PluginError(
                    .invalidArgument,
                    "\"\(text)\" is the second --recovery \(plugin.isEmpty ? "for all" : "of \(plugin)")",
                    remedy: "Give each plugin one", facts: .names([plugin]))
            }
            if plugin.isEmpty { settings.recovery = policy } else { settings.recoveries[plugin] = policy }
        }
    }
}
