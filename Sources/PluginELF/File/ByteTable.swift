internal import CLibELF
internal import Glibc

/// Bytes of a file with its byte order. Every access is checked: what lies outside is nil, never a trap.
struct ByteTable: Sendable {
    let bytes: [UInt8]
    let bigEndian: Bool

    static let empty = ByteTable(bytes: [], bigEndian: false)

    var count: Int { bytes.count }

    func u8(_ offset: Int) -> UInt8? {
        bytes.indices.contains(offset) ? bytes[offset] : nil
    }

    func u16(_ offset: Int) -> UInt16? { load(offset) }
    func u32(_ offset: Int) -> UInt32? { load(offset) }
    func u64(_ offset: Int) -> UInt64? { load(offset) }

    /// An address-sized word of the file's class.
    func word(_ offset: Int, is64: Bool) -> UInt64? {
        is64 ? u64(offset) : u32(offset).map(UInt64.init)
    }

    private func load<Value: FixedWidthInteger & UnsignedInteger>(_ offset: Int) -> Value? {
        let width = Value.bitWidth / 8
        guard offset >= 0, offset <= bytes.count - width else { return nil }
        let value = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
        return bigEndian ? Value(bigEndian: value) : Value(littleEndian: value)
    }

    /// Passes records of two or three words of 64 bits, the third 0 where there is none. A part of a record at the end is
    /// left out. Tables have a thousand records and more, which is why they are not read word by word.
    func forEachRecord(words: Int, _ body: (_ first: UInt64, _ second: UInt64, _ third: UInt64) -> Void) {
        unsafe bytes.withUnsafeBytes { buffer in
            func word(_ place: Int) -> UInt64 {
                let word = unsafe buffer.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                return bigEndian ? UInt64(bigEndian: word) : UInt64(littleEndian: word)
            }
            var place = 0
            while place <= buffer.count - words * 8 {
                body(word(place), word(place + 8), words > 2 ? word(place + 16) : 0)
                place += words * 8
            }
        }
    }

    /// Address and place of the name of each function in a table of symbols whose address lies within bounds.
    func functions(between lowest: UInt64, and highest: UInt64, is64: Bool) -> [(address: UInt64, name: UInt32)] {
        let (width, address, info) = is64 ? (24, 8, 4) : (16, 4, 12)
        var found: [(address: UInt64, name: UInt32)] = []
        let span = bytes.span
        var place = 0
        while place <= span.count - width {
            if span[place + info] & 0xF == UInt8(STT_FUNC), let value = word(place + address, is64: is64),
                value >= lowest, value <= highest, let name = u32(place)
            {
                found.append((value, name))
            }
            place += width
        }
        return found
    }

    /// The range of the C string at an offset, its NUL excluded; nil if it starts outside or never ends.
    func stringRange(_ offset: Int) -> Range<Int>? {
        guard bytes.indices.contains(offset) else { return nil }
        return unsafe bytes.withUnsafeBytes { buffer in
            guard let start = unsafe buffer.baseAddress.map({ unsafe $0 + offset }),
                let end = unsafe memchr(start, 0, buffer.count - offset)
            else { return nil }
            return unsafe offset..<offset + (UnsafeRawPointer(end) - start)
        }
    }

    /// The C string at an offset, invalid UTF-8 repaired; nil if it starts outside, never ends, or is longer than
    /// `limit` bytes. Thousands of records of a hostile file can share one text of megabytes.
    func string(_ offset: UInt64, limit: Int = .max) -> String? {
        guard let start = Int(exactly: offset), let range = stringRange(start), range.count <= limit else {
            return nil
        }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// Does the C string at an offset begin with these bytes?
    func hasPrefix(_ prefix: StaticString, at offset: Int) -> Bool {
        let length = prefix.utf8CodeUnitCount
        guard offset >= 0, offset <= bytes.count - length else { return false }
        return prefix.withUTF8Buffer { text in
            for index in 0..<length where unsafe bytes[offset + index] != text[index] { return false }
            return true
        }
    }

    func equals(_ text: [UInt8], at offset: Int) -> Bool { equals(text[...], at: offset) }

    /// Is the C string at an offset exactly this text?
    func equals(_ text: ArraySlice<UInt8>, at offset: Int) -> Bool {
        guard offset >= 0, offset < bytes.count - text.count, bytes[offset + text.count] == 0 else { return false }
        return unsafe bytes.withUnsafeBytes { own in
            unsafe text.withUnsafeBytes { other in
                guard let place = own.baseAddress, let start = other.baseAddress else { return unsafe other.isEmpty }
                return unsafe memcmp(place + offset, start, other.count) == 0
            }
        }
    }
}
