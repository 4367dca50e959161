internal import Glibc

/// One `struct inotify_event` (inotify(7)).
struct InotifyRecord: Equatable {
    /// Which watch it is of; -1 if the queue overflowed.
    var watch: Int32
    var mask: UInt32
    /// The file of the watched folder; empty if it is about the folder itself.
    var name: String

    func has(_ bits: Int32) -> Bool { mask & UInt32(bitPattern: bits) != 0 }

    /// The records of what one read(2) gave. The kernel gives whole records; a rest that is none is dropped.
    static func decode(_ bytes: ArraySlice<UInt8>) -> [InotifyRecord] {
        let header = MemoryLayout<inotify_event>.size
        var records: [InotifyRecord] = []
        var rest = bytes
        while rest.count >= header {
            let event = unsafe rest.withUnsafeBytes { unsafe $0.loadUnaligned(as: Header.self) }
            guard event.length <= rest.count - header else { break }
            // Filled up with NUL bytes to a multiple of the header's alignment.
            let name = rest.dropFirst(header).prefix(Int(event.length)).prefix { $0 != 0 }
            records.append(
                InotifyRecord(watch: event.watch, mask: event.mask, name: String(decoding: name, as: UTF8.self)))
            rest = rest.dropFirst(header + Int(event.length))
        }
        return records
    }

    /// `struct inotify_event` without its flexible array, which is imported as memory that is not there.
    private struct Header {
        var watch: Int32
        var mask: UInt32
        var cookie: UInt32
        var length: UInt32
    }
}
