internal import ArgumentParser
internal import PluginHost

/// What `keyway resolve` says.
struct ResolveReport {
    private let skipped: [ResolveOptions.Skipped]
    private let unsearched: UnsearchedFolders
    /// Between the lock file that was named and what is installed.
    private let drift: [LockDrift]
    private let wantsJSON: Bool

    init(_ installed: ResolveOptions.Installed, drift: [LockDrift], wantsJSON: Bool) {
        (skipped, unsearched) = (installed.skipped, installed.unsearched)
        (self.drift, self.wantsJSON) = (drift, wantsJSON)
    }

    /// - Parameter lock: the lock file that was written.
    func show(_ resolution: Resolution, lock: String?) {
        let warnings = resolution.warnings + resolution.missingLibraries()
        if wantsJSON {
            Console.print(
                json: document([
                    "order": .array(resolution.plugins.map { .string($0.id) }), "conflicts": [],
                    "plugins": resolution.json["plugins"] ?? [], "warnings": .array(warnings.map(\.json)),
                    "lock": .optional(lock) { .string($0) },
                ]))
            return
        }
        for (index, plugin) in resolution.plugins.enumerated() {
            Console.print("\(index + 1). \(plugin.id) \(plugin.version)".visible)
        }
        if resolution.plugins.isEmpty { Console.print("There is no plugin to load.") }
        for warning in warnings { Console.error("keyway: warning: \(warning.message)".visible) }
        for difference in drift { Console.error("keyway: warning: \(difference.message)".visible) }
        if let lock { Console.error("keyway: note: \(lock) is written.".visible) }
        noteSkipped()
    }

    /// Shows why there is no set of plugins to load.
    func show(_ error: PluginError) -> ExitCode {
        let failure = error.underlying as? ResolutionFailure ?? ResolutionFailure()
        if wantsJSON {
            Console.print(
                json: document([
                    "order": [], "conflicts": .array(Self.conflicts(error, failure)),
                    "choices": failure.json["choices"] ?? [], "cycle": failure.json["cycle"] ?? [],
                    "message": .string(error.message), "error": error.json,
                ]))
        } else {
            Console.error("keyway: error: \(error.message)".visible)
            noteSkipped()
        }
        return ExitCode(1)
    }

    /// Shows that something else is installed than is locked.
    func showDrift(_ lock: String) -> ExitCode {
        let remedy = "Install exactly what is locked, or review the difference and write the lock file again"
        if wantsJSON {
            let conflicts = drift.map { difference in
                Self.conflict(
                    nil, nil, difference.id, difference.locked.map { "\($0.version)" }, nil, difference.message, remedy)
            }
            let error = PluginError(
                .dependency, "what is installed is not what \(lock) says", remedy: remedy,
                facts: .names(drift.map(\.id)))
            Console.print(
                json: document([
                    "order": [], "conflicts": .array(conflicts), "message": .string(error.message),
                    "error": error.json,
                ]))
        } else {
            Console.error("keyway: error: what is installed is not what \(lock) says. \(remedy).".visible)
            for difference in drift { Console.error("  \(difference.message)".visible) }
            noteSkipped()
        }
        return ExitCode(1)
    }

    private func document(_ members: [String: JSON]) -> JSON {
        let skipped = skipped.map { file -> JSON in ["file": .string(file.file), "reason": .string(file.reason)] }
        let common: [String: JSON] = [
            "skipped": .array(skipped), "drift": .array(drift.map(\.json)), "folders": unsearched.json,
        ]
        return .object(members.merging(common) { own, _ in own })
    }

    private func noteSkipped() {
        unsearched.warn()
        for file in skipped { Console.error("keyway: note: left out \(file.file): \(file.reason)".visible) }
    }

    // MARK: - Conflicts

    /// Every failure as conflicts, so that a program finds in one place what stands in the way.
    private static func conflicts(_ error: PluginError, _ failure: ResolutionFailure) -> [JSON] {
        var conflicts = failure.conflicts.map(\.json)
        let remedy = error.remedy ?? ""
        for (plugin, needed) in zip(failure.cycle, failure.cycle.dropFirst()) {
            conflicts.append(
                conflict(plugin, needed, needed, nil, nil, "\(plugin) needs \(needed), in a circle", remedy))
        }
        for choice in failure.choices {
            conflicts.append(
                conflict(
                    nil, nil, choice.name, choice.candidates.first, choice.candidates.dropFirst().first,
                    "more than one fits: \(choice.candidates.joined(separator: ", "))", remedy))
        }
        if conflicts.isEmpty {
            conflicts.append(conflict(error.plugin, nil, error.plugin, nil, nil, error.what, remedy))
        }
        return conflicts
    }

    /// With the members that a ``DependencyConflict`` has.
    private static func conflict(
        _ plugin1: String?, _ plugin2: String?, _ dependency: String?, _ version1: String?, _ version2: String?,
        _ message: String, _ resolution: String
    ) -> JSON {
        [
            "plugin1": .string(plugin1 ?? DependencyConflict.host), "plugin2": .optional(plugin2) { .string($0) },
            "dependency": .optional(dependency) { .string($0) }, "version1": .optional(version1) { .string($0) },
            "version2": .optional(version2) { .string($0) }, "severity": "error", "message": .string(message),
            "resolution": .string(resolution), "chain": [],
        ]
    }
}
