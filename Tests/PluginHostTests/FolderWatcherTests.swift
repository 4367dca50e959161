import Foundation
import PluginHost
import Synchronization
import Testing

/// Events of a watcher, in order, for tests that wait for some of them.
///
/// A file that is closed while another test starts a process is closed for good only when that process runs: until then
/// it has the descriptor too. So the event can come later than one thinks.
final class WatchedEvents: Sendable {
    private let source: AsyncStream<[FileEvent]>
    private let watcher: FolderWatcher

    init(_ folders: [String], rules: WatchRules = WatchRules(), before: @escaping @Sendable () -> Void = {})
        async throws
    {
        let (source, sink) = AsyncStream.makeStream(of: [FileEvent].self)
        self.source = source
        watcher = try await FolderWatcher.start(folders, rules: rules) { events in
            before()
            sink.yield(events)
        } ended: {
            sink.finish()
        }
    }

    /// Waits until all these have come.
    /// - Returns: what has come since the last time.
    @discardableResult
    func upTo(_ expected: FileEvent...) async -> [FileEvent] {
        var found: [FileEvent] = []
        for await events in source {
            found += events
            if expected.allSatisfy(found.contains) { return found }
        }
        Issue.record("the watcher has ended")
        return found
    }
}

extension [FileEvent] {
    fileprivate var paths: Set<String> {
        Set(compactMap { if case .file(let path, _) = $0 { path } else { nil } })
    }
}

@Suite("A watcher of folders", .timeLimit(.minutes(10)))
struct FolderWatcherTests {
    private let folder: Sample.Folder
    private var path: String { folder.path }

    init() throws { folder = try Sample.Folder() }

    private func write(_ name: String, _ text: String = "x") throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    private func make(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
    }

    private func rename(_ old: String, _ new: String) {
        #expect(unsafe Glibc.rename("\(path)/\(old)", "\(path)/\(new)") == 0)
    }

    private func file(_ name: String, _ change: FileEvent.Change) -> FileEvent { .file("\(path)/\(name)", change) }

    @Test("tells of a file that is written in pieces, and when it is whole")
    func pieces() async throws {
        let events = try await WatchedEvents([path])
        let handle = unsafe open("\(path)/a.so", O_CREAT | O_WRONLY, 0o600)
        _ = await events.upTo(file("a.so", .writing))
        for _ in 0..<3 {
            #expect(unsafe Glibc.write(handle, "xyz", 3) == 3)
            #expect(await events.upTo(file("a.so", .writing)) == [file("a.so", .writing)])
        }
        close(handle)
        let seen = await events.upTo(file("a.so", .whole))
        #expect(seen == [file("a.so", .whole)], "\(seen)")
    }

    @Test("tells of renames, removals and rights")
    func names() async throws {
        try write("a.so")
        let events = try await WatchedEvents([path])
        rename("a.so", "b.so")
        let seen = await events.upTo(file("b.so", .whole))
        #expect(seen.suffix(2) == [file("a.so", .gone), file("b.so", .whole)], "\(seen)")
        #expect(unsafe chmod("\(path)/b.so", 0o400) == 0)
        await events.upTo(file("b.so", .attributes))
        #expect(unsafe unlink("\(path)/b.so") == 0)
        await events.upTo(file("b.so", .gone))
    }

    @Test("tells of what gets a name without being closed: links, and a file that had no name")
    func links() async throws {
        try write("real", "x")
        let events = try await WatchedEvents([path])
        #expect(unsafe symlink("nowhere", "\(path)/a.so") == 0)
        await events.upTo(file("a.so", .whole))
        #expect(unsafe link("\(path)/real", "\(path)/b.so") == 0)
        await events.upTo(file("b.so", .whole))
        // A link that is replaced, as `ln -sfn` does it.
        #expect(unsafe symlink("real", "\(path)/c") == 0)
        rename("c", "a.so")
        await events.upTo(file("c", .gone), file("a.so", .whole))
        let unnamed = unsafe open(path, 0o20_200_000 | O_RDWR, 0o600)  // O_TMPFILE
        #expect(unsafe Glibc.write(unnamed, "x", 1) == 1)
        let name = "/proc/self/fd/\(unnamed)"
        #expect(unsafe linkat(AT_FDCWD, name, AT_FDCWD, "\(path)/d.so", AT_SYMLINK_FOLLOW) == 0)
        await events.upTo(file("d.so", .whole))
        close(unnamed)
        #expect(unsafe mkfifo("\(path)/pipe", 0o600) == 0)
        try write("end")
        #expect(!(await events.upTo(file("end", .whole))).paths.contains("\(path)/pipe"))
    }

