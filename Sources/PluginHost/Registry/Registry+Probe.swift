public import PluginCore
internal import PluginLoader

extension Registry {
    /// Plugins whose bytes are held in memory at the same time.
    private static let batch = 64

    /// Tries each plugin of a scan that can be loaded and was not tried with these bytes before, each in a process of
    /// its own. What fails is put into quarantine; what passes is remembered in the cache.
    ///
    /// - Parameters:
    ///   - deadline: for each plugin.
    ///   - progress: how many plugins are done, of how many.
    /// - Returns: the scan anew, with the states that follow, and the times of both scans and of what lay between.
    /// - Throws: `configuration` without a state folder, and what ``QuarantineStore/probe(_:with:deadline:ignoresQuarantine:)``
    ///   throws. What was tried until then stays recorded.
    public func probe(
        _ scan: RegistryScan, with scanner: PluginScanner, deadline: Duration = .seconds(2),
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil
    ) async throws(PluginError) -> RegistryScan {
        guard let stateFolder else {
            throw PluginError(
                .configuration, "plugins that fail cannot be put aside: the host has no state folder",
                remedy: "Name a state folder")
        }
        let store = QuarantineStore(stateFolder: stateFolder, clock: now)
        let loader = PluginLoader(verifier: verifier, logger: Logger(label: "keyway.registry"), metrics: { _ in })
        let entries = scan.entries.filter { $0.isLoadable && !$0.isProbed }
        let began = Clock.monotonic()
        var passed: [String: String] = [:]
        for first in stride(from: 0, to: entries.count, by: Self.batch) {
            var prepared: [PreparedPlugin] = []
            for entry in entries[first..<min(first + Self.batch, entries.count)] {
                // What changed since it was scanned is judged by the next scan.
                guard let plugin = try? PluginHost.prepare(entry.file, by: loader), plugin.digest == entry.digest,
                    plugin.verification.isLoadable
                else { continue }
                prepared.append(plugin)
            }
            for probed in try await store.probe(prepared, with: scanner, deadline: deadline)
            where probed.result?.hasPassed == true {
                passed[probed.plugin.path] = probed.plugin.digest
            }
            progress?(min(first + Self.batch, entries.count), entries.count)
        }
        let probing = Duration.nanoseconds(Clock.monotonic() - began)
        remember(passed, in: scan)
        var after = try self.scan()
        after.timings.add(scan.timings)
        after.timings.probe = probing
        after.timings.total = scan.timings.total + .nanoseconds(Clock.monotonic() - began)
        return after
    }
}
