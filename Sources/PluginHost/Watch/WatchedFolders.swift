internal import Glibc
internal import PluginCore

/// The inotify(7) watches of some folders, those in them and those above them. Used by one thread.
///
/// A folder is watched before it is listed, so that a file that is made in a new folder is either listed or seen. Folders
/// above a named one are watched for the one name that leads to it: so it is seen to come, to go and to be replaced. The
/// same holds for every link in the folders, and for links that these lead to (``LinkTrail``): it is seen when one of them
/// turns, and when the file at the end changes. A folder that can be reached by two names below one named folder has the
/// first.
///
/// Not seen is what a writer does through a mapping of memory after it closed the file.
struct WatchedFolders: ~Copyable {
    private struct Root {
        /// As it was named, which is how its files are called in events, and with the working folder before it.
        let name: String
        let path: String
    }

    /// What a watch is for; a folder can serve several named ones.
    struct Place {
        var root: Int
        var path: String
        /// How many levels of folders count from here on, this one included.
        var levels: Int
        /// The one name that matters in a folder that is watched for what it leads to; nil: all.
        var awaited: String?
        /// The link below the named folder that the awaited name is a step of; nil: it leads to the named folder itself.
        var link: String?
        /// When it was last found to be right.
        var round: UInt64
    }

    let rules: WatchRules
    private let inotify: Int32
    private let roots: [Root]
    private var places: [Int32: [Place]] = [:]
    private var round: UInt64 = 0
    /// Folders of which it was said that they cannot be watched.
    private var failed: Set<String> = []
    private var events: [FileEvent] = []

    private static let contents =
        IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF
        | IN_MOVE_SELF
    /// Not for writing: the folder for temporary files is above many a folder.
    private static let names =
        IN_CREATE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF

    /// - Parameter inotify: becomes this value's own.
    init(_ inotify: Int32, folders: [String], rules: WatchRules) {
        (self.inotify, self.rules) = (inotify, rules)
        roots = folders.map { name in
            let path = name.hasPrefix("/") ? name : "\(Folders.current)/\(name)"
            let parts = path.split(separator: "/").filter { $0 != "." }
            return Root(name: name, path: "/" + parts.joined(separator: "/"))
        }
    }

    deinit { close(inotify) }

    // MARK: - In and out

    /// Begins to watch. What is in the folders already is no event.
    mutating func start() -> [FileEvent] {
        for root in roots.indices { refresh(root: root, announces: false) }
        return takeEvents()
    }

    mutating func handle(_ records: [InotifyRecord]) -> [FileEvent] {
        for record in records { handle(record) }
        return takeEvents()
    }

    private mutating func takeEvents() -> [FileEvent] {
        defer { events = [] }
        return events
    }

    private mutating func handle(_ record: InotifyRecord) {
        if record.has(IN_Q_OVERFLOW) {
            events.append(.lost)
            for root in roots.indices { refresh(root: root, announces: false) }
            return
        }
        guard let here = places[record.watch] else { return }
        if record.has(IN_IGNORED) {
            // The kernel has removed the watch: the folder, or the file system with it, is gone.
            places[record.watch] = nil
            for place in here where place.awaited == nil {
                events.append(.folderGone(name(of: place.path, place.root)))
            }
        }
        for place in here {
            if record.has(IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF) {
                refresh(place)
            } else if place.awaited == nil {
                handle(record, in: place)
            } else if place.awaited == record.name {
                if let link = place.link { handle(record, behind: link, place) } else { refresh(place) }
            }
        }
    }

