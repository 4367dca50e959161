/// /etc/ld.so.cache: where the system's libraries are. Parsed with every offset checked, because a host must not
/// fall over a damaged file.
///
/// The form is "glibc-ld.so.cache1.1" of glibc 2.2 and later, alone or behind the older "ld.so-1.7.0".
package struct LinkerCache: Sendable {
    private let table: ByteTable
    private let base: Int
    private let count: Int

    /// Library of this machine's 64-bit C library, as the cache flags it.
    #if arch(x86_64)
        private static let flags: UInt32 = 0x0303
    #elseif arch(arm64)
        private static let flags: UInt32 = 0x0A03
    #else
        private static let flags: UInt32 = 0x0003
    #endif

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
    }

    /// Paths of a library, best first. Variants for special processors are passed over: they hold the same symbols.
    package func paths(of name: String) -> [String] {
        var found: [String] = []
        let wanted = Array(name.utf8)
        for index in 0..<count {
            let entry = base + 48 + index * 24
            guard let flags = table.u32(entry), let key = table.u32(entry + 4), let value = table.u32(entry + 8),
                let hardware = table.u64(entry + 16)
            else { break }
            guard flags == Self.flags, hardware == 0, table.equals(wanted, at: base + Int(key)) else { continue }
            if let path = table.string(UInt64(base) + UInt64(value)) { found.append(path) }
        }
        return found
    }

    private static var machineIsBigEndian: Bool { Int(bigEndian: 1) == 1 }
}
