internal import CPluginLinux
internal import CPluginSandbox
internal import CPluginWorker
internal import Glibc
internal import PluginCore

/// A sandbox as `keyway-worker` is asked for it: the policy with its files opened, so that what was granted and what is
/// enforced are the same files, whatever becomes of their names.
@safe
struct SandboxRequest: ~Copyable {
    private(set) var request = kww_sandbox()
    /// Of the granted files, opened for nothing (O_PATH); closed with this value.
    private(set) var descriptors: [Int32] = []

    /// Asks for none: the worker has the rights of its user.
    init() {}

    /// - Parameters:
    ///   - runtimeFolder: of the libraries of the Swift runtime, which every worker reads.
    ///   - isRehearsal: whether what is required is wanted only, so that all of it is reported, and not what fails first.
    /// - Throws: ``PluginError``: `notFound` if a granted file is not there, `resourceExhausted` if there are too many grants.
    init(
        _ policy: SandboxPolicy, limits: EffectiveLimits, runtimeFolder: String?, isRehearsal: Bool = false,
        plugin: String
    ) throws(PluginError) {
        let files = policy.files + USBDevices.files(policy.devices, machine: policy.machine)
        for grant in files { try open(grant, plugin) }
        // A file that the other user cannot reach would be no grant: then root stays, without its powers.
        let stays = geteuid() == 0 && !SandboxIdentity.canReach(files)
        unsafe fill(policy, mayStayRoot: stays, required: isRehearsal ? KWS_IF_AVAILABLE : KWS_REQUIRED)
        request.is_used = 1
        request.is_heard = policy.reportsRefusals ? 1 : 0
        request.may = Self.rights(policy)
        request.grants = UInt32(descriptors.count)
        request.file_size = limits[.fileSize].map { UInt64($0.value) } ?? 0
        if policy.mayStartPrograms { request.processes = limits[.processes].map { UInt64($0.value) } ?? 0 }
        if let runtimeFolder { set(runtimeFolder) }
        if !stays { (request.uid, request.gid) = (SandboxIdentity.number, SandboxIdentity.number) }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// `KWS_MAY_` and so on.
    static func rights(_ policy: SandboxPolicy) -> UInt32 {
        var rights: UInt32 = policy.mayStartThreads ? UInt32(KWS_MAY_START_THREADS) : 0
        if policy.mayGenerateCode { rights |= UInt32(KWS_MAY_GENERATE_CODE) }
        if policy.mayStartPrograms { rights |= UInt32(KWS_MAY_START_PROGRAMS) }
        if !policy.files.isEmpty { rights |= UInt32(KWS_MAY_SHARE_FILES) }
        if !policy.network.isEmpty { rights |= UInt32(KWS_MAY_OPEN_TCP) }
        if !policy.devices.isEmpty { rights |= UInt32(KWS_MAY_USE_DEVICES) }
        return rights
    }

    private mutating func open(_ grant: SandboxPolicy.FileGrant, _ plugin: String) throws(PluginError) {
        guard descriptors.count < Int(KWW_GRANT_LIMIT) else {
            throw PluginError(
                .resourceExhausted, "a worker takes at most \(KWW_GRANT_LIMIT) granted files and folders",
                remedy: "Grant a folder instead of the files in it", plugin: plugin, stage: .load)
        }
        let descriptor = unsafe kwl_open_place(grant.path)
        guard descriptor >= 0 else {
            if grant.isOptional { return }
            throw PluginError(
                errno == EACCES ? .permissionDenied : .notFound,
                "\(grant.path), which was granted, cannot be opened (error \(errno))",
                remedy: "Make it first, or grant the folder that it is to be in",
                facts: .errno(errno, call: "open"), plugin: plugin, stage: .load)
        }
        unsafe withUnsafeMutableBytes(of: &request.access) { bytes in
            unsafe bytes[descriptors.count] = UInt8(grant.access.rawValue)
        }
        descriptors.append(descriptor)
    }

    private mutating func set(_ runtimeFolder: String) {
        unsafe withUnsafeMutableBytes(of: &request.runtime_folder) { bytes in
            let text = Array(runtimeFolder.utf8)
            if text.count < bytes.count { unsafe bytes.copyBytes(from: text) }
        }
    }

    /// What is wanted of each mechanism: as CPluginSandbox says, and the required ones for what is required, so that no worker
    /// has less than the one that was rehearsed.
    @unsafe
    private mutating func fill(_ policy: SandboxPolicy, mayStayRoot: Bool, required: UInt32) {
        var usual = unsafe kws_policy()
        unsafe kws_policy_make(&usual)
        var wanted = unsafe withUnsafeBytes(of: usual.wanted) { unsafe Array($0) }
        func want(_ mechanism: UInt32, _ how: UInt32) { wanted[Int(mechanism)] = UInt8(how) }
        func require(_ mechanism: UInt32) { want(mechanism, max(UInt32(wanted[Int(mechanism)]), required)) }
        want(KWS_MEMORY_GROUP, KWS_IF_AVAILABLE)
        if policy.mayStartPrograms {
            // Counted, and where there is no namespace ended together.
            want(KWS_PROCESS_GROUP, KWS_IF_AVAILABLE)
            // Programs can be ended together in a namespace of their own; others than root make it within another.
            want(KWS_PROCESS_SPACE, KWS_IF_AVAILABLE)
            if geteuid() != 0 { want(KWS_USER_SPACE, KWS_IF_AVAILABLE) }
        }
        if policy.mayStartPrograms || policy.mayGenerateCode {
            want(KWS_SEAL, KWS_IF_AVAILABLE)
            want(KWS_WRITE_XOR_EXECUTE, KWS_IF_AVAILABLE)
        }
        if mayStayRoot { want(KWS_IDENTITY, KWS_IF_AVAILABLE) }
        for name in policy.required {
            for mechanism in SandboxMechanisms.of(name) { require(mechanism) }
        }
        if policy.required.contains(.memory), SandboxMechanisms.memoryNeedsGroup(policy) { require(KWS_MEMORY_GROUP) }
        if policy.isApart { for mechanism in SandboxMechanisms.apart { want(mechanism, KWS_REQUIRED) } }
        // Others than root make namespaces within one of users.
        let spaces = UInt32(wanted[Int(KWS_MOUNT_SPACE)])
        if geteuid() != 0, spaces != KWS_NO { want(KWS_USER_SPACE, spaces) }
        unsafe withUnsafeMutableBytes(of: &request.wanted) { unsafe $0.copyBytes(from: wanted) }
    }
}

/// The user that workers of root become.
enum SandboxIdentity {
    /// "nobody", as Linux has it for files that have no owner here.
    static let number: UInt32 = 65534

    /// Can this user open what is granted, by the rights of everybody alone? Access control lists are not looked at.
    static func canReach(_ files: [SandboxPolicy.FileGrant]) -> Bool {
        files.allSatisfy { grant in
            guard grant.path.hasPrefix("/") else { return false }
            var path = ""
            let parts = grant.path.split(separator: "/")
            for part in parts.dropLast() {
                path += "/\(part)"
                guard hasRight(1, path) else { return false }
            }
            var rights: UInt32 = 0
            if grant.access.contains(.read) { rights |= 4 }
            if grant.access.contains(.write) { rights |= 2 }
            return hasRight(rights, grant.path)
        }
    }

    private static func hasRight(_ wanted: UInt32, _ path: String) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return true }
        if status.st_uid == number { return status.st_mode >> 6 & wanted == wanted }
        return status.st_mode & wanted == wanted
    }
}
