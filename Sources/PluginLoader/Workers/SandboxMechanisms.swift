internal import CPluginSandbox
internal import PluginCore

/// What the kernel's mechanisms have become, as guarantees that a person can read.
enum SandboxMechanisms {
    /// Without which something is not enforced, whatever else there is; empty: it is no mechanism's. A report says whether it
    /// is enforced whole.
    static func of(_ name: SandboxGuarantee.Name) -> [UInt32] {
        switch name {
        case .files: [KWS_FILES]
        case .network, .processes, .signals, .hostMemory, .systemCalls, .devices: [KWS_FILTER]
        case .writeXorExecute: [KWS_SEAL]
        case .identity: [KWS_IDENTITY]
        case .memory: [KWS_MEMORY]
        case .descriptors: [KWS_DESCRIPTORS]
        case .fileSize: [KWS_FILE_SIZE]
        case .metadata: [KWS_MOUNT_SPACE]
        case .environment, .processorTime, .disk, .bandwidth, .threads: []
        }
    }

    /// What a worker has besides that is kept apart by everything that there is.
    static let apart = [
        KWS_NETWORK_SPACE, KWS_PROCESS_SPACE, KWS_MOUNT_SPACE, KWS_IPC_SPACE, KWS_NAME_SPACE, KWS_IDENTITY,
        KWS_MEMORY_GROUP,
    ]

    // MARK: - Reports

    /// What a worker said of its sandbox.
    /// - Parameters:
    ///   - first: before any code of the plugin ran.
    ///   - second: after its constructors; believed of the second stage alone.
    static func report(
        _ first: kws_report, _ second: kws_report?, policy: SandboxPolicy, limits: EffectiveLimits
    ) -> SandboxReport {
        let outcomes = Outcomes(first, second)
        return SandboxReport(
            SandboxGuarantee.Name.allCases.map { guarantee($0, outcomes, policy: policy, limits: limits) })
    }

    private struct Outcomes {
        let all: [(state: UInt32, why: String)]
        let landlock: UInt32

        init(_ first: kws_report, _ second: kws_report?) {
            var all = Self.read(first)
            if let second {
                let later = Self.read(second)
                for mechanism in [KWS_SEAL, KWS_WRITE_XOR_EXECUTE] { all[Int(mechanism)] = later[Int(mechanism)] }
            }
            self.all = all
            landlock = first.landlock_abi
        }

        private static func read(_ report: kws_report) -> [(state: UInt32, why: String)] {
            unsafe withUnsafeBytes(of: report.outcome) { bytes in
                unsafe bytes.withMemoryRebound(to: kws_outcome.self) { outcomes in
                    unsafe outcomes.map { outcome in
                        let why = unsafe withUnsafeBytes(of: outcome.why) { text in
                            unsafe String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
                        }
                        return (outcome.state, why)
                    }
                }
            }
        }

        func why(_ mechanism: UInt32) -> String {
            let text = all[Int(mechanism)].why
            return text.isEmpty ? "it was not asked for" : text
        }

        func isEnforced(_ mechanism: UInt32) -> Bool { all[Int(mechanism)].state == KWS_ENFORCED }

        func guarantee(_ name: SandboxGuarantee.Name, _ mechanism: UInt32, _ by: String) -> SandboxGuarantee {
            switch all[Int(mechanism)].state {
            case KWS_ENFORCED: SandboxGuarantee(name, .enforced, by: by)
            case KWS_PARTIAL: SandboxGuarantee(name, .partial, by: by, reason: why(mechanism))
            default: SandboxGuarantee(name, .notEnforced, reason: why(mechanism))
            }
        }
    }

