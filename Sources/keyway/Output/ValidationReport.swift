internal import PluginHost

/// What `keyway validate` found.
struct ValidationReport {
    /// One file.
    struct Entry {
        let file: String
        let findings: [Finding]
        /// nil for a file that could not be judged to the end.
        let score: SecurityScore?
        /// Why the file is refused, or could not be read.
        let refusal: PluginError?
        let isReadable: Bool

        var isValid: Bool { refusal == nil }

        func has(atLeast severity: Finding.Severity) -> Bool { findings.contains { $0.severity >= severity } }
    }

    let entries: [Entry]

    /// Reads and judges the files together.
    /// - Parameter names: paths, or names of plugins in the host's folders.
    init(of names: [String], verifier: Verifier, host: PluginHost) {
        var read: [(path: String, object: Result<SharedObject, PluginError>)] = []
        var sidecars: [String: SidecarManifest] = [:]
        for name in names {
            do throws(PluginError) {
                let path = try host.file(name)
                do throws(PluginError) {
                    let image = try FileImage(opening: path)
                    let object = try SharedObject(reading: image)
                    if image.size <= verifier.policy.sizeLimit {
                        sidecars[path] = try SidecarManifest.beside(path) { image.digest() }
                    }
                    read.append((path, .success(object)))
                } catch {
                    read.append((path, .failure(error)))
                }
            } catch {
                read.append((name, .failure(error)))
            }
        }
        var verifications = verifier.verify(read.compactMap { try? $0.object.get() }, sidecars: sidecars)[...]
        entries = read.map { path, object in
            switch object {
            case .success:
                let verification = verifications.removeFirst()
                return Entry(
                    file: path, findings: verification.findings, score: verification.score,
                    refusal: verification.refusal, isReadable: true)
            case .failure(let error):
                return Entry(
                    file: path, findings: Self.findings(error, path), score: nil, refusal: error, isReadable: false)
            }
        }
    }

    /// A file that cannot be read has one finding, too.
    private static func findings(_ error: PluginError, _ path: String) -> [Finding] {
        if case .findings(let findings) = error.facts { return findings }
        return [
            Finding(
                id: "S001", severity: .error, risk: .high, place: path, why: "What cannot be read cannot be judged",
                message: error.what,
                remedy: error.remedy ?? "Check the file")
        ]
    }

    /// `[{file, valid, score, safe, findings[]}]`, in the order of the command line.
    var json: JSON {
        .array(
            entries.map { entry in
                [
                    "file": .string(entry.file), "valid": .bool(entry.isValid),
                    "score": .optional(entry.score) { .int(Int64($0.total)) },
                    "scoreParts": .optional(entry.score) { $0.json["parts"] ?? .null },
                    "safe": .bool(entry.score?.isSafe ?? false), "findings": .array(entry.findings.map(\.json)),
                ]
            })
    }

    /// For a person: a line a file, and under it what was found.
    func text(isQuiet: Bool) -> [String] {
        var lines: [String] = []
        for entry in entries {
            let score = entry.score.map { ", score \($0.total) of 100\($0.isSafe ? "" : ", not safe")" } ?? ""
            lines.append("\(entry.file): \(entry.isValid ? "valid" : "refused")\(score)")
            for finding in entry.findings where !isQuiet || finding.severity > .info {
                lines += finding.lines(indent: "  ")
            }
        }
        if entries.count > 1 {
            let refused = entries.count { !$0.isValid }
            let warned = entries.count { $0.isValid && $0.has(atLeast: .warning) }
            lines.append("\(entries.count) files: \(refused) refused, \(warned) valid with warnings")
        }
        return lines
    }

    /// `keyway: error: FILE: <what>. <remedy>` of each file that is refused.
    var refusals: [String] {
        entries.compactMap { entry in entry.refusal.map { "keyway: error: \(entry.file): \($0.message)" } }
    }
}

extension Finding {
    /// What, why and what to do, a line each; information without its why.
    func lines(indent: String) -> [String] {
        var lines = ["\(indent)\(severity.rawValue) \(id) [\(place)] \(message)."]
        if severity > .info { lines.append("\(indent)    \(why).") }
        if !remedy.isEmpty { lines.append("\(indent)    Fix: \(remedy).") }
        return lines
    }
}
