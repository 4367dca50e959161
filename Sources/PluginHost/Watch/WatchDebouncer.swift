internal import PluginCore

/// What was seen of files, and when to tell of it: a value that knows no clock, no file and no thread.
///
/// Times are durations since any one moment, and never go back. A file is told of when nothing has happened to it for
/// ``WatchRules/debounce``, or after ``WatchRules/longestWait`` if something happens to it all the time. A file that is
/// being written is not told of until it is whole. What nobody asks for is kept together, in bounded memory.
package struct WatchDebouncer: Sendable {
    package enum Action: Sendable, Equatable {
        /// There is nothing to tell before this time, or before the next event; nil: not without another event.
        case wait(until: Duration?)
        case report(WatchReport)
    }

    /// Something that is to be told.
    private struct News {
        /// The first event that has not been told of, and the last event.
        var first: Duration?
        var last: Duration
        var isBeingWritten = false

        mutating func happened(at now: Duration) {
            first = first ?? now
            last = now
        }

        /// When it is told; nil: not as things stand.
        func due(by rules: WatchRules) -> Duration? {
            guard let first, !isBeingWritten else { return nil }
            return min(last + rules.debounce, first + rules.longestWait)
        }
    }

    package let rules: WatchRules
    private var files: [String: News] = [:]
    private var everything: News?
    private var failures: [PluginError] = []

    package init(rules: WatchRules) { self.rules = rules }

    // MARK: - In

    package mutating func record(_ event: FileEvent, at now: Duration) {
        switch event {
        case .file(let path, let change):
            guard !rules.ignores(name: path.split(separator: "/").last ?? "") else { return }
            record(path, change, at: now)
        case .folderGone(let path):
            // What was about to be told of its files is told by it.
            files = files.filter { !$0.key.hasPrefix(path + "/") }
            record(path, .gone, at: now)
        case .lost: loseTrack(at: now)
        case .failed(let error):
            if failures.count < rules.pathLimit, !failures.contains(error) { failures.append(error) }
        }
    }

    private mutating func record(_ path: String, _ change: FileEvent.Change, at now: Duration) {
        var news = files[path] ?? News(last: now)
        switch change {
        case .writing:
            news.isBeingWritten = true
            news.last = now
        case .attributes where news.isBeingWritten: news.last = now
        case .whole, .attributes, .gone:
            news.isBeingWritten = false
            news.happened(at: now)
        }
        files[path] = news
        if files.count > rules.pathLimit { loseTrack(at: now) }
    }

    /// Files of which it was known that they are being written may have been closed among what was lost.
    private mutating func loseTrack(at now: Duration) {
        files = [:]
        everything = everything ?? News(last: now)
        everything?.happened(at: now)
    }

    // MARK: - Out

    /// What to do at this time. A report is given once.
    package mutating func next(at now: Duration) -> Action {
        if !failures.isEmpty { return .report(.failed(failures.removeFirst())) }
        if let due = everything?.due(by: rules) {
            guard due <= now else { return .wait(until: due) }
            everything = nil
            files = files.filter { $0.value.isBeingWritten }
            return .report(.everything)
        }
        var next: Duration?
        var changed: Set<String> = []
        for (path, news) in files {
            guard let due = news.due(by: rules) else { continue }
            if due <= now {
                changed.insert(path)
            } else {
                next = min(next ?? due, due)
            }
        }
        guard !changed.isEmpty else { return .wait(until: next) }
        for path in changed { files[path] = nil }
        return .report(.changed(changed))
    }
}
