internal import CPluginLinux
internal import PluginCore
internal import Synchronization

/// What a plugin has on disk: all that is in its data folder, and what granted folders have grown by since they were looked
/// at first: when it was loaded, or when it got a limit.
final class DiskAccount: Sendable {
    private struct Seen {
        /// What the granted folders held at first.
        let before: Int64
        var held: Int64
    }

    private let dataFolder: String?
    private let granted: [String]
    private let seen: Mutex<Seen?>

    /// Looks at once if there is a limit. nil: it writes nothing, or the host does not know where.
    init?(_ options: WorkerOptions, dataFolder: String?) {
        let folders = (options.sandbox?.files ?? []).filter { $0.access.contains(.write) }.map(\.path)
        self.dataFolder = dataFolder
        granted = folders.filter { $0 != dataFolder }
        guard dataFolder != nil || !granted.isEmpty else { return nil }
        seen = Mutex(nil)
        if options.limits[.disk] != nil { begin() }
    }

    /// Looks for the first time, if nobody has: what is there now is not the plugin's. Blocks.
    func begin() {
        let (own, others) = look()
        seen.withLock { seen in seen = seen ?? Seen(before: others, held: own) }
    }

    /// Is it above the limit, and has it grown since the last look? What only reads, or makes room, may go on. Blocks.
    func isOver(_ limit: Int64) -> Bool {
        let (own, others) = look()
        return seen.withLock { seen in
            let before = seen?.before ?? others
            let held = own + others - before
            defer { seen = Seen(before: before, held: held) }
            return held > limit && held > seen?.held ?? held
        }
    }

    /// In bytes: what its data folder holds, and what the granted folders hold.
    private func look() -> (own: Int64, others: Int64) {
        (Self.usage(of: dataFolder.map { [$0] } ?? []), Self.usage(of: granted))
    }

    private static func usage(of folders: [String]) -> Int64 {
        folders.reduce(0) { $0 + max(0, unsafe kwl_disk_usage($1)) }
    }
}
