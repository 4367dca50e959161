internal import PluginCore
internal import PluginLoader

extension ProbeResult {
    /// Judges what was seen of a plugin.
    /// - Throws: ``PluginError`` with code `unavailable` if it could not be run, `sandboxUnavailable` if it would have run
    ///   without a sandbox.
    init(_ report: ProbeReport, of plugin: PreparedPlugin, deadline: Duration) throws(PluginError) {
        self.plugin = plugin.manifest?.id ?? plugin.path
        path = plugin.path
        phase = Phase.allCases[report.phase]
        output = String(decoding: report.output, as: UTF8.self)
        outputBytes = report.outputBytes
        duration = report.duration
        backtrace = report.backtrace.map { frame in
            Frame(
                module: frame.module, offset: frame.offset, symbol: frame.symbol.isEmpty ? nil : frame.symbol,
                symbolOffset: frame.symbolOffset)
        }
        switch report.end {
        case .answered: outcome = report.outputBytes > 0 ? .chatter : .passed
        case .refused(let text): outcome = .refused(text)
        case .unloadable(let text): outcome = .unloadable(text)
        case .exited(let status): outcome = .exited(status: status)
        case .crashed(let signal, let address): outcome = .crashed(signal: signal, address: address)
        case .hung: outcome = .hung(deadline: deadline)
        case .lost: outcome = .brokeScanner
        case .notContained(let text):
            throw PluginError(
                .sandboxUnavailable, "it was not tried, because the sandbox cannot be had: \(text)",
                remedy: "`keyway doctor` says what this kernel offers", plugin: plugin.path, stage: .load)
        case .notStarted(let number):
            throw PluginError(
                .unavailable, "no process could be started to try it (error \(number))",
                remedy: "Check the limits on processes, memory and open files",
                facts: .errno(number, call: "fork"), plugin: plugin.path, stage: .load)
        }
    }

    /// The result of a plugin whose private library is gone since it was judged.
    init(of plugin: PreparedPlugin, missing error: PluginError) {
        self.plugin = plugin.manifest?.id ?? plugin.path
        path = plugin.path
        outcome = .refused("its library \(error.plugin ?? "beside it") is gone since it was judged")
        (duration, phase, backtrace, output, outputBytes) = (.zero, .setup, [], "", 0)
    }
}