    @Test("sees files of new folders, whenever they were made, to the depth that is asked for")
    func nested() async throws {
        let events = try await WatchedEvents([path])
        for round in 0..<50 {
            // The folder may be gone, or full, or half full, before the watcher gets to it.
            try make("in-\(round)/deep")
            try write("in-\(round)/a.so")
            try write("in-\(round)/deep/a.so")
            if round % 3 == 0 { try FileManager.default.removeItem(atPath: "\(path)/in-\(round)") }
        }
        try write("in-49/end")
        let seen = await events.upTo(file("in-49/end", .whole))
        for round in 0..<50 where round % 3 != 0 {
            #expect(seen.contains(file("in-\(round)/a.so", .whole)), "\(round)")
        }
        #expect(!seen.paths.contains { $0.contains("/deep/") })
        var rules = WatchRules()
        rules.depth = 3
        let deeper = try await WatchedEvents([path], rules: rules)
        try write("in-1/deep/b.so")
        await deeper.upTo(file("in-1/deep/b.so", .whole))
        rules.depth = 1
        let flat = try await WatchedEvents([path], rules: rules)
        try make("other")
        try write("other/a.so")
        try write("in-1/a.so")
        try write("end")
        #expect(await flat.upTo(file("end", .whole)).paths == ["\(path)/end"])
    }

    @Test("follows folders that are renamed, removed and replaced, and calls files by their present names")
    func movedFolders() async throws {
        try make("one")
        try make("outside/two")
        var rules = WatchRules()
        rules.ignored = ["outside"]
        let events = try await WatchedEvents([path], rules: rules)
        rename("one", "two")
        try write("two/a.so")
        let seen = await events.upTo(file("two/a.so", .whole))
        #expect(seen.contains(.folderGone("\(path)/one")) && !seen.contains(file("one/a.so", .whole)))
        rename("two", "outside/one")
        try write("outside/one/lost.so")
        rename("outside/two", "two")
        try write("two/b.so")
        let later = await events.upTo(file("two/b.so", .whole))
        #expect(later.contains(.folderGone("\(path)/two")))
        #expect(!later.paths.contains { $0.hasSuffix("lost.so") })
        try FileManager.default.removeItem(atPath: "\(path)/two")
        try make("two")
        try write("two/c.so")
        await events.upTo(.folderGone("\(path)/two"), file("two/c.so", .whole))
    }

    @Test("waits for folders that are not there, and sees them go and come back", arguments: ["a", "a/b/c"])
    func absent(name: String) async throws {
        let events = try await WatchedEvents(["\(path)/\(name)"])
        for round in 0..<20 {
            try make(name)
            try write("\(name)/x-\(round).so")
            await events.upTo(file("\(name)/x-\(round).so", .whole))
            try FileManager.default.removeItem(atPath: "\(path)/a")
            await events.upTo(.folderGone("\(path)/\(name)"))
        }
        // A folder above it is renamed away and another one takes its place.
        try make(name)
        try write("\(name)/old.so")
        await events.upTo(file("\(name)/old.so", .whole))
        try make("other/b/c")
        try write(name == "a" ? "other/new.so" : "other/b/c/new.so")
        rename("a", "away")
        rename("other", "a")
        await events.upTo(.folderGone("\(path)/\(name)"), file("\(name)/new.so", .whole))
    }

    @Test("sees a link to a folder turn to another one, named or below a named one", arguments: [true, false])
    func linkedFolder(isNamed: Bool) async throws {
        try make("v1")
        try make("v2")
        try make("top")
        try write("v2/new.so")
        let link = isNamed ? "current" : "top/current"
        #expect(unsafe symlink("\(path)/v1", "\(path)/\(link)") == 0)
        let events = try await WatchedEvents([isNamed ? "\(path)/current" : "\(path)/top"])
        try write("v1/a.so")
        await events.upTo(file("\(link)/a.so", .whole))
        #expect(unsafe symlink("\(path)/v2", "\(path)/\(link).new") == 0)
        rename("\(link).new", link)
        await events.upTo(.folderGone("\(path)/\(link)"), file("\(link)/new.so", .whole))
        try write("v1/old.so")
        try write("v2/b.so")
        #expect(!(await events.upTo(file("\(link)/b.so", .whole))).contains(file("\(link)/old.so", .whole)))
    }

    /// Makes a link, or has it lead somewhere else.
    private func turn(_ name: String, to target: String) {
        #expect(unsafe symlink(target, "\(path)/.link") == 0)
        rename(".link", name)
    }

