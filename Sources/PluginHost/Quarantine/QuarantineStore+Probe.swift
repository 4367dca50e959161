public import PluginCore
public import PluginLoader

extension QuarantineStore {
    /// A plugin after a probe that heeds the quarantine.
    public struct Probed: Sendable {
        public let plugin: PreparedPlugin
        /// The last one; nil: the plugin is in quarantine and was not run.
        public let result: ProbeResult?
        public let status: QuarantineStatus
    }

    /// Tries the plugins that are not in quarantine, those that fail for the first time once more with none beside them,
    /// and keeps what came of it.
    ///
    /// - Parameters:
    ///   - plugins: that passed the checks.
    ///   - ignoresQuarantine: also tries plugins whose time in quarantine is not over.
    /// - Returns: one element a plugin, in the same order. What was recorded before an error stays recorded.
    /// - Throws: as ``PluginScanner/probe(_:deadline:)``, and if the records cannot be read or written.
    public func probe(
        _ plugins: [PreparedPlugin], with scanner: PluginScanner, deadline: Duration = .seconds(2),
        ignoresQuarantine: Bool = false
    ) async throws(PluginError) -> [Probed] {
        let before = try read()
        let now = clock()
        let inputs = plugins.map(QuarantineInputs.init)
        let statuses = zip(plugins, inputs).map { before.status(of: $0.quarantineNames, inputs: $1, now: now) }
        let tried = plugins.indices.filter { index in
            if case .quarantined = statuses[index] { ignoresQuarantine } else { true }
        }
        var results: [Int: ProbeResult] = [:]
        for (index, result) in zip(tried, try await scanner.probe(tried.map { plugins[$0] }, deadline: deadline)) {
            results[index] = result
        }
        let again = try keep(results, plugins, inputs)
        var alone = scanner
        alone.parallel = 1
        var second: [Int: ProbeResult] = [:]
        for (index, result) in zip(again, try await alone.probe(again.map { plugins[$0] }, deadline: deadline)) {
            second[index] = result
        }
        _ = try keep(second, plugins, inputs)
        results.merge(second) { _, last in last }
        let after = try read()
        return plugins.indices.map { index in
            let status = after.status(of: plugins[index].quarantineNames, inputs: inputs[index], now: now)
            return Probed(plugin: plugins[index], result: results[index], status: status)
        }
    }

    /// - Returns: the plugins that failed for the first time, in order.
    private func keep(
        _ results: [Int: ProbeResult], _ plugins: [PreparedPlugin], _ inputs: [QuarantineInputs]
    ) throws(PluginError) -> [Int] {
        guard !results.isEmpty else { return [] }
        let now = clock()
        return try change { quarantine in
            var suspects: [Int] = []
            for (index, result) in results.sorted(by: { $0.key < $1.key }) {
                let plugin = plugins[index]
                guard let failure = QuarantineFailure(result) else {
                    quarantine.recordSuccess(of: result.plugin, file: plugin.absolutePath, inputs: inputs[index])
                    continue
                }
                let record = quarantine.record(
                    failure, of: result.plugin, file: plugin.absolutePath, inputs: inputs[index], by: .probe, now: now)
                if record.isSuspect { suspects.append(index) }
            }
            return suspects
        }
    }
}

extension QuarantineInputs {
    /// Those of a plugin that was read. Reads all of its bytes.
    public init(_ plugin: PreparedPlugin) {
        self.init(digest: plugin.digest, sdk: plugin.hostSDK)
    }
}

extension PreparedPlugin {
    /// What an operator may call it.
    fileprivate var quarantineNames: [String] {
        [manifest?.id ?? path, FileName.stem(path)] + [manifest?.name].compactMap(\.self)
    }

    /// For who looks for it from another folder.
    fileprivate var absolutePath: String { path.hasPrefix("/") ? path : "\(Folders.current)/\(path)" }
}
