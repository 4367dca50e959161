internal import CPluginLinux
internal import CPluginWorker
internal import Glibc
internal import PluginABI
internal import PluginCore
internal import PluginELF
internal import Synchronization

/// Makes workers for one plugin: all of the same bytes.
final class WorkerFactory: Sendable {
    let manifest: Manifest
    /// Digest of the plugin's file.
    let build: String
    /// Its limits may change: ``adopt(_:)``.
    var options: WorkerOptions { settings.withLock { $0 } }
    private let settings: Mutex<WorkerOptions>
    let host: HostTable
    /// What the host knows of interfaces besides its own.
    let interfaces: DescribedInterfaces
    /// What the first worker said; the others have to say the same.
    let table: WorkerTable
    private let domain: WorkerDomain
    private let parts: PreparedPlugin.Parts
    private let notes: PluginNotes
    private let window: SDKRange
    private let sdk: UInt32
    private let lanes: UInt32
    /// The first one, until somebody wants it.
    private let parked: Mutex<WorkerProcess?>
    private let firstLimits: EffectiveLimits

    /// Has the first worker load the plugin.
    init(
        _ prepared: PreparedPlugin, manifest: Manifest, sdk: UInt32, host: HostTable, domain: WorkerDomain,
        options: WorkerOptions, interfaces: DescribedInterfaces
    ) throws(PluginError) {
        let parts = try prepared.parts()
        let notes = prepared.object.notes
        let lanes = Self.lanes(of: notes)
        let window = prepared.hostSDK
        var options = options
        options.limits = Self.limits(options.limits, notes)
        options.traffic.change(limit: options.limits[.network])
        // Before any code of the plugin runs.
        if let policy = options.sandbox, !policy.required.isEmpty {
            _ = try domain.rehearse(policy, limits: options.limits, for: prepared)
        }
        let worker = try Self.spawn(
            parts, in: domain, host: host, lanes: lanes, sdk: sdk, window: window, manifest.id, options, notes,
            interfaces)
        let description = try worker.awaitPlugin(until: Self.deadline, manifest.id, options.limits)
        table = try WorkerTable(description, manifest, notes, binding: interfaces)
        self.interfaces = interfaces
        self.manifest = manifest
        build = prepared.digest
        settings = Mutex(options)
        self.host = host
        self.domain = domain
        self.parts = parts
        self.notes = notes
        self.window = window
        self.sdk = sdk
        self.lanes = lanes
        parked = Mutex(worker)
        firstLimits = options.limits
    }

    /// Calls that one worker serves at once: one for each place that the plugin has, within reason.
    private static func lanes(of notes: PluginNotes) -> UInt32 {
        notes.abi?.capabilities.contains("concurrent") == true ? 4 : 1
    }

    /// Those that hold for a plugin: what an executor runs would inherit a limit of descriptors that is meant for plugins.
    static func limits(_ limits: EffectiveLimits, _ notes: PluginNotes) -> EffectiveLimits {
        let isExecutor = notes.interfaces.contains(KW_TOOL_EXECUTOR_ID)
        return isExecutor && limits[.openFiles]?.source == .host ? limits.removing(.openFiles) : limits
    }

    /// How long a plugin may take to be loaded, in milliseconds.
    static let patience: Int64 = 30_000

    private static var deadline: Int64 { kwl_monotonic_ns() + patience * 1_000_000 }

    private static func spawn(
        _ parts: borrowing PreparedPlugin.Parts, in domain: WorkerDomain, host: HostTable, lanes: UInt32, sdk: UInt32,
        window: SDKRange, _ plugin: String, _ options: WorkerOptions, _ notes: PluginNotes,
        _ interfaces: DescribedInterfaces
    ) throws(PluginError) -> WorkerProcess {
        // Without a sandbox what takes much memory is replaced between calls.
        let memory = options.sandbox == nil ? 0 : options.limits[.memory].map { UInt64($0.value) } ?? 0
        let request = kww_spawn(
            lanes: lanes, libraries: 0, environment: 0, is_rehearsal: 0, described: 0, reserved: 0, memory: memory,
            addresses: 0, open_files: options.limits[.openFiles].map { UInt64($0.value) } ?? 0,
            file_size: options.limits[.fileSize].map { UInt64($0.value) } ?? 0, cpu_seconds: 0)
        do throws(PluginError) {
            var sandbox = SandboxRequest()
            let runtimeFolder = parts.hostLibraries.first?.folder
            if let policy = options.sandbox {
                sandbox = try SandboxRequest(
                    policy, limits: options.limits, runtimeFolder: runtimeFolder, plugin: plugin)
            }
            let zygote = try domain.running()
            return try WorkerProcess.make(
                tag: Zygote.nextTag(), lanes: lanes, sdk: sdk, window: window, host: host
            ) { worker, files throws(PluginError) in
                let channel = try WorkerChannel.make(
                    worker, network: network(options, worker, domain),
                    listener: listener(options, worker, runtimeFolder: runtimeFolder))
                try zygote.spawn(
                    worker, channel, files, parts, request, sandbox, interfaces,
                    environment: options.environment ?? WorkerEnvironment.variables(options.sandbox))
            }
        } catch {
            var error = error
            error.plugin = plugin
            throw error
        }
    }

