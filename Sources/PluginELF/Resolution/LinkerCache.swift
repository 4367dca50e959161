/// /etc/ld.so.cache: where the system's libraries are. Parsed with every offset checked, because a host must not
/// fall over a damaged file.
///
/// The form is "glibc-ld.so.cache1.1" of glibc 2.2 and later, alone or behind the older "ld.so-1.7.0".
package struct LinkerCache: Sendable {
    private let table: ByteTable
    private let base: Int
    private let count: Int

    /// Names of the folders of glibc-hwcaps that entries refer to by number.
    private let hardware: [String]

    package static let path = "/etc/ld.so.cache"

    /// nil if the bytes are not a cache of a known form.
    package init?(_ bytes: [UInt8]) {
        let table = ByteTable(bytes: bytes, bigEndian: Self.machineIsBigEndian)
        var base = 0
        if table.hasPrefix("ld.so-1.7.0", at: 0) {
            guard let old = table.u32(12) else { return nil }
            let end = UInt64(16) + UInt64(old) * 12
            guard let aligned = Int(exactly: (end + 7) & ~7) else { return nil }
            base = aligned
        }
        guard table.hasPrefix("glibc-ld.so.cache1.1", at: base), let count = table.u32(base + 20),
            UInt64(count) * 24 <= UInt64(bytes.count)
        else { return nil }
        self.table = table
        self.base = base
        self.count = Int(count)
        hardware = Self.hardwareNames(table, base)
    }

    /// Paths of a library of this machine, the builds for special processors passed over.
    package func paths(of name: String) -> [String] {
        paths(of: name, flags: HostPlatform.current.cacheFlags, hardwareFolders: [])
    }

    /// Paths of a library, best first.
    /// - Parameters:
    ///   - flags: how the cache marks libraries of the machine.
    ///   - hardwareFolders: those of glibc-hwcaps that may be used, best first. Others are passed over, as are the
    ///     bit masks of processors that C libraries before 2.33 wrote.
    package func paths(of name: String, flags: UInt32, hardwareFolders: [String]) -> [String] {
        var found: [(rank: Int, path: String)] = []
        let wanted = Array(name.utf8)
        for index in 0..<count {
            let entry = base + 48 + index * 24
            guard let kind = table.u32(entry), let key = table.u32(entry + 4), let value = table.u32(entry + 8),
                let mask = table.u64(entry + 16)
            else { break }
            guard kind == flags, table.equals(wanted, at: base + Int(key)) else { continue }
            guard let rank = rank(mask, hardwareFolders) else { continue }
            // A path longer than the system's limit leads nowhere.
            if let path = table.string(UInt64(base) + UInt64(value), limit: 4096) { found.append((rank, path)) }
        }
        // Equal ranks keep their order.
        return found.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element.path)
    }

    /// Place in the order of preference; the plain build comes last.
    private func rank(_ mask: UInt64, _ folders: [String]) -> Int? {
        if mask == 0 { return folders.count }
        // Bit 62 alone says that the lower half is a number of a folder.
        guard mask >> 32 == 1 << 30, let index = Int(exactly: mask & 0xFFFF_FFFF), index < hardware.count else {
            return nil
        }
        return folders.firstIndex(of: hardware[index])
    }

    /// The extension of glibc 2.33 and later: a directory of sections, of which number 1 is an array of places of
    /// names.
    private static func hardwareNames(_ table: ByteTable, _ base: Int) -> [String] {
        guard let place = table.u32(base + 32), place != 0, table.u32(base + Int(place)) == 0xEAA4_2174,
            let sections = table.u32(base + Int(place) + 4)
        else { return [] }
        for index in 0..<Int(min(sections, 64)) {
            let section = base + Int(place) + 8 + index * 16
            guard let tag = table.u32(section), let start = table.u32(section + 8), let size = table.u32(section + 12)
            else { break }
            guard tag == 1 else { continue }
            return (0..<Int(min(size / 4, 64))).map { number in
                let name = table.u32(base + Int(start) + number * 4)
                return name.flatMap { table.string(UInt64(base) + UInt64($0), limit: 256) } ?? ""
            }
        }
        return []
    }

    private static var machineIsBigEndian: Bool { Int(bigEndian: 1) == 1 }
}
