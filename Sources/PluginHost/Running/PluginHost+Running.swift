internal import Glibc
public import PluginCore
internal import PluginLoader

extension PluginHost {
    /// What a host that runs can say of itself.
    public struct Ready: Sendable {
        /// Where it can be talked to, or nil.
        public let socket: String?
        /// What came of each plugin that was to be loaded at once.
        public let loads: [LoadAttempt]
    }

    /// Runs the host until the task is cancelled, or somebody asks for the end on the control socket; then shuts every
    /// plugin down, the last loaded first.
    ///
    /// Loads the plugins of ``Configuration/preload`` and those whose manifests say `eager`, the highest priority first. A
    /// plugin that cannot be loaded keeps no other from being loaded. Then watches files and configurations, if it is to, and
    /// answers on the control socket.
    /// - Parameter ready: is called once, when the plugins are loaded and the socket answers.
    /// - Throws: if the socket or the watch cannot be set up. Not for being cancelled.
    public func run(
        ready: @escaping @Sendable (Ready) async -> Void = { _ in }
    ) async throws(PluginError) {
        let end = EndRequest()
        let server = try await controlServer(end)
        let watches: Watches
        do throws(PluginError) {
            watches = try await startWatching()
        } catch {
            server?.stop()
            throw error
        }
        await withTaskGroup(of: Void.self) { group in
            if let changes = watches.files {
                group.addTask { [self] in for await report in changes { await filesChanged(report) } }
            }
            if let changes = watches.configurations {
                group.addTask { [self] in for await report in changes { configurationsChanged(report) } }
            }
            group.addTask { [self] in
                let loads = await loadAtOnce()
                if !Task.isCancelled { await ready(Ready(socket: server?.path, loads: loads)) }
            }
            await end.wait()
            watches.files?.stop()
            watches.configurations?.stop()
            group.cancelAll()
            fleet.close()
            // In a task of its own: this one may be cancelled, and the plugins are to be ended properly.
            await Task { await self.shutdown() }.value
        }
        fleet.events.close()
        server?.stop()
        await server?.finished()
    }

    // MARK: - Beginning

    private func loadAtOnce() async -> [LoadAttempt] {
        var wanted = configuration.preload.map { (name: $0, priority: configuration.priorities[$0]) }
        var entries: [RegistryEntry] = []
        do throws(PluginError) {
            entries = try await scan().entries
            for index in wanted.indices where wanted[index].priority == nil {
                let entry = entries.first {
                    $0.id == wanted[index].name || FileName.stem($0.file) == wanted[index].name
                }
                wanted[index].priority = entry?.manifest?.loading.priority
            }
            for entry in entries where entry.isLoadable {
                guard let id = entry.id, let loading = entry.manifest?.loading,
                    configuration.loadsEverything || loading.mode == .eager,
                    !wanted.contains(where: { $0.name == id || $0.name == FileName.stem(entry.file) })
                else { continue }
                wanted.append((id, configuration.priorities[id] ?? loading.priority))
            }
        } catch {
            configuration.logger.error("the folders cannot be searched", metadata: ["error": "\(error.message)"])
        }
        let normal = PluginPriority.normal.number
        // A stable sort: those of one priority as they were named.
        let order = wanted.enumerated().sorted {
            let (left, right) = ($0.element.priority ?? normal, $1.element.priority ?? normal)
            return left != right ? left > right : $0.offset < $1.offset
        }
        let attempts = await load(all: order.map(\.element.name)) + leftOut(of: entries)
        for attempt in attempts {
            guard let error = attempt.error else { continue }
            configuration.logger.error(
                "a plugin could not be loaded",
                metadata: ["plugin": .string(attempt.name), "error": "\(error.message)"])
        }
        return attempts
    }

    /// What is not loaded though everything is to be, but for what an operator turned off.
    private func leftOut(of entries: [RegistryEntry]) -> [LoadAttempt] {
        guard configuration.loadsEverything else { return [] }
        return entries.filter { $0.state == .refused || $0.state == .quarantined }.map { entry in
            LoadAttempt(
                name: entry.id ?? FileName.stem(entry.file), plugin: nil, manifest: entry.manifest, error: entry.error)
        }
    }

    // MARK: - Beginning to watch

    private struct Watches {
        /// Of the plugins' folders; nil if they are not to be watched.
        var files: FolderChanges?
        /// Of the folder of configurations; nil if there is none, or it is not to be watched.
        var configurations: FolderChanges?
    }

    private func startWatching() async throws(PluginError) -> Watches {
        var watches = Watches()
        guard let rules = configuration.watch else { return watches }
        watches.files = try await FolderChanges.start(configuration.searchPaths, rules: rules)
        guard let folder = configuration.configurator.folder?.path else { return watches }
        do throws(PluginError) {
            watches.configurations = try await FolderChanges.start([folder], rules: rules)
        } catch {
            watches.files?.stop()
            throw error
        }
        return watches
    }
}
