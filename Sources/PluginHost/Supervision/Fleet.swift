internal import PluginCore
internal import PluginLoader
internal import Synchronization

/// The plugins of a host by their names, in the order in which they came.
final class Fleet: Sendable {
    let events: EventHub
    let gate: LoadGate
    /// When the host was made, in nanoseconds of the clock that only goes forward.
    let began = Clock.monotonic()
    private let members = Mutex<[PluginSupervisor]>([])
    private let isClosed = Mutex(false)
    /// Ids that somebody stopped: they do not come back by themselves.
    private let stopped = Mutex<Set<String>>([])
    private let loads = Mutex<[String: Task<Result<NativePlugin, PluginError>, Never>]>([:])

    init(loadsAtOnce: Int, _ handlers: LifecycleHandlers) {
        gate = LoadGate(limit: loadsAtOnce)
        events = EventHub(handlers)
    }

    var all: [PluginSupervisor] { members.withLock { $0 } }

    /// One that is meant by a name: its own, its id, or its file's.
    func known(_ name: String) -> PluginSupervisor? {
        let all = all
        return all.first { $0.name == name } ?? all.first { $0.id == name }
            ?? all.first { $0.status.file.map { $0 == name || FileName.stem($0) == name } ?? false }
    }

    /// The plugin that is meant by a name, if it takes calls.
    func active(_ name: String) -> NativePlugin? {
        guard let supervisor = known(name), supervisor.status.isActive else { return nil }
        return supervisor.adapters
    }

    func named(_ name: String) -> PluginSupervisor? { members.withLock { $0.first { $0.name == name } } }

    /// - Parameters:
    ///   - name: nil for the id, or the id with the lowest number that is free.
    ///   - make: makes the supervisor of that name.
    /// - Throws: `conflict` if the name is taken, `cancelled` if the host ends.
    func add(
        _ id: String, as name: String?, _ make: (String) -> PluginSupervisor
    ) throws(PluginError) -> PluginSupervisor {
        try members.withLock { members throws(PluginError) in
            guard !isClosed.withLock({ $0 }) else {
                throw PluginError(.cancelled, "\(id) was not loaded: the host ends", plugin: id, stage: .load)
            }
            let taken = Set(members.map(\.name))
            guard name.map({ !taken.contains($0) }) ?? true else {
                throw PluginError(
                    .conflict, "the host has a plugin \(name!) already",
                    remedy: "Swap or stop it, or give the other one another name", plugin: name, stage: .load)
            }
            var free = name ?? id
            var number = 2
            while taken.contains(free) {
                free = "\(id)-\(number)"
                number += 1
            }
            stopped.withLock { _ = $0.remove(id) }
            let supervisor = make(free)
            members.append(supervisor)
            return supervisor
        }
    }

    func wasStopped(_ id: String) -> Bool { stopped.withLock { $0.contains(id) } }

    func noteStopped(_ id: String) { stopped.withLock { _ = $0.insert(id) } }

    /// Nothing comes any more.
    func close() { members.withLock { _ in isClosed.withLock { $0 = true } } }

    func remove(_ supervisor: PluginSupervisor) {
        members.withLock { members in members.removeAll { $0 === supervisor } }
    }

    /// Runs the body once for all who ask for the name at the same time. It goes on when they have gone.
    /// - Parameter isOwn: the caller is such a body itself, of this name.
    func sharing(
        _ name: String, unless isOwn: Bool = false,
        _ body: @escaping @Sendable () async throws(PluginError) -> NativePlugin
    ) async throws(PluginError) -> NativePlugin {
        if isOwn { return try await body() }
        let task = loads.withLock { loads in
            if let task = loads[name] { return task }
            let task = Task { () -> Result<NativePlugin, PluginError> in
                defer { self.loads.withLock { _ = $0.removeValue(forKey: name) } }
                do throws(PluginError) {
                    return .success(try await body())
                } catch {
                    return .failure(error)
                }
            }
            loads[name] = task
            return task
        }
        return try await task.value.get()
    }
}
