internal import PluginCore

/// What a running host does when its folders change.
extension PluginHost {
    /// Brings the plugins to what their files are by now, and loads those that came and are to be loaded at once.
    func filesChanged(_ report: WatchReport) async {
        guard let paths = noted(report) else { return }
        // What came of it is told by events; the old build goes on if it is refused. Nobody waits for one that hangs.
        for step in await steps(for: paths, of: status) { Task { [weak self] in await self?.take(step) } }
    }

    /// What was not for a plugin that rested.
    func takeUpChanges(of name: String) async {
        let own = status.filter { $0.name == name }
        for step in await steps(for: .everything, of: own) {
            if case .load = step { continue }
            await take(step)
        }
    }

    private func steps(for paths: ChangedPaths, of status: [PluginStatus]) async -> [WatchPlan.Step] {
        var entries: [RegistryEntry] = []
        do throws(PluginError) {
            entries = try await scan().entries
        } catch {
            tellWatch("", error.what, error)
        }
        // Files are told apart by where they are, however a program spelled their paths.
        let loaded = status.filter(\.isActive).compactMap { status in
            status.file.map { file in
                WatchPlan.Loaded(
                    name: status.name, id: status.id, file: ChangedPaths.place(file), hasFile: Folders.exists(file))
            }
        }
        let others = Set(fleet.all.map(\.id)).subtracting(loaded.map(\.id))
        let found = entries.map { entry in
            let isAtOnce = configuration.loadsEverything || entry.manifest?.loading.mode == .eager
            return WatchPlan.Found(
                file: ChangedPaths.place(entry.file), id: entry.id, isLoadable: entry.isLoadable,
                isWanted: isAtOnce && !(entry.id.map(fleet.wasStopped) ?? true))
        }
        return WatchPlan.steps(loaded, others: others, found) {
            paths.mean($0, manifestOnly: configuration.watchesManifestsOnly)
        }
    }

    private func take(_ step: WatchPlan.Step) async {
        switch step {
        case .swap(let name, let file): _ = try? await swap(name, to: file)
        case .tellGone(let name, let file): tellWatch(name, "\(file) is gone; the build that is loaded goes on")
        case .load(let id): _ = await load(all: [id])
        case .stop(let name, let file, let id, let next):
            let reason = "\(file) is \(id) by now"
            tellWatch(name, reason)
            guard let supervisor = fleet.named(name) else { return }
            await supervisor.stop(reason)
            fleet.remove(supervisor)
            if let next { _ = await load(all: [next]) }
        }
    }

    func configurationsChanged(_ report: WatchReport) {
        guard let folder = configuration.configurator.folder, let paths = noted(report) else { return }
        for status in status where status.isActive {
            guard paths.mean(folder.file(status.id)) || paths.mean(folder.file(status.id, .toml)) else { continue }
            Task { [weak self] in _ = try? await self?.configure(status.name) }
        }
    }

    /// nil if nothing can be done about it.
    private func noted(_ report: WatchReport) -> ChangedPaths? {
        switch report {
        case .changed(let paths): return ChangedPaths(paths)
        case .everything: return .everything
        case .failed(let error):
            tellWatch("", error.what, error)
            return nil
        }
    }

    private func tellWatch(_ plugin: String, _ reason: String, _ error: PluginError? = nil) {
        fleet.events.tell(
            HostEvent(
                time: Clock.realtime(), kind: .watch, plugin: plugin, generation: 0, state: nil, version: nil,
                reason: reason, error: error))
    }
}