    private static func guarantee(
        _ name: SandboxGuarantee.Name, _ outcomes: Outcomes, policy: SandboxPolicy, limits: EffectiveLimits
    ) -> SandboxGuarantee {
        switch name {
        case .files: return outcomes.guarantee(name, KWS_FILES, "Landlock ABI \(outcomes.landlock)")
        case .hostMemory, .systemCalls: return outcomes.guarantee(name, KWS_FILTER, "seccomp")
        case .devices: return devices(outcomes, policy)
        case .network: return network(outcomes, policy)
        case .processes: return processes(outcomes, policy, limits)
        case .threads: return threads(outcomes, policy)
        case .signals: return signals(outcomes, policy)
        case .writeXorExecute: return writeXorExecute(outcomes, policy)
        case .identity: return identity(outcomes)
        case .memory: return memory(outcomes, policy, limits)
        case .descriptors: return limit(name, .openFiles, KWS_DESCRIPTORS, "RLIMIT_NOFILE", outcomes, limits)
        case .fileSize: return limit(name, .fileSize, KWS_FILE_SIZE, "RLIMIT_FSIZE", outcomes, limits)
        case .processorTime:
            return limits[.cpu] == nil && limits[.wall] == nil
                ? SandboxGuarantee(name, .notEnforced, reason: "no limit is set")
                : SandboxGuarantee(name, .enforced, by: "the host's clock")
        case .environment: return SandboxGuarantee(name, .enforced, by: "the host gives what was granted")
        case .disk: return disk(policy, limits)
        case .bandwidth: return bandwidth(policy, limits)
        case .metadata:
            return outcomes.isEnforced(KWS_MOUNT_SPACE)
                ? SandboxGuarantee(name, .enforced, by: "a root folder of its own, with what it may read")
                : SandboxGuarantee(
                    name, .notEnforced, reason: "stat(2) tells names, sizes and times of files to every process")
        }
    }

    /// The host's broker relays connections that it makes, and none that a worker accepts.
    private static func bandwidth(_ policy: SandboxPolicy, _ limits: EffectiveLimits) -> SandboxGuarantee {
        if policy.network.isEmpty { return SandboxGuarantee(.bandwidth, .enforced, by: "no network") }
        guard limits[.network] != nil else {
            return SandboxGuarantee(.bandwidth, .notEnforced, reason: "no limit is set")
        }
        guard policy.network.isListening else { return SandboxGuarantee(.bandwidth, .enforced, by: "broker") }
        let reason = "connections that it accepts are not limited"
        return policy.network.isConnecting
            ? SandboxGuarantee(.bandwidth, .partial, by: "broker", reason: reason)
            : SandboxGuarantee(.bandwidth, .notEnforced, reason: reason)
    }

    /// Does it take a control group to limit memory whole? A limit of each process leaves out what it shares with others.
    static func memoryNeedsGroup(_ policy: SandboxPolicy) -> Bool {
        policy.mayStartPrograms || policy.files.contains { $0.access.contains(.write) }
    }

    private static func memory(
        _ outcomes: Outcomes, _ policy: SandboxPolicy, _ limits: EffectiveLimits
    ) -> SandboxGuarantee {
        let limited = limit(.memory, .memory, KWS_MEMORY, "RLIMIT_DATA", outcomes, limits)
        let group = outcomes.why(KWS_MEMORY_GROUP)
        if limits[.memory] != nil, outcomes.isEnforced(KWS_MEMORY_GROUP) {
            return SandboxGuarantee(.memory, .enforced, by: "\(limited.by.map { "\($0) and " } ?? "")cgroup \(group)")
        }
        guard limited.state != .notEnforced, memoryNeedsGroup(policy) else { return limited }
        let gap = limited.reason ?? "files that it may write can be mapped beyond the limit"
        return SandboxGuarantee(.memory, .partial, by: limited.by, reason: "\(gap); \(group)")
    }

    private static func disk(_ policy: SandboxPolicy, _ limits: EffectiveLimits) -> SandboxGuarantee {
        guard policy.files.contains(where: { $0.access.contains(.write) }) else {
            return SandboxGuarantee(.disk, .enforced, by: "it may write nowhere")
        }
        guard limits[.disk] != nil else { return SandboxGuarantee(.disk, .notEnforced, reason: "no limit is set") }
        return SandboxGuarantee(
            .disk, .partial, by: "the host, which looks at its folders",
            reason: "they are looked at four times a second while calls are made: more can be written in between")
    }

    private static func network(_ outcomes: Outcomes, _ policy: SandboxPolicy) -> SandboxGuarantee {
        let wall = outcomes.isEnforced(KWS_PORTS) ? "seccomp and Landlock ABI \(outcomes.landlock)" : "seccomp"
        guard !policy.network.isEmpty else { return outcomes.guarantee(.network, KWS_FILTER, wall) }
        let programs = policy.mayStartPrograms ? "; none for programs" : ""
        return outcomes.guarantee(.network, KWS_FILTER, "the host, which connects\(programs); \(wall)")
    }

    private static func devices(_ outcomes: Outcomes, _ policy: SandboxPolicy) -> SandboxGuarantee {
        let missing = policy.devices.filter { USBDevices.files([$0], machine: policy.machine).isEmpty }
        let note = missing.map { "; \($0) is not plugged in" }.joined()
        let by = policy.devices.isEmpty ? "seccomp" : "seccomp and Landlock ABI \(outcomes.landlock)"
        return outcomes.guarantee(.devices, KWS_FILTER, by + note)
    }

