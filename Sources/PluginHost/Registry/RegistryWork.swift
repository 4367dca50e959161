internal import Dispatch
internal import Glibc
internal import PluginCore
internal import Synchronization

/// The part of a scan that looks at files: takes over what is known and unchanged, judges the rest on all processors.
struct RegistryWork: Sendable {
    private struct Task: Sendable {
        var path: String
        var folder: Int
        var file: PluginFolder.File
    }

    /// One file's part of the result.
    private struct Outcome: Sendable {
        var record: RegistryRecord
        var dependencies: [RegistryDependency]
        /// Paths that are to be stamped.
        var paths: [String] = []
        /// Why it was judged anew; nil if it was not.
        var reason: String?
    }

    let folders: [PluginFolder]
    let known: KnownImage?
    let judge: RegistryVerifier
    let trust: Registry.Trust
    /// When the scan began, in nanoseconds since 1970. What changed later may have changed while it was read.
    let began: Int64

    func run(progress: (@Sendable (Int, Int) -> Void)?) -> Findings {
        let tasks = folders.enumerated().flatMap { index, folder in
            folder.files.map { Task(path: "\(folder.path)/\($0.name)", folder: index, file: $0) }
        }
        let records = known?.records() ?? [:]
        let outcomes = Mutex([Outcome?](repeating: nil, count: tasks.count))
        let next = Atomic<Int>(0)
        let done = Atomic<Int>(0)
        let threads = min(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1), max(tasks.count / 4, 1))
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            // A few at a time, so that threads seldom meet at the lock.
            while true {
                let first = next.add(16, ordering: .relaxed).oldValue
                if first >= tasks.count { break }
                let range = first..<min(first + 16, tasks.count)
                let found = range.map { outcome(of: tasks[$0], known: records[Array(tasks[$0].path.utf8)]) }
                outcomes.withLock { all in for (index, outcome) in zip(range, found) { all[index] = outcome } }
                progress?(done.add(range.count, ordering: .relaxed).newValue, tasks.count)
            }
        }
        return findings(outcomes.withLock { $0 })
    }

    private func outcome(of task: Task, known record: RegistryRecord?) -> Outcome {
        if var record, let known {
            let reason = reasonToJudge(&record, task)
            if reason == nil {
                record.folder = task.folder
                return Outcome(record: record, dependencies: record.dependencies.map(known.image.dependency))
            }
            return judged(task, reason)
        }
        return judged(task, "it is new")
    }

    /// Takes the new stamp of a file whose bytes are the same.
    /// - Returns: nil if what is known still holds.
    private func reasonToJudge(_ record: inout RegistryRecord, _ task: Task) -> String? {
        guard let known, known.isSameEnvironment else { return "the host, its policy or its environment changed" }
        guard record.manifestFiles == task.file.manifests else { return "a manifest beside it came or went" }
        if let path = known.changedDependency(of: record) { return "\(path) changed" }
        let stamp = FileStamp(at: task.path)
        if trust == .stamps, record.isSettled, stamp == record.stamp { return nil }
        guard let (digest, after) = judge.digest(task.path), digest == record.digest,
            (after.mode, after.owner) == (record.stamp.mode, record.stamp.owner)
        else { return "the file changed" }
        record.stamp = after
        record.isSettled = !after.isFresher(than: began)
        return nil
    }

    private func judged(_ task: Task, _ reason: String?) -> Outcome {
        let judgement = judge.judge(
            task.path, task.file, folder: task.folder, isNested: folders[task.folder].isNested)
        var outcome = Outcome(record: judgement.record, dependencies: [], reason: reason)
        outcome.record.isSettled =
            outcome.record.stamp == .absent || !outcome.record.stamp.isFresher(than: began)
        outcome.paths = judgement.paths + task.file.manifests.map { "\(folders[task.folder].path)/\($0)" }
        return outcome
    }

    /// What the files came to, in the order of the folders.
    struct Findings: Sendable {
        var records: [RegistryRecord] = []
        var dependencies: [RegistryDependency] = []
        /// Of the records that were judged anew, by index.
        var reasons: [Int: String] = [:]
        var hits = 0

        func image(folders: [PluginFolder], environment: [UInt8], began: Int64) -> RegistryImage {
            RegistryImage(
                folders: folders, records: records, dependencies: dependencies, environment: environment,
                written: began)
        }
    }

    private func findings(_ outcomes: [Outcome?]) -> Findings {
        var findings = Findings()
        findings.records.reserveCapacity(outcomes.count)
        findings.reasons.reserveCapacity(outcomes.count)
        var indices: [[UInt8]: Int] = [:]
        var seen: Set<String> = []
        func index(of path: String, _ stamp: FileStamp?) -> Int {
            let key = Array(path.utf8)
            if let index = indices[key] { return index }
            var stamp = stamp ?? FileStamp(at: path)
            // It may have been replaced while the file was judged. Another stamp than any makes that show.
            if stamp != .absent, stamp.isFresher(than: began) { stamp.changed = -1 }
            indices[key] = findings.dependencies.count
            findings.dependencies.append(RegistryDependency(path: path, stamp: stamp))
            return findings.dependencies.count - 1
        }
        for case let outcome? in outcomes {
            var record = outcome.record
            record.dependencies =
                outcome.dependencies.map { index(of: $0.path, $0.stamp) } + outcome.paths.map { index(of: $0, nil) }
            record.isShadowed =
                record.verdict == .sound && !seen.insert("\(record.id)\n\(record.version)").inserted
            if let reason = outcome.reason {
                findings.reasons[findings.records.count] = reason
            } else {
                findings.hits += 1
            }
            findings.records.append(record)
        }
        return findings
    }
}
