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

    @OptionGroup var policy: PermissionOptions

    func validate() throws {
        if !limit.isEmpty, !isolate {
            throw ValidationError("--limit needs --isolate: in this process nothing is limited.")
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
        return configuration
    }
}
