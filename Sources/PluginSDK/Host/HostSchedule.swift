internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// Work at a later time: `keyway.host.schedule/1`.
    /// - Throws: `permissionDenied` if the plugin was not granted it.
    public func schedule() throws(PluginError) -> HostSchedule {
        HostSchedule(service: try HostService(self, "keyway.host.schedule/1", permission: "schedule"))
    }
}

/// Tasks that the host runs when they are due, as ``ScheduledPlugin/run(_:_:)``; so plugins need no threads of their own.
/// They end with the instance.
public struct HostSchedule: Sendable {
    let service: HostService<kw_host_schedule>

    /// - Parameters:
    ///   - payload: comes back with the task.
    ///   - delay: until the first run.
    ///   - period: between the starts of runs; nil = once. A run that is late is not made up for.
    /// - Returns: the task's id.
    @discardableResult
    public func add(
        _ name: String, payload: [UInt8] = [], after delay: Duration, every period: Duration? = nil,
        for call: borrowing PluginCall
    ) throws(PluginError) -> UInt64 {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_schedule_in(
            h: .of(kw_schedule_in.self), name: writer.string(name), payload: writer.bytes(payload),
            delay_ns: delay.nanoseconds, period_ns: period?.nanoseconds ?? 0)
        return try unsafe service.ask(\.add, "schedule.add", call, input, reply: kw_handle.self) {
            reply, _ throws(PluginError) in reply.handle
        }
    }

    /// - Returns: false if it had ended already.
    @discardableResult
    public func cancel(_ id: UInt64, for call: borrowing PluginCall) throws(PluginError) -> Bool {
        let input = kw_handle(h: .of(kw_handle.self), handle: id)
        return try unsafe service.ask(\.cancel, "schedule.cancel", call, input, reply: kw_count.self) {
            reply, _ throws(PluginError) in reply.count > 0
        }
    }
}
