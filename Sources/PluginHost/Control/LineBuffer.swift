/// Bytes of a stream that become lines, in bounded memory.
struct LineBuffer {
    /// A line is longer than it may be.
    struct TooLong: Error {}

    /// Bytes that a line may have without its end.
    let limit: Int
    private var bytes: [UInt8] = []
    /// Where the next line begins, and up to where no end of it was found.
    private var start = 0
    private var searched = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ more: some Collection<UInt8>) {
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        bytes += more
    }

    /// The next line without its end, or nil if it has not arrived whole.
    mutating func next() throws(TooLong) -> ArraySlice<UInt8>? {
        guard let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = bytes.count
            guard bytes.count - start <= limit else { throw TooLong() }
            return nil
        }
        guard end - start <= limit else { throw TooLong() }
        defer {
            start = end + 1
            searched = start
        }
        return bytes[start..<end]
    }
}
