internal import PluginHost

/// What a scan found, for a person and for a program.
struct RegistryReport {
    let scan: RegistryScan
    private let entries: [RegistryEntry]

    init(_ scan: RegistryScan) {
        self.scan = scan
        entries = scan.entries
    }

    var json: JSON {
        [
            "plugins": .array(entries.map(\.json)), "timings": timings, "cache": cache,
            "folders": .array(
                scan.folderProblems.map { ["path": .string($0.path), "problem": .string($0.problem)] }),
        ]
    }

    /// With what each file cost, and why the cache did not answer for it.
    var statusJSON: JSON {
        let reasons = scan.missReasons
        let plugins = entries.map { entry -> JSON in
            guard case .object(var members) = entry.json else { return entry.json }
            members["cached"] = .bool(reasons[entry.file] == nil)
            members["missReason"] = .optional(reasons[entry.file]) { .string($0) }
            return .object(members)
        }
        guard case .object(var members) = json else { return json }
        members["plugins"] = .array(plugins)
        members["states"] = .object(
            Dictionary(
                uniqueKeysWithValues: RegistryEntry.State.allCases.map { ($0.rawValue, .int(Int64(count($0)))) }))
        return .object(members)
    }

    func show() {
        showTable(entries.map { [$0.state.rawValue, $0.name, version($0), $0.language ?? "-", $0.file] })
        for entry in entries where entry.state != .available { explain(entry) }
        showSummary()
    }

    func showStatus() {
        let reasons = scan.missReasons
        showTable(
            entries.map {
                [
                    $0.state.rawValue, $0.name, version($0), $0.inspectTime.short,
                    reasons[$0.file] ?? "cached",
                ]
            })
        for entry in entries where entry.state != .available { explain(entry) }
        showSummary()
        if let file = scan.cacheFile { Console.print("cache: \(file)".visible) }
        let timings = scan.timings
        Console.print(
            "read \(timings.read.short), list \(timings.list.short), judge "
                + "\(timings.judge.short), write \(timings.write.short)")
    }

    private func showTable(_ rows: [[String]]) {
        for line in TextTable.lines(rows) { Console.print(line) }
    }

    private func explain(_ entry: RegistryEntry) {
        let rules = entry.rules.isEmpty ? "" : " [\(entry.rules.joined(separator: ", "))]"
        let remedy = entry.remedy.map { " \($0)." } ?? ""
        Console.print("\(entry.file): \(entry.state.rawValue): \(entry.reason ?? "")\(rules).\(remedy)".visible)
    }

    private func showSummary() {
        for (path, problem) in scan.folderProblems { Console.error("keyway: note: \(path): \(problem)".visible) }
        if let problem = scan.cacheProblem { Console.error("keyway: note: the cache: \(problem)".visible) }
        let states = RegistryEntry.State.allCases.map { ($0.rawValue, count($0)) }.filter { $0.1 > 0 }
            .map { "\($0.1) \($0.0)" }
        let plugins = entries.count == 1 ? "1 plugin" : "\(entries.count) plugins"
        Console.print(
            "\(plugins)\(states.isEmpty ? "" : ": ")\(states.joined(separator: ", ")); "
                + "\(scan.hits) of \(scan.hits + scan.misses) files from the cache, "
                + scan.timings.total.short
                + (scan.timings.probe > .zero ? ", of that \(scan.timings.probe.short) to try plugins" : ""))
    }

    private func count(_ state: RegistryEntry.State) -> Int { entries.count { $0.state == state } }

    private func version(_ entry: RegistryEntry) -> String { entry.version?.description ?? "-" }

    private var timings: JSON {
        let timings = scan.timings
        return [
            "readMs": .double(timings.read.milliseconds), "listMs": .double(timings.list.milliseconds),
            "judgeMs": .double(timings.judge.milliseconds), "writeMs": .double(timings.write.milliseconds),
            "probeMs": .double(timings.probe.milliseconds), "totalMs": .double(timings.total.milliseconds),
        ]
    }

    private var cache: JSON {
        [
            "hits": .int(Int64(scan.hits)), "misses": .int(Int64(scan.misses)),
            "file": .optional(scan.cacheFile) { .string($0) },
            "problem": .optional(scan.cacheProblem) { .string($0) },
        ]
    }
}
