internal import CPluginLinux

/// Bytes of a file that anybody may have damaged. What lies outside reads as zeros and empty texts, so that no offset
/// needs a check of its own and none can trap.
struct ByteStore: Sendable {
    let bytes: [UInt8]

    var count: Int { bytes.count }

    func number<Number: FixedWidthInteger>(at offset: Int, as: Number.Type = Number.self) -> Number {
        let width = Number.bitWidth / 8
        guard offset >= 0, offset <= bytes.count - width else { return 0 }
        return unsafe bytes.withUnsafeBytes {
            Number(littleEndian: unsafe $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
        }
    }

    func u32(_ offset: Int) -> Int { Int(number(at: offset, as: UInt32.self)) }

    /// The bytes of a range, cut to those that are there.
    func slice(_ offset: Int, _ length: Int) -> ArraySlice<UInt8> {
        guard offset >= 0, length > 0, offset < bytes.count else { return [] }
        return bytes[offset..<min(offset + length, bytes.count)]
    }

    func stamp(_ offset: Int) -> FileStamp {
        var stamp = FileStamp()
        stamp.device = number(at: offset)
        stamp.inode = number(at: offset + 8)
        stamp.size = number(at: offset + 16)
        stamp.modified = number(at: offset + 24)
        stamp.changed = number(at: offset + 32)
        stamp.mode = number(at: offset + 40)
        stamp.owner = number(at: offset + 44)
        return stamp
    }

    /// CRC-32C of everything from an offset on.
    func checksum(from offset: Int) -> UInt32 {
        guard offset < bytes.count else { return 0 }
        return unsafe bytes.withUnsafeBytes { unsafe kwl_crc32c($0.baseAddress! + offset, $0.count - offset) }
    }

    /// The stamp of the file whose name stands at an offset, as it is now, without a copy of the name.
    /// - Parameter folder: an open folder, or nil for a whole path.
    func currentStamp(ofNameAt offset: Int, in folder: Int32?) -> FileStamp {
        // The last byte of every image is NUL, so that every name has an end.
        guard offset >= 0, offset < bytes.count, bytes[bytes.count - 1] == 0 else { return .absent }
        return unsafe bytes.withUnsafeBytes { buffer in
            let name = unsafe (buffer.baseAddress! + offset).assumingMemoryBound(to: CChar.self)
            return unsafe FileStamp(ofName: name, in: folder)
        }
    }
}
