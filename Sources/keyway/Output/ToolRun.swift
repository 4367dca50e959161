internal import PluginHost

/// A run of a tool with its output.
struct ToolRun {
    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    var result: ToolRunResult

    /// Takes the events of a run to its end.
    /// - Parameter isShown: pass output on to our own as it comes, and keep none of it.
    static func collect(_ events: EventStream<ToolEvent>, isShown: Bool = false) async throws(PluginError) -> ToolRun {
        var (stdout, stderr): ([UInt8], [UInt8]) = ([], [])
        for try await event in events {
            switch event {
            case .stdout(let bytes):
                if isShown { Console.write(bytes: bytes) } else { stdout += bytes }
            case .stderr(let bytes):
                if isShown { Console.write(errorBytes: bytes) } else { stderr += bytes }
            case .warning(let warning): Console.error("keyway: note: \(warning.feature): \(warning.message)")
            case .started, .progress, .violation, .approval: break
            case .finished(let result): return ToolRun(stdout: stdout, stderr: stderr, result: result)
            }
        }
        throw PluginError(.protocolViolation, "the run ended without a result", operation: "toolExecutor.execute")
    }

    /// How it ended, for a person.
    var sentence: String {
        switch result.end {
        case .exited: "the program exited with status \(result.exitCode ?? 0)"
        case .signalled: "the program was ended by signal \(result.signal ?? 0)"
        case .denied: "the program was not run: \(result.detail ?? "no rule allows it")"
        case .spawnFailed, .sandboxFailed: "the program could not be run: \(result.detail ?? "no reason given")"
        default: "the program was stopped: \(result.end.rawValue)\(result.detail.map { " (\($0))" } ?? "")"
        }
    }

    /// What a typed tool says to a model, as text.
    var content: String {
        result.content.compactMap { part in if case .text(let text) = part { text } else { nil } }
            .joined(separator: "\n")
    }

    var json: JSON {
        var members = base
        // Of typed tools only.
        if !result.content.isEmpty { members["content"] = .array(result.content.map(\.json)) }
        if result.structured != .null { members["structured"] = result.structured }
        return .object(members)
    }

    private var base: [String: JSON] {
        [
            "end": .string(result.end.rawValue), "exitCode": .optional(result.exitCode) { .int(Int64($0)) },
            "signal": .optional(result.signal) { .int(Int64($0)) },
            "durationMs": .double(result.duration.milliseconds), "cpuMs": .double(result.cpu.milliseconds),
            "maxRSS": .optional(result.maxRSS) { .int(Int64($0)) },
            "stdout": .string(String(decoding: stdout, as: UTF8.self)),
            "stderr": .string(String(decoding: stderr, as: UTF8.self)),
            "stdoutBytes": .int(Int64(result.stdoutBytes)), "stderrBytes": .int(Int64(result.stderrBytes)),
            "truncated": .bool(result.isTruncated),
            "enforced": .object(
                Dictionary(result.enforced.map { ($0.field, JSON.bool($0.isEnforced)) }) { first, _ in first }),
            "violations": .array(
                result.violations.map {
                    ["kind": .string($0.kind), "subject": .string($0.subject), "count": .int(Int64($0.count))]
                }),
            "detail": .optional(result.detail, JSON.string),
        ]
    }
}
