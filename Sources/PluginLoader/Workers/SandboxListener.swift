internal import CPluginLinux
internal import CPluginSandbox
internal import Glibc
internal import PluginCore

/// Hears of the system calls that a worker's sandbox refuses, and of the files that it names (seccomp_unotify(2)). The worker
/// cannot keep them from being told, and waits until they were.
///
/// A name is read where the call points to, and the kernel reads it again: another thread of the worker can change it in
/// between. So a record is evidence, and what is refused is Landlock's to refuse.
struct SandboxListener: Sendable {
    /// What a worker wanted.
    struct Access: Sendable, Hashable {
        let action: AccessRecord.Action
        let resource: String
        let isAllowed: Bool
        let reason: String
    }

    /// Whether the files that it names are granted.
    let files: FileAccessPolicy
    /// What every worker reads is not told: that of these permissions, and this folder.
    let rights: UInt32
    let runtimeFolder: String?
    /// Told of everything that is refused, and once of each grant that is used, on a thread of its own.
    let observer: @Sendable (Access) -> Void
    /// Told once of each thing that is refused.
    let first: @Sendable (Access) -> Void

    /// Beyond so many a second whoever is told of waits: it costs the host more than the worker.
    private static let rate = 500
    /// Different things that are remembered to be told once.
    private static let memoryLimit = 10_000

    private static var now: Duration { .nanoseconds(kwl_monotonic_ns()) }

    /// Listens until the worker and all that it started are gone.
    /// - Parameters:
    ///   - listener: its own from now on.
    ///   - memory: the worker's, to read names in; its own from now on. -1: files are not told.
    ///   - process: the worker's, as far as it is known by then.
    func start(_ listener: Int32, memory: Int32, process: @escaping @Sendable () -> Int32) {
        let status = DetachedThread.start {
            serve(listener, memory, process)
            close(listener)
            if memory >= 0 { close(memory) }
        }
        guard status != 0 else { return }
        // Without it what would be told fails with ENOSYS.
        close(listener)
        if memory >= 0 { close(memory) }
    }

    private func serve(_ listener: Int32, _ memory: Int32, _ process: () -> Int32) {
        var budget = TokenBucket(rate: Self.rate, capacity: Self.rate, at: Self.now)
        var told: Set<Access> = []
        var notice = kws_notice()
        while unsafe kws_take_notice(listener, &notice) > 0 {
            for access in accesses(notice, memory, process()) {
                let isNew = told.count < Self.memoryLimit && told.insert(access).inserted
                guard isNew || !access.isAllowed else { continue }
                if !budget.take(at: Self.now) { usleep(10_000) }
                observer(access)
                if isNew, !access.isAllowed { first(access) }
            }
            // Only now does the call return: whoever asks the plugin finds it told.
            unsafe kws_end_notice(listener, &notice)
        }
    }

    private func accesses(_ notice: kws_notice, _ memory: Int32, _ process: Int32) -> [Access] {
        guard notice.is_refused == 0 else {
            return [Access(.systemCall, Self.name(of: notice), isAllowed: false, "its sandbox refuses it")]
        }
        return (0..<2).flatMap { which in
            var notice = notice
            var file = kws_named_file()
            guard unsafe kws_named_file_of(&notice, memory, UInt32(which), &file) > 0 else { return [Access]() }
            let path = unsafe withUnsafeBytes(of: file.path) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let named = NamedFile(path, folder: file.folder, of: process)
            return look(at: named, SandboxPolicy.Access(rawValue: file.access))
        }
    }

    private static func name(of notice: kws_notice) -> String {
        var name = [CChar](repeating: 0, count: 64)
        unsafe kws_call_name(notice.number, &name, name.count)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func look(at file: NamedFile, _ wanted: SandboxPolicy.Access) -> [Access] {
        guard let path = file.place else {
            // A process that nobody may look into does not say either where it is.
            guard !file.name.isEmpty else { return [] }
            return [Access(.read, file.name, isAllowed: true, "it is relative, and Landlock decides")]
        }
        guard !file.isOwn, !isEverybodys(path, wanted) else { return [] }
        return files.verdicts(on: path, wanted).map { verdict in
            let action: AccessRecord.Action = verdict.access == .read ? .read : .write
            guard let grant = verdict.grant else {
                return Access(action, path, isAllowed: false, "nothing that was granted covers it")
            }
            return Access(action, grant, isAllowed: true, "it was granted")
        }
    }

    private func isEverybodys(_ path: String, _ wanted: SandboxPolicy.Access) -> Bool {
        if path == "/dev/null" { return true }
        guard wanted == .read else { return false }
        if let runtimeFolder, path.hasPrefix(runtimeFolder + "/") { return true }
        return unsafe kws_is_everybodys(path, rights) != 0
    }
}

extension SandboxListener.Access {
    fileprivate init(_ action: AccessRecord.Action, _ resource: String, isAllowed: Bool, _ reason: String) {
        (self.action, self.resource, self.isAllowed, self.reason) = (action, resource, isAllowed, reason)
    }
}
