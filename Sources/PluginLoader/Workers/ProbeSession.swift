package import PluginCore

/// A `keyway-worker` that only tries plugins, so that one that harms it harms no plugin that works. Blocks the thread that
/// uses it.
package final class ProbeSession {
    package enum Submission {
        case done
        /// There are no descriptors for another one as long as others run.
        case full
        /// A file that the plugin needs is gone.
        case missing(PluginError)
    }

    private let zygote: Zygote
    private let isSandboxed: Bool
    private let ended = Monitor<[(index: Int, report: ProbeReport)]>([])
    /// Plugins that are being tried, each by the number that it was given.
    package private(set) var running: Set<Int> = []

    /// Starts the program.
    /// - Throws: ``PluginError`` with code `notFound` if it cannot be run, `unsupported` if it is one of another version,
    ///   `protocolViolation` if it is another program.
    package init(_ path: String, isSandboxed: Bool) throws(PluginError) {
        self.isSandboxed = isSandboxed
        zygote = try Zygote.start(path)
    }

    /// Ends the program, and what plugins have left, and waits until all is gone.
    package func stop() { zygote.stop() }

    /// What the program said that it cannot mean, so that it was ended; nil: nothing of the kind.
    package var failure: PluginError? { zygote.failure }

    /// - Parameter deadline: from now.
    package func submit(
        _ plugin: PreparedPlugin, _ index: Int, deadline: Duration
    ) throws(PluginError) -> Submission {
        let parts: PreparedPlugin.Parts
        do throws(PluginError) {
            parts = try plugin.parts()
        } catch {
            guard error.code == .notFound else { throw error }
            return .missing(error)
        }
        do throws(PluginError) {
            try ProbeProcess.start(
                plugin, parts, by: zygote, isSandboxed: isSandboxed, deadline: deadline
            ) { [ended] report in
                ended.withLock { $0.append((index, report)) }
                ended.signal()
            }
        } catch {
            switch error.code {
            // The next answer is that all that run are lost, and this one with them.
            case .workerLost: ended.withLock { $0.append((index, .lost)) }
            case _ where !running.isEmpty: return .full
            default:
                var error = error
                error.plugin = plugin.path
                throw error
            }
        }
        running.insert(index)
        return .done
    }

    /// Waits for the end of one that is being tried.
    package func next() -> (index: Int, report: ProbeReport) {
        let next = ended.wait { ended in ended.isEmpty ? nil : ended.removeFirst() }
        running.remove(next.index)
        return next
    }
}
