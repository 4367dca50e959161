internal import Glibc
package import PluginCore

/// Tells what happens to the files of some folders, by inotify(7), on a thread of its own.
///
/// Folders that are not there are awaited. Network file systems tell only what this machine does. When the consumer is so
/// slow that the kernel's queue (fs.inotify.max_queued_events, 16384 unless changed) runs over, it is told
/// ``FileEvent/lost``. The thread ends when this object is let go of, or with ``stop()``.
package final class FolderWatcher: Sendable {
    private let wakeup: Wakeup

    private init(_ wakeup: Wakeup) { self.wakeup = wakeup }

    deinit { stop() }

    /// Returns when the folders are watched: what happens from then on is told.
    ///
    /// - Parameters:
    ///   - deliver: gets what happened, in order, on the watcher's thread. While it runs nothing else is read.
    ///   - ended: called on the thread after the last delivery, when nothing is open any more.
    /// - Throws: ``PluginError`` with code `resourceExhausted` if there is no instance of inotify or no thread to be had.
    package static func start(
        _ folders: [String], rules: WatchRules, deliver: @escaping @Sendable ([FileEvent]) -> Void,
        ended: @escaping @Sendable () -> Void
    ) async throws(PluginError) -> FolderWatcher {
        let wakeup = try Wakeup()
        let inotify = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard inotify >= 0 else {
            throw PluginError(
                .resourceExhausted,
                "folders cannot be watched: inotify gives no instance (error \(errno), fs.inotify.max_user_instances)",
                remedy: "Raise it with sysctl fs.inotify.max_user_instances, or the limit on open files (ulimit -n)",
                facts: .errno(errno, call: "inotify_init1"))
        }
        let failure: PluginError? = await withCheckedContinuation { ready in
            do throws(PluginError) {
                try OwnThread.start(for: "watching folders") {
                    watch(inotify, folders, rules, wakeup, deliver) { ready.resume(returning: nil) }
                    ended()
                }
            } catch {
                close(inotify)
                ready.resume(returning: error)
            }
        }
        if let failure { throw failure }
        return FolderWatcher(wakeup)
    }

    /// Has the thread end, soon. Any thread.
    package func stop() { wakeup.signal() }

    private static func watch(
        _ inotify: Int32, _ folders: [String], _ rules: WatchRules, _ wakeup: Wakeup,
        _ deliver: ([FileEvent]) -> Void, isReady: () -> Void
    ) {
        var watched = WatchedFolders(inotify, folders: folders, rules: rules)
        let failures = watched.start()
        if !failures.isEmpty { deliver(failures) }
        isReady()
        // Room for some hundred records; one needs at most 16 bytes and a name of 256.
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var waits = [
                pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
            ]
            let ready = unsafe poll(&waits, 2, -1)
            if waits[0].revents != 0 { return }
            if ready < 0, errno == EINTR { continue }
            let count = unsafe read(inotify, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else {
                let error = PluginError(
                    .unavailable, "folders are not watched any more (read: error \(errno))",
                    remedy: "Start the host again",
                    facts: .errno(errno, call: "read"))
                return deliver([.failed(error)])
            }
            let events = watched.handle(InotifyRecord.decode(buffer[..<count]))
            if !events.isEmpty { deliver(events) }
        }
    }
}