    @Test(
        "sees behind a link to a file: the file change, be replaced, go and come, and the link turn", arguments: [1, 3])
    func linkedFile(links: Int) async throws {
        try make("store")
        try make("top")
        try write("store/v1", "1")
        try write("store/v2", "2")
        for number in 1..<links { turn("hop\(number)", to: number == 1 ? "store/v1" : "hop\(number - 1)") }
        turn("top/a.so", to: links == 1 ? "../store/v1" : "../hop\(links - 1)")
        let events = try await WatchedEvents(["\(path)/top"])
        try write("store/v1", "11")
        await events.upTo(file("top/a.so", .writing), file("top/a.so", .whole))
        try write("store/next", "111")
        rename("store/next", "store/v1")
        #expect(await events.upTo(file("top/a.so", .whole)).contains(file("top/a.so", .gone)) == false)
        #expect(unsafe unlink("\(path)/store/v1") == 0)
        await events.upTo(file("top/a.so", .gone))
        try write("store/next", "1111")
        rename("store/next", "store/v1")
        await events.upTo(file("top/a.so", .whole))
        // The last of the links turns: what it led to does not count any more.
        turn(links == 1 ? "top/a.so" : "hop1", to: links == 1 ? "../store/v2" : "store/v2")
        await events.upTo(file("top/a.so", .whole))
        // It may be told twice: once for the name, and once for what it leads to.
        try write("top/fence")
        await events.upTo(file("top/fence", .whole))
        try write("store/v1", "old")
        try write("top/end")
        #expect(!(await events.upTo(file("top/end", .whole))).paths.contains("\(path)/top/a.so"))
        try write("store/v2", "22")
        await events.upTo(file("top/a.so", .whole))
        // It is a file of its own by now.
        rename("store/v2", "top/a.so")
        await events.upTo(file("top/a.so", .whole))
        try write("top/fence")
        await events.upTo(file("top/fence", .whole))
        try write("store/v2", "222")
        try write("top/end")
        #expect(!(await events.upTo(file("top/end", .whole))).paths.contains("\(path)/top/a.so"))
    }

    @Test("sees folders that are mounted as in Kubernetes turn to their next contents", arguments: ["", "current"])
    func mounted(inner: String) async throws {
        // The files are links through `..data`, or so is the folder that is watched itself, or one in it.
        for number in 1...4 {
            try make("top/..v\(number)/plugins")
            try write("top/..v\(number)/a.so", "\(number)")
            try write("top/..v\(number)/plugins/b.so", "\(number)")
        }
        turn("top/..data", to: "..v1")
        turn("top/a.so", to: "..data/a.so")
        turn("top/current", to: "..data/plugins")
        let named = try await WatchedEvents([inner.isEmpty ? "\(path)/top" : "\(path)/top/\(inner)"])
        for number in 2...4 {
            turn("top/..data", to: "..v\(number)")
            try FileManager.default.removeItem(atPath: "\(path)/top/..v\(number - 1)")
            if inner.isEmpty {
                await named.upTo(file("top/a.so", .whole), file("top/current/b.so", .whole))
            } else {
                await named.upTo(file("top/current/b.so", .whole))
            }
        }
    }

    @Test("follows links that lead nowhere, or in circles, when they lead somewhere")
    func brokenLinks() async throws {
        try make("top")
        turn("top/a.so", to: "../none/deep/a.so")
        turn("top/c.so", to: "b.so")
        turn("top/b.so", to: "c.so")
        let events = try await WatchedEvents(["\(path)/top"])
        try make("none/deep")
        try write("none/deep/a.so")
        await events.upTo(file("top/a.so", .whole))
        turn("top/c.so", to: "../none/deep/a.so")
        await events.upTo(file("top/b.so", .whole), file("top/c.so", .whole))
    }

    @Test("is not led in circles by links, and calls a folder by one name below each that was named")
    func circles() async throws {
        try make("in/deep")
        #expect(unsafe symlink("\(path)", "\(path)/in/up") == 0)
        #expect(unsafe symlink("\(path)/in", "\(path)/again") == 0)
        var rules = WatchRules()
        rules.depth = 1000
        let events = try await WatchedEvents([path, "\(path)/in"], rules: rules)
        try write("in/a.so")
        try write("end")
        let seen = await events.upTo(file("again/a.so", .whole), file("in/a.so", .whole), file("end", .whole))
        #expect(Set(seen.paths.filter { $0.hasSuffix("a.so") }) == ["\(path)/again/a.so", "\(path)/in/a.so"])
    }

