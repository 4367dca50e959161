extension ObjectReader {
    /// Looks whether code is packed: at three places, and at no more of them than are needed to see that it is not.
    mutating func sampleCode(_ image: borrowing FileImage) {
        let window: UInt64 = 4096
        for segment in object.segments where segment.kind == .load && segment.isExecutable {
            // Smaller segments have no room for what would unpack more than themselves.
            guard segment.fileSize >= window * 4 else { continue }
            let places = (1...3).map { segment.offset &+ segment.fileSize / 4 * $0 &- window / 2 }
            let isDense = places.allSatisfy { place in
                image.bytes(at: place, count: Int(window)).map(Self.isDense) ?? false
            }
            if isDense { object.hasDenseCode = true }
        }
    }

    /// Are the values of bytes spread as evenly as in compressed or encrypted ones?
    ///
    /// The sum of the squares of their counts is near 70,000 for 4096 even ones. In machine code few values are frequent:
    /// in the libraries of a Debian system it is above 300,000.
    private static func isDense(_ bytes: [UInt8]) -> Bool {
        var counts = [Int](repeating: 0, count: 256)
        for byte in bytes { counts[Int(byte)] += 1 }
        return counts.reduce(0) { $0 + $1 * $1 } < 150_000
    }
}
