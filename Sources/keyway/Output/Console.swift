internal import Glibc
internal import PluginHost
internal import Synchronization

/// Standard output and standard error of the command.
///
/// What plugins print goes to standard error, whatever they think: standard output carries the command's own document.
enum Console {
    private struct State {
        var output = STDOUT_FILENO
        /// errno of the first write that failed.
        var failure: Int32?
        var onLost: (@Sendable () -> Void)?
    }

    private static let state = Mutex(State())

    /// Keeps standard output for the command alone. Once, before a plugin is loaded.
    /// - Parameter onLost: called when nobody reads the output any more.
    static func takeOutput(onLost: @escaping @Sendable () -> Void) {
        let own = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        let reason = errno
        if own >= 0 { dup2(STDERR_FILENO, STDOUT_FILENO) }
        state.withLock { state in
            if own >= 0 { state.output = own } else { state.failure = reason }
            state.onLost = onLost
        }
    }

    /// Why output was lost, or nil: errno.
    static var failure: Int32? { state.withLock { $0.failure } }

    static var isTerminal: Bool { isatty(state.withLock { $0.output }) == 1 }

    static func print(_ text: String, terminator: String = "\n") { write(bytes: Array((text + terminator).utf8)) }

    /// One document, over several lines for a person, in one for a program.
    static func print(json: JSON) { print(isTerminal ? json.prettyText : json.text) }

    static func error(_ text: String) { write(errorBytes: Array((text + "\n").utf8)) }

    static func write(bytes: [UInt8]) {
        let (output, failed) = state.withLock { ($0.output, $0.failure != nil) }
        guard !failed, let reason = write(bytes, to: output) else { return }
        let onLost = state.withLock { state in
            state.failure = reason
            return state.onLost
        }
        onLost?()
    }

    static func write(errorBytes bytes: [UInt8]) {
        // There is nobody left to tell.
        _ = write(bytes, to: STDERR_FILENO)
    }

    /// nil, or the errno of what failed.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(written)
        }
        return nil
    }
}

extension String {
    /// The text with control characters spelled out, so that what a file or a plugin says cannot steer a terminal or pose
    /// as another line.
    var visible: String { ControlCharacters.spelled(self) }

    /// For text of several lines.
    var visibleLines: String { ControlCharacters.spelled(self, keeping: ["\n", "\t"]) }
}