    @Test("calls files as their folder was named")
    func relative() async throws {
        // The working folder belongs to the process, so that the test has one of its own.
        await #expect(processExitsWith: .success) {
            let folder = try Sample.Folder()
            #expect(unsafe chdir(folder.path) == 0)
            let events = try await WatchedEvents(["./plugins//"])
            #expect(unsafe mkdir("plugins", 0o700) == 0)
            try Data().write(to: URL(fileURLWithPath: "\(folder.path)/plugins/a.so"))
            let seen = await events.upTo(.file("./plugins//a.so", .whole))
            #expect(seen.paths == ["./plugins//a.so"])
        }
    }

    @Test("says that events were lost when its consumer is too slow, and goes on")
    func overflow() async throws {
        let limit = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
        let count = try #require(Int(limit.trimmingCharacters(in: .whitespacesAndNewlines)))
        let gate = DispatchSemaphore(value: 0)
        let isHeld = Atomic(true)
        let (reached, reach) = AsyncStream.makeStream(of: Void.self)
        let events = try await WatchedEvents([path]) {
            guard isHeld.exchange(false, ordering: .relaxed) else { return }
            reach.yield()
            gate.wait()
        }
        try write("a")
        for await _ in reached { break }
        // Two events each.
        for number in 0...count / 2 { rename(number % 2 == 0 ? "a" : "b", number % 2 == 0 ? "b" : "a") }
        try make("in")
        try write("in/lost.so")
        gate.signal()
        await events.upTo(.lost)
        try write("in/seen.so")
        await events.upTo(file("in/seen.so", .whole))
    }

    @Test("says which folder it may not read, and watches it when it may")
    func unreadable() async throws {
        await #expect(processExitsWith: .success) {
            let outer = try Sample.Folder()
            let path = "\(outer.path)/plugins"
            #expect(unsafe mkdir(path, 0o700) == 0)
            // Root may read every folder.
            if geteuid() == 0 {
                #expect(unsafe chown(outer.path, 65534, 65534) == 0 && chown(path, 65534, 65534) == 0)
                #expect(seteuid(65534) == 0)
            }
            #expect(unsafe chmod(path, 0) == 0)
            let events = try await WatchedEvents([path])
            let failed = FileEvent.failed(PluginError(.permissionDenied, "", facts: .file(path: path)))
            #expect(await events.upTo(failed) == [failed])
            #expect(unsafe chmod(path, 0o700) == 0)
            // The watch comes after the change of rights; what is there then is told as well.
            try Data().write(to: URL(fileURLWithPath: "\(path)/a.so"))
            await events.upTo(.file("\(path)/a.so", .whole))
            _ = seteuid(getuid())
        }
    }

    @Test("watches no more folders than it may, says so once, and watches the rest")
    func folderLimit() async throws {
        for number in 0..<20 { try make("in-\(number)") }
        var rules = WatchRules()
        rules.folderLimit = path.split(separator: "/").count + 1 + 5
        let events = try await WatchedEvents([path], rules: rules)
        try write("end")
        let seen = await events.upTo(file("end", .whole))
        let failures = seen.compactMap { if case .failed(let error) = $0 { error } else { nil } }
        #expect(failures.count == 1 && failures.first?.code == .resourceExhausted)
        #expect(failures.first?.what.contains("more than \(rules.folderLimit) folders") == true)
    }

    @Test(
        "is refused with the name of the limit when the system has no instance left",
        .enabled(if: geteuid() == 0, "takes them from another user, which only root can"))
    func noInstance() async throws {
        await #expect(processExitsWith: .success) {
            #expect(seteuid(54321) == 0)
            var taken: [Int32] = []
            repeat { taken.append(inotify_init()) } while (taken.last ?? -1) >= 0
            do throws(PluginError) {
                _ = try await FolderWatcher.start(["/"], rules: WatchRules()) { _ in
                } ended: {
                }
                Issue.record("it was started")
            } catch {
                #expect(error.code == .resourceExhausted && error.what.contains("fs.inotify.max_user_instances"))
            }
            #expect(taken.count > 1)
        }
    }

    @Test("ends when it is stopped or let go of, with nothing left open")
    func ends() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try Sample.Folder()
            func instances() throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
                    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
                    return target == "anon_inode:inotify"
                }
            }
            for round in 0..<100 {
                let (ended, end) = AsyncStream.makeStream(of: Void.self)
                var watcher: FolderWatcher? = try await FolderWatcher.start([folder.path], rules: WatchRules()) { _ in
                } ended: {
                    end.finish()
                }
                #expect(try instances() == 1)
                if round % 2 == 0 { watcher?.stop() }
                watcher = nil
                for await _ in ended {}
                #expect(try instances() == 0)
            }
        }
    }
}
