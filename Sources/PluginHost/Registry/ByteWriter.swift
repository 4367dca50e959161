internal import PluginCore

/// Builds the bytes of a ``RegistryImage``: numbers little-endian, texts pooled.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []
    /// Were texts left out because the pool is as large as it may become?
    private(set) var isFull = false
    /// Begins with the empty text.
    private(set) var pool: [UInt8] = [0]
    /// By bytes: texts that only look alike are others.
    private var known: [[UInt8]: UInt32] = [:]
    private static let poolLimit = 1 << 30

    mutating func add<Number: FixedWidthInteger>(_ number: Number) {
        unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Place and length of a text that no other record has, likewise. Looking it up would cost more than its room.
    mutating func add(own text: String) { add(own: text.utf8) }

    mutating func add(own text: some Collection<UInt8>) {
        let (place, length) = append(text)
        add(place)
        add(length)
    }

    /// Place and length of a text in the pool, each once, with a NUL behind it for system calls.
    mutating func add(_ text: String) {
        let (place, length) = place(of: text)
        add(place)
        add(length)
    }

    mutating func add(_ stamp: FileStamp) {
        add(stamp.device)
        add(stamp.inode)
        add(stamp.size)
        add(stamp.modified)
        add(stamp.changed)
        add(stamp.mode)
        add(stamp.owner)
    }

    mutating func add(raw more: [UInt8]) { bytes += more }

    mutating func place(of text: String) -> (place: UInt32, length: UInt32) {
        if text.isEmpty { return (0, 0) }
        let bytes = Array(text.utf8)
        if let place = known[bytes] { return (place, UInt32(clamping: bytes.count)) }
        let (place, length) = append(bytes)
        known[bytes] = place
        return (place, length)
    }

    private mutating func append(_ text: some Collection<UInt8>) -> (place: UInt32, length: UInt32) {
        guard pool.count + text.count < Self.poolLimit else {
            isFull = true
            return (0, 0)
        }
        let place = UInt32(pool.count)
        pool += text
        pool.append(0)
        return (place, UInt32(text.count))
    }
}
