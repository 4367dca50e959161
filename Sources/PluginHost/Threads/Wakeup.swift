internal import Glibc
internal import PluginCore

/// Ends the wait of a thread that is in poll(2): one end of a socket pair (socketpair(2)) becomes readable.
///
/// A socket pair because it is closed on exec from its first moment on; pipe(2) is not, and eventfd(2) is not imported.
final class Wakeup: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() throws(PluginError) {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
            throw PluginError(
                .resourceExhausted, "a thread cannot be given a way to be woken (error \(errno))",
                remedy: "Raise the limit on open files (ulimit -n)", facts: .errno(errno, call: "socketpair"))
        }
        (reading, writing) = (pair[0], pair[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// What the thread has to poll, for POLLIN.
    var descriptor: Int32 { reading }

    /// Wakes the thread, or has its next wait return at once. Any thread; never blocks.
    func signal() {
        var byte: UInt8 = 0
        // A full buffer means that the thread is to wake already.
        unsafe send(writing, &byte, 1, Int32(MSG_NOSIGNAL))
    }

    /// Takes back all signals so far. By the thread, before it looks at what it was woken for.
    func clear() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while unsafe recv(reading, &bytes, bytes.count, 0) == bytes.count {}
    }
}
