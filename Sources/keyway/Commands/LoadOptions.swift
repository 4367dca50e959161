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
            """
            What is done when a plugin breaks: restart, retry, fallback:OTHER, disable or ignore; PLUGIN=POLICY for one \
            plugin alone. May be repeated. With --isolate.
            """,
            valueName: "policy"))
    var recovery: [String] = []

    @OptionGroup(title: "With --isolate") var sandbox: SandboxOptions

    @Flag(help: "Leave plugins all rights of this user. With --isolate.")
    var noSandbox = false

    @OptionGroup var policy: PermissionOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var audit: AuditOptions

    func validate() throws {
        if !sandbox.limit.isEmpty, !isolate {
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
        if !isolate, !sandbox.allow.isEmpty || !sandbox.require.isEmpty || noSandbox {
            throw ValidationError(
                "--allow, --require and --no-sandbox need --isolate: in this process nothing is kept from a plugin.")
        }
    }

    /// - Parameter runsPrograms: whether somebody has asked for programs to be run: then plugins that exist for it may.
    func host(runsPrograms: Bool = false) throws(PluginError) -> PluginHost {
        var configuration = try configuration()
        if runsPrograms { configuration.workers.allowedOnRequest.append(try Permission(.execute)) }
        return PluginHost(configuration)
    }

    func configuration() throws(PluginError) -> PluginHost.Configuration {
        var configuration = folders.configuration()
        configuration.lock = try lock.map { path throws(PluginError) in try Lockfile(reading: path) }
        configuration.permissions = .kept(policy.filesForLoading)
        configuration.trust = try trust.policy()
        configuration.audit = try audit.settings()
        configuration.isolation = isolate ? .worker : .inProcess
        configuration.workers.isSandboxed = !noSandbox
        try sandbox.apply(to: &configuration.workers)
        try recover(&configuration.workers)
        return configuration
    }

    /// Tells a person which plugins run elsewhere though nobody asked for that, and of which an audit says nothing. Whoever
    /// chose the strict preset has asked.
    func noteTiers(in host: PluginHost, _ output: OutputOptions) {
        guard !output.json, !isolate else { return }
        let unheard = host.status.filter { $0.tier == .inProcess }.map(\.name)
        if audit.isAsked, !unheard.isEmpty {
            let names = unheard.joined(separator: ", ")
            Console.error("keyway: note: nothing is told of \(names) in this process; give --isolate.".visible)
        }
        for status in host.status {
            guard let trust = status.trust, !trust.isTrusted, trust.preset == .development else { continue }
            Console.error("keyway: note: \(status.name) runs in a process of its own: \(trust.because).".visible)
        }
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