    private mutating func handle(_ record: InotifyRecord, in place: Place) {
        guard !record.name.isEmpty else { return }
        let path = Self.join(place.path, record.name)
        let comesOrGoes = record.has(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
        if record.has(IN_ISDIR) {
            if comesOrGoes || record.has(IN_ATTRIB) { refreshInner(path, in: place) }
            return
        }
        if comesOrGoes { follow(path, levels: place.levels - 1, root: place.root) }
        // A link to a folder counts as one.
        let kind = comesOrGoes ? FileKind(at: path) : .file
        if comesOrGoes, kind == .folder || isWatched(path, place.root) { refreshInner(path, in: place) }
        let change: FileEvent.Change
        if record.has(IN_DELETE | IN_MOVED_FROM) {
            change = .gone
        } else if kind == .absent || kind == .folder || kind == .other {
            // What is absent again has left another record.
            return
        } else if record.has(IN_CREATE) {
            // Links are not closed by anybody. Neither is what got its name when it was written already (O_TMPFILE).
            change = kind == .empty ? .writing : .whole
        } else if record.has(IN_MODIFY) {
            change = .writing
        } else if record.has(IN_ATTRIB) {
            change = .attributes
        } else {
            change = .whole
        }
        events.append(.file(name(of: path, place.root), change))
    }

    /// A step of a link is another by now, or the file at its end was changed.
    private mutating func handle(_ record: InotifyRecord, behind link: String, _ place: Place) {
        let isEnd = Self.join(place.path, place.awaited ?? "") == Folders.realPath(link)
        // Writing leads nowhere else.
        if !record.has(IN_MODIFY | IN_CLOSE_WRITE) { follow(link, levels: place.levels, root: place.root) }
        let target = FileStamp(at: link)
        if target.isFolder || isWatched(link, place.root) {
            if place.levels > 0 { refresh(link, levels: place.levels, root: place.root, announces: true) }
            if target.isFolder { return }
        }
        let change: FileEvent.Change
        if target == .absent {
            change = .gone
        } else if isEnd, record.has(IN_MODIFY) || record.has(IN_CREATE) && target.size == 0 {
            change = .writing
        } else if record.has(IN_ATTRIB) {
            change = .attributes
        } else {
            change = .whole
        }
        events.append(.file(name(of: link, place.root), change))
    }

    // MARK: - Watches

    private mutating func refresh(_ place: Place) {
        if let link = place.link {
            handle(InotifyRecord(watch: 0, mask: 0, name: ""), behind: link, place)
        } else if place.awaited != nil || place.path == roots[place.root].path {
            refresh(root: place.root, announces: true)
        } else {
            refresh(place.path, levels: place.levels, root: place.root, announces: true)
        }
    }

    private mutating func refreshInner(_ path: String, in place: Place) {
        guard place.levels > 1, !rules.ignores(name: path.split(separator: "/").last ?? "") else { return }
        refresh(path, levels: place.levels - 1, root: place.root, announces: true)
    }

    private mutating func refresh(root: Int, announces: Bool) {
        let path = roots[root].path
        // From above, so that what appears meanwhile is seen by the watch above it.
        LinkTrail.walk(path) { step, _ in watchStep(step, Self.names, link: nil, levels: 0, root: root, round + 1) }
        refresh(path, levels: max(1, rules.depth), root: root, announces: announces)
    }

    private mutating func watchStep(
        _ step: LinkTrail.Step, _ mask: Int32, link: String?, levels: Int, root: Int, _ round: UInt64
    ) {
        guard let watch = addWatch(step.folder, mask, isNamed: false) else { return }
        var here = places[watch] ?? []
        here.removeAll { $0.root == root && $0.awaited == step.name && $0.link == link }
        let place = Place(
            root: root, path: step.folder, levels: levels, awaited: step.name, link: link, round: round)
        places[watch] = here + [place]
    }

    /// Watches what a link depends on, and nothing of what it depended on before.
    /// - Parameter levels: how many levels of folders count if it leads to a folder.
    private mutating func follow(_ link: String, levels: Int, root: Int) {
        guard !rules.ignores(name: FileName.last(of: link)) else { return }
        round += 1
        attachTrail(of: link, levels: levels, root: root)
        removePlaces { $0.root == root && $0.link == link }
    }

    private mutating func attachTrail(of link: String, levels: Int, root: Int) {
        LinkTrail.walk(behind: link) { step, isLast in
            watchStep(step, isLast ? Self.contents : Self.names, link: link, levels: levels, root: root, round)
        }
    }

    /// Removes the places that were not found to be right in this round.
    private mutating func removePlaces(where isMeant: (Place) -> Bool) {
        for (watch, here) in places {
            let left = here.filter { $0.round == round || !isMeant($0) }
            guard left.count < here.count else { continue }
            places[watch] = left.isEmpty ? nil : left
            if left.isEmpty { inotify_rm_watch(inotify, watch) }
        }
    }

    /// Brings the watches of a folder and of those in it to what is there now.
    private mutating func refresh(_ path: String, levels: Int, root: Int, announces: Bool) {
        round += 1
        let mark = events.count
        attach(path, levels: levels, root: root, announces: announces)
        let isRoot = path == roots[root].path
        let inside = path == "/" ? path : path + "/"
        var gone: [String] = []
        removePlaces { place in
            guard place.root == root else { return false }
            if let link = place.link { return link.hasPrefix(inside) }
            if place.awaited != nil { return isRoot }
            guard place.path == path || place.path.hasPrefix(inside) else { return false }
            gone.append(place.path)
            return true
        }
        events.insert(contentsOf: gone.sorted().map { .folderGone(name(of: $0, root)) }, at: mark)
    }

    /// Watches a folder and those in it, the nearest first.
    private mutating func attach(_ path: String, levels: Int, root: Int, announces: Bool) {
        var open = [(path, levels)]
        var next = 0
        while next < open.count {
            let (path, levels) = open[next]
            next += 1
            guard let watch = addWatch(path, Self.contents, isNamed: true) else { continue }
            var here = places[watch] ?? []
            let known = here.firstIndex { $0.root == root && $0.awaited == nil }
            if let known, here[known].round == round { continue }
            let isNew = known.map { here[$0].path != path } ?? true
            if let known { here.remove(at: known) }
            here.append(Place(root: root, path: path, levels: levels, awaited: nil, round: round))
            places[watch] = here
            for entry in Self.list(path).sorted(by: { $0.name < $1.name }) where !rules.ignores(name: entry.name) {
                let inner = Self.join(path, entry.name)
                if entry.isLink { attachTrail(of: inner, levels: levels - 1, root: root) }
                if entry.isFolder {
                    if levels > 1 { open.append((inner, levels - 1)) }
                } else if isNew, announces {
                    events.append(.file(name(of: inner, root), .whole))
                }
            }
        }
    }

    private func isWatched(_ path: String, _ root: Int) -> Bool {
        places.values.contains { $0.contains { $0.root == root && $0.awaited == nil && $0.path == path } }
    }

    /// - Parameter isNamed: whether to say it if the folder cannot be watched.
    private mutating func addWatch(_ path: String, _ mask: Int32, isNamed: Bool) -> Int32? {
        let flags = UInt32(bitPattern: mask | IN_MASK_ADD | IN_ONLYDIR | IN_EXCL_UNLINK)
        let watch = unsafe inotify_add_watch(inotify, path, flags)
        if watch >= 0, places[watch] != nil || places.count < rules.folderLimit {
            failed.remove(path)
            if places[watch] == nil { failed.remove("") }
            return watch
        }
        let number = watch < 0 ? errno : EMFILE
        if watch >= 0 { inotify_rm_watch(inotify, watch) }
        // What is not there, or is no folder, is awaited.
        guard isNamed, number != ENOENT, number != ENOTDIR else { return nil }
        let error = failure(path, number)
        // Of watches that run out it is said once, and not for each folder.
        if failed.insert(error.code == .resourceExhausted ? "" : path).inserted { events.append(.failed(error)) }
        return nil
    }

    // MARK: - Paths

    /// A path as whoever named the folder calls it.
    private func name(of path: String, _ root: Int) -> String {
        let rest = path.dropFirst(roots[root].path.count)
        return rest.isEmpty ? roots[root].name : Self.join(roots[root].name, String(rest.drop { $0 == "/" }))
    }
}
