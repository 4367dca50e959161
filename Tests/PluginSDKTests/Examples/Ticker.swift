import Dispatch
import PluginSDK
import Synchronization

/// Works on a thread of its own between `start` and `stop`.
final class Ticker: ToolPlugin {
    static let description = PluginDescription(id: "ticker", version: "0.1.0")

    private let host: HostContext
    private let ticks = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let wake = DispatchSemaphore(value: 0)
    private let ended = DispatchGroup()

    init(configuration: JSON, host: HostContext) throws(PluginError) { self.host = host }

    func start(_ call: borrowing PluginCall) throws(PluginError) {
        isStopping.store(false, ordering: .relaxed)
        DispatchQueue.global().async(group: ended) { [self] in
            while !isStopping.load(ordering: .acquiring) {
                ticks.add(1, ordering: .relaxed)
                // A thread of the plugin's own has no call; it opens one to use services of the host.
                let count = "\(ticks.load(ordering: .relaxed))"
                do throws(PluginError) {
                    try host.withCall { call throws(PluginError) in
                        _ = try host.keyValues().set("ticks", Array(count.utf8), for: call)
                    }
                } catch {
                    host.log(.warning, "not kept: \(error.message)")
                }
                _ = wake.wait(timeout: .now() + 1)
            }
        }
    }

    /// When this returns, no thread of the instance runs.
    func stop(_ call: borrowing PluginCall) throws(PluginError) {
        isStopping.store(true, ordering: .releasing)
        wake.signal()
        ended.wait()
    }

    func tools(_ call: borrowing PluginCall) throws(PluginError) -> [ToolSpecification] {
        [ToolSpecification(name: "ticks", description: "Seconds since the start, about")]
    }

    func invoke(_ tool: ToolCall, _ call: borrowing PluginCall) throws(PluginError) -> ToolOutput {
        ToolOutput([.text("\(ticks.load(ordering: .relaxed))")])
    }
}
