internal import PluginHost

/// What `keyway ask` prints around the answer.
struct AskReport {
    let question: String
    let plugins: [NativePlugin]
    let calls: CallLog

    /// A line a plugin: what it is, what was agreed, what was checked and how long each step took.
    var pluginLines: [String] {
        TextTable.lines(
            plugins.map { plugin in
                let loaded = plugin.loaded
                let prepared = loaded.prepared
                let note = prepared.object.notes.abi
                let warnings = prepared.verification.findings.count { $0.severity == .warning }
                return [
                    plugin.id, plugin.version.description, note?.language ?? "",
                    "SDK \(note?.sdkRange?.description ?? "?"), speaks \(loaded.sdk)",
                    "\(Verifier.ruleCount) checks passed\(warnings == 0 ? "" : ", \(warnings) warnings")",
                    "inspect \(prepared.inspectTime.short)", "load \(loaded.loadTime.short)",
                    "create \(plugin.createTime.short)",
                ]
            })
    }

    func passageLines(_ passages: [CitedPassage]) -> [String] {
        TextTable.lines(
            passages.map { passage in
                let excerpt = passage.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                return [
                    "[\(passage.number)]", "\(passage.file):\(passage.line)", "\(passage.score.rounded(to: 3))",
                    excerpt.count > 60 ? "\(excerpt.prefix(57))..." : excerpt,
                ]
            }, indent: "  ")
    }

    var callLines: [String] {
        TextTable.lines(
            calls.all.map { [$0.plugin, $0.operation, "\($0.count)", $0.total.short] }, indent: "  ")
    }

    func json(_ outcome: AskSession.Outcome) -> JSON {
        [
            "question": .string(question), "answer": .string(outcome.answer),
            "passages": .array(
                outcome.passages.map { passage in
                    [
                        "file": .string(passage.file), "line": .int(Int64(passage.line)),
                        "score": .double(passage.score), "text": .string(passage.text),
                    ]
                }),
            "plugins": .array(plugins.map(pluginJSON)),
            "calls": .array(
                calls.all.map { entry in
                    [
                        "plugin": .string(entry.plugin), "operation": .string(entry.operation),
                        "count": .int(Int64(entry.count)), "totalMs": .double(entry.total.milliseconds),
                    ]
                }),
            "notes": .array(outcome.notes.map(JSON.string)),
        ]
    }

    private func pluginJSON(_ plugin: NativePlugin) -> JSON {
        let loaded = plugin.loaded
        let prepared = loaded.prepared
        let note = prepared.object.notes.abi
        return [
            "name": .string(plugin.id), "version": .string(plugin.version.description),
            "language": .optional(note?.language, JSON.string),
            "sdk": [
                "built": .optional(note) { .int(Int64($0.sdkBuilt)) },
                "min": .optional(note) { .int(Int64($0.sdkMinimum)) },
                "max": .optional(note?.sdkRange?.maximum) { .int(Int64($0)) }, "negotiated": .int(Int64(loaded.sdk)),
            ],
            "file": .string(prepared.path), "tier": .string(loaded.tier.isolation.rawValue),
            "inspectMs": .double(prepared.inspectTime.milliseconds), "loadMs": .double(loaded.loadTime.milliseconds),
            "createMs": .double(plugin.createTime.milliseconds),
        ]
    }
}