    private static func processes(
        _ outcomes: Outcomes, _ policy: SandboxPolicy, _ limits: EffectiveLimits
    ) -> SandboxGuarantee {
        guard policy.mayStartPrograms else { return outcomes.guarantee(.processes, KWS_FILTER, "seccomp") }
        let (isApart, isGrouped) = (outcomes.isEnforced(KWS_PROCESS_SPACE), outcomes.isEnforced(KWS_PROCESS_GROUP))
        guard isApart || isGrouped else {
            return SandboxGuarantee(.processes, .notEnforced, reason: outcomes.why(KWS_PROCESS_SPACE))
        }
        let isCounted = limits[.processes] != nil && (isGrouped || outcomes.isEnforced(KWS_PROCESSES))
        let group = isGrouped ? "cgroup \(outcomes.why(KWS_PROCESS_GROUP))" : nil
        let by = ["Landlock", isApart ? "a process namespace" : nil, group].compactMap(\.self).joined(separator: "; ")
        let uncounted = isCounted ? "" : "; their number is not limited: \(outcomes.why(KWS_PROCESS_GROUP))"
        return SandboxGuarantee(
            .processes, .partial, by: by,
            reason: "programs were granted: what can be read can be run through the dynamic linker\(uncounted)")
    }

    private static func threads(_ outcomes: Outcomes, _ policy: SandboxPolicy) -> SandboxGuarantee {
        guard !policy.mayStartThreads else {
            return SandboxGuarantee(
                .threads, .notEnforced, reason: "they were granted, or nobody has decided about permissions")
        }
        let later = outcomes.guarantee(.threads, KWS_SEAL, "seccomp")
        guard later.state != .notEnforced else { return later }
        return SandboxGuarantee(.threads, .partial, by: later.by, reason: "it can start some while it is loaded")
    }

    private static func writeXorExecute(_ outcomes: Outcomes, _ policy: SandboxPolicy) -> SandboxGuarantee {
        if policy.mayGenerateCode {
            return SandboxGuarantee(.writeXorExecute, .notEnforced, reason: "it may generate code")
        }
        guard policy.mayStartPrograms, outcomes.isEnforced(KWS_FILTER) else {
            return outcomes.guarantee(.writeXorExecute, KWS_SEAL, "seccomp")
        }
        return SandboxGuarantee(
            .writeXorExecute, .partial, by: "seccomp",
            reason: "programs were granted: files, also those that it may write, can be mapped for execution")
    }

    private static func signals(_ outcomes: Outcomes, _ policy: SandboxPolicy) -> SandboxGuarantee {
        if outcomes.isEnforced(KWS_SIGNALS) {
            return SandboxGuarantee(.signals, .enforced, by: "Landlock ABI \(outcomes.landlock)")
        }
        // Then the filter lets them through, for the plugin's own programs.
        if policy.mayStartPrograms { return outcomes.guarantee(.signals, KWS_PROCESS_SPACE, "a process namespace") }
        return outcomes.guarantee(.signals, KWS_FILTER, "seccomp")
    }

    private static func identity(_ outcomes: Outcomes) -> SandboxGuarantee {
        if outcomes.isEnforced(KWS_IDENTITY) {
            return SandboxGuarantee(.identity, .enforced, by: "user \(SandboxIdentity.number), no capabilities")
        }
        guard outcomes.isEnforced(KWS_CAPABILITIES) else {
            return SandboxGuarantee(.identity, .notEnforced, reason: outcomes.why(KWS_CAPABILITIES))
        }
        let reason =
            outcomes.all[Int(KWS_IDENTITY)].state == KWS_UNUSED
            ? "it is the host's user: \(outcomes.why(KWS_IDENTITY))"
            : "it stays user 0, as what was granted is not open to user \(SandboxIdentity.number)"
        return SandboxGuarantee(.identity, .partial, by: "no capabilities", reason: reason)
    }

    private static func limit(
        _ name: SandboxGuarantee.Name, _ kind: LimitKind, _ mechanism: UInt32, _ by: String, _ outcomes: Outcomes,
        _ limits: EffectiveLimits
    ) -> SandboxGuarantee {
        guard limits[kind] != nil else { return SandboxGuarantee(name, .notEnforced, reason: "no limit is set") }
        return outcomes.guarantee(name, mechanism, by)
    }
}
