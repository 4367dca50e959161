import Testing

/// The bytes of a 64-bit little-endian ELF file, to be changed at places that are found by what they mean.
struct ELFBytes {
    var bytes: [UInt8]

    func read(_ offset: Int, _ width: Int) -> Int {
        (0..<width).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
    }

    mutating func write(_ value: Int, _ offset: Int, _ width: Int) {
        for index in 0..<width { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }

    /// Offsets of the program headers of a type.
    func programHeaders(_ type: Int) -> [Int] {
        (0..<read(56, 2)).map { read(32, 8) + $0 * 56 }.filter { read($0, 4) == type }
    }

    /// Offset of a section's header.
    func section(_ name: String) throws -> Int {
        let (table, count) = (read(40, 8), read(60, 2))
        let names = read(table + read(62, 2) * 64 + 24, 8)
        return try #require(
            (0..<count).map { table + $0 * 64 }.first { header in
                let start = names + read(header, 4)
                return bytes[start...].prefix { $0 != 0 }.elementsEqual(name.utf8)
            })
    }

    /// Where the bytes of a section are in the file.
    func contents(_ name: String) throws -> Range<Int> {
        let header = try section(name)
        return read(header + 24, 8)..<read(header + 24, 8) + read(header + 32, 8)
    }
}
