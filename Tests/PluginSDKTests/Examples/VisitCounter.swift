import PluginSDK
import Synchronization

/// Has a configuration that may change while it runs, keeps a number with the host, and hands it to its successor.
final class VisitCounter: ToolPlugin, ConfigurablePlugin, ScheduledPlugin {
    static let description = PluginDescription(id: "visit-counter", version: "0.1.0")

    private let host: HostContext
    private let greeting: Mutex<String>
    private let visits: Mutex<Int>

    init(configuration: JSON, host: HostContext) throws(PluginError) {
        if let issue = Self.issues(configuration).first {
            throw PluginError(
                .configuration, "configuration: \(issue.pointer) \(issue.message)",
                remedy: "Write for example {\"greeting\": \"Hello\"}", facts: .pointer(issue.pointer))
        }
        self.host = host
        greeting = Mutex(configuration["greeting"]?.stringValue ?? "Hello")
        // What an earlier generation left in `handOver`.
        visits = Mutex(Int(String(decoding: host.state, as: UTF8.self)) ?? 0)
    }

    private static func issues(_ configuration: JSON) -> [ConfigurationIssue] {
        guard let greeting = configuration["greeting"], greeting.stringValue == nil else { return [] }
        return [ConfigurationIssue(at: "/greeting", "must be a string, but is \(greeting.typeName)")]
    }

    func start(_ call: borrowing PluginCall) throws(PluginError) {
        do throws(PluginError) {
            // The host calls `run` every minute, on one of its threads.
            try host.schedule().add("save", after: .seconds(60), every: .seconds(60), for: call)
        } catch {
            host.log(.warning, "visits are not saved: \(error.message)")
        }
    }

    func run(_ task: ScheduledTask, _ call: borrowing PluginCall) throws(PluginError) {
        let text = visits.withLock { "\($0)" }
        _ = try host.keyValues().set("visits", Array(text.utf8), for: call)
    }

    func configure(
        _ configuration: JSON, isDryRun: Bool, _ call: borrowing PluginCall
    ) throws(PluginError) -> [ConfigurationIssue] {
        let issues = Self.issues(configuration)
        if issues.isEmpty, !isDryRun {
            greeting.withLock { $0 = configuration["greeting"]?.stringValue ?? "Hello" }
        }
        return issues
    }

    func handOver(_ call: borrowing PluginCall) throws(PluginError) -> [UInt8] {
        Array(visits.withLock { "\($0)" }.utf8)
    }

    func tools(_ call: borrowing PluginCall) throws(PluginError) -> [ToolSpecification] {
        [ToolSpecification(name: "visit", description: "Greets, and counts the visit")]
    }

    func invoke(_ tool: ToolCall, _ call: borrowing PluginCall) throws(PluginError) -> ToolOutput {
        let number = visits.withLock { visits in
            visits += 1
            return visits
        }
        return ToolOutput([.text("\(greeting.withLock { $0 }), visitor \(number).")])
    }
}
