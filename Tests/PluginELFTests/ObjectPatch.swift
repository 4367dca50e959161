import Testing

/// The bytes of a 64-bit little-endian shared object, with the places of its structures, to damage them one by one.
struct ObjectPatch {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func word(_ place: Int, _ size: Int = 8) -> UInt64 {
        (0..<size).reduce(0) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
    }

    mutating func set(_ place: Int, _ value: UInt64, _ size: Int = 8) {
        for index in 0..<size { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    /// Places of the program headers of a type: 1 load, 2 dynamic, 4 note, 7 thread-local.
    func segments(_ type: UInt64) -> [Int] {
        let table = Int(word(32))
        return (0..<Int(word(56, 2))).map { table + $0 * 56 }.filter { word($0, 4) == type }
    }

    /// The place in the file of an address.
    func place(_ address: UInt64) throws -> Int {
        let load = try #require(
            segments(1).first { word($0 + 16) <= address && address < word($0 + 16) + word($0 + 32) })
        return Int(address - word(load + 16) + word(load + 8))
    }

    /// Place of the value of the first dynamic entry with a tag.
    func dynamic(_ tag: UInt64) throws -> Int {
        let start = Int(word(try #require(segments(2).first) + 8))
        return try #require(
            stride(from: start, to: bytes.count - 16, by: 16).prefix { word($0) != 0 }.first { word($0) == tag }) + 8
    }

    /// The place in the file of a table whose address is the value of a dynamic entry.
    func table(_ tag: UInt64) throws -> Int { try place(word(dynamic(tag))) }
}