    /// nil: it was granted none, or may do all.
    private static func network(
        _ options: WorkerOptions, _ worker: WorkerProcess, _ domain: WorkerDomain
    ) -> NetworkService? {
        guard let access = options.sandbox?.network, !access.isEmpty else { return nil }
        return NetworkService(
            access: access, resolver: options.resolver, traffic: options.traffic,
            relay: { [weak domain] in domain?.relay() }, observer: options.networkObserver
        ) { [weak worker] verdict in
            let kind: Permission.Kind = verdict.kind == .listen ? .listen : .network
            var event = WorkerEvent(
                kind: .permissionDenied, worker: nil, pid: worker?.pid ?? 0, reason: verdict.reason)
            event.resource = "\(kind.rawValue):\(verdict.resource)"
            options.observer(event)
        }
    }

    /// nil: nobody wants to be told of what it does.
    private static func listener(
        _ options: WorkerOptions, _ worker: WorkerProcess, runtimeFolder: String?
    ) -> SandboxListener? {
        guard let policy = options.sandbox, policy.reportsRefusals, let observer = options.accessObserver else {
            return nil
        }
        let files = policy.files.map { grant in
            var grant = grant
            grant.path = NamedFile(grant.path, folder: -1, of: 0).place ?? grant.path
            return grant
        }
        return SandboxListener(
            files: FileAccessPolicy(files), rights: SandboxRequest.rights(policy), runtimeFolder: runtimeFolder
        ) {
            observer($0.action, $0.resource, $0.isAllowed, $0.reason)
        } first: { [weak worker] access in
            let kind =
                switch access.action {
                case .read: Permission.Kind.readFiles.rawValue
                case .write: Permission.Kind.writeFiles.rawValue
                default: access.action.rawValue
                }
            var event = WorkerEvent(
                kind: .permissionDenied, worker: nil, pid: worker?.pid ?? 0, reason: access.reason)
            event.resource = "\(kind):\(access.resource)"
            options.observer(event)
        }
    }

    /// May several workers live at once? Not if they would write to the same files.
    var isShareable: Bool { unsafe !table.interfaces.keys.contains(KW_VECTOR_BACKEND_ID) }

    /// What workers that are made from now on may use.
    func adopt(_ limits: EffectiveLimits) {
        let traffic = settings.withLock { options in
            options.limits = Self.limits(limits, notes)
            return options.traffic
        }
        traffic.change(limit: limits[.network])
    }

    /// Has a worker that nobody calls load the plugin within other limits, if those of its process are lower than they were.
    /// - Throws: what keeps the plugin from being loaded within them.
    func rehearse(_ limits: EffectiveLimits) throws(PluginError) {
        var options = options
        let before = options.limits
        options.limits = Self.limits(limits, notes)
        let isLower = [LimitKind.memory, .openFiles, .processes, .fileSize].contains { kind in
            options.limits[kind].map { $0.value < before[kind]?.value ?? .max } ?? false
        }
        guard isLower else { return }
        let worker = try Self.spawn(
            parts, in: domain, host: host, lanes: lanes, sdk: sdk, window: window, manifest.id, options, notes,
            interfaces)
        defer { worker.kill(KWW_KILL_RETIRED) }
        _ = try worker.awaitPlugin(until: Self.deadline, manifest.id, options.limits)
    }

    /// Starts a process that loads the plugin, or gives the one that has; with the limits that it was made with.
    func make() throws(PluginError) -> (process: WorkerProcess, limits: EffectiveLimits) {
        let first = parked.withLock { parked in
            defer { parked = nil }
            return parked
        }
        if let first, first.facts.ended == 0 { return (first, firstLimits) }
        let options = options
        let process = try Self.spawn(
            parts, in: domain, host: host, lanes: lanes, sdk: sdk, window: window, manifest.id, options, notes,
            interfaces)
        return (process, options.limits)
    }

    /// Waits until a worker has loaded the plugin.
    func await(_ worker: WorkerProcess) throws(PluginError) {
        let description = try worker.awaitPlugin(until: Self.deadline, manifest.id, options.limits)
        let table = try WorkerTable(description, manifest, notes)
        guard table.isSame(as: self.table) else {
            worker.kill(KWW_KILL_PROTOCOL)
            throw PluginError(
                .protocolViolation, "another worker of \(manifest.id) says that it offers something else",
                remedy: "Report this to the plugin's author: what a plugin offers is constant", plugin: manifest.id,
                stage: .load)
        }
    }
}

/// The variables that programs cannot do without.
enum WorkerEnvironment {
    static let names: Set<String> = ["PATH", "HOME", "LANG", "TERM", "TMPDIR", "TZ", "USER", "LOGNAME", "SHELL"]

    /// What a sandbox leaves: language and time zone; programs need more.
    private static let harmless: Set<String> = ["LANG", "TZ"]

    /// - Parameter sandbox: nil: there is none.
    static func variables(_ sandbox: SandboxPolicy?) -> [String] {
        guard let sandbox else { return matching { names.contains($0) } }
        let base = sandbox.mayStartPrograms ? names : harmless
        return matching { base.contains($0) || sandbox.environment.contains($0) }
    }

    private static func matching(_ isWanted: (String) -> Bool) -> [String] {
        guard var entry = unsafe kwl_secure_environment() else { return [] }
        var variables: [String] = []
        while let text = unsafe entry.pointee {
            let variable = unsafe String(cString: text)
            let name = String(variable.prefix { $0 != "=" })
            if isWanted(name) || name.hasPrefix("LC_") { variables.append(variable) }
            unsafe entry = unsafe entry + 1
        }
        return variables
    }
}
