/// What was seen of a plugin that was run as far as its entry, in a process of its own.
package struct ProbeReport: Sendable {
    package enum End: Sendable {
        /// It said what it is, which is what its notes say.
        case answered
        /// Its entry or its table broke the contract, or the table is not what the notes promise.
        case refused(String)
        /// The dynamic linker refused it, in its words.
        case unloadable(String)
        case exited(status: Int32)
        case crashed(signal: Int32, address: UInt64?)
        /// It was killed at its deadline.
        case hung
        /// There is no process for it: errno.
        case notStarted(Int32)
        /// Its sandbox cannot be had, so nothing of it ran.
        case notContained(String)
        /// The program that made its process is gone, or does not answer.
        case lost
    }

    /// One function of a backtrace; the symbol is empty if nothing is known.
    package struct Frame: Sendable {
        package let module: String
        package let symbol: String
        package let offset: UInt64
        package let symbolOffset: UInt64
    }

    package let end: End
    /// How far it came, as it says: 0 its process was made ready, 1 libraries, 2 load, 3 entry, 4 table, 5 done.
    package let phase: Int
    /// The innermost function first.
    package let backtrace: [Frame]
    /// The last bytes that it printed.
    package let output: [UInt8]
    /// Bytes that it printed in all.
    package let outputBytes: UInt64
    /// Of its process.
    package let duration: Duration

    /// Of one that was lost before anything was seen of it.
    static let lost = ProbeReport(
        end: .lost, phase: 2, backtrace: [], output: [], outputBytes: 0, duration: .zero)
}
