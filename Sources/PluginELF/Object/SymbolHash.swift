/// A name that is looked up, with what does not depend on where.
struct SymbolName {
    let bytes: ArraySlice<UInt8>
    /// One plugin's name is looked up in the tables of many libraries.
    let gnuHash: UInt32

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        gnuHash = Self.gnuHash(bytes)
    }

    init(_ name: String) { self.init(ArraySlice(name.utf8)) }

    static func gnuHash(_ name: ArraySlice<UInt8>) -> UInt32 {
        unsafe name.withUnsafeBufferPointer { bytes in unsafe bytes.reduce(5381) { $0 &* 33 &+ UInt32($1) } }
    }

    var systemVHash: UInt32 {
        var hash: UInt32 = 0
        for byte in bytes {
            hash = hash << 4 &+ UInt32(byte)
            let high = hash & 0xF000_0000
            hash = (hash ^ high >> 24) & ~high
        }
        return hash
    }
}

/// Steps that no search in a table of any linker takes. A hostile table makes each of a hundred thousand look-ups walk
/// over a hundred thousand symbols, or in a circle.
private let chainLimit = 1024

/// DT_GNU_HASH, through which the dynamic linker finds exported symbols.
///
/// Chains of hostile files may lead outside or in circles; a walk visits each place at most once.
final class GNUHashTable: Sendable {
    private let firstSymbol: UInt32
    private let bloom: [UInt64]
    private let bloomShift: UInt32
    private let bloomWordBits: UInt64
    private let buckets: [UInt32]
    private let chain: [UInt32]

    init(
        firstSymbol: UInt32, bloom: [UInt64], bloomShift: UInt32, bloomWordBits: UInt64, buckets: [UInt32],
        chain: [UInt32]
    ) {
        self.firstSymbol = firstSymbol
        self.bloom = bloom
        self.bloomShift = bloomShift
        self.bloomWordBits = bloomWordBits
        self.buckets = buckets
        self.chain = chain
    }

    /// The first symbol index with a hash that `isMatch` accepts.
    func first(_ hash: UInt32, where isMatch: (Int) -> Bool) -> Int? {
        guard !buckets.isEmpty, !bloom.isEmpty else { return nil }
        let word = bloom[Int(UInt64(hash) / bloomWordBits % UInt64(bloom.count))]
        let second = UInt64(bloomShift < 32 ? hash >> bloomShift : 0)
        guard word >> (UInt64(hash) % bloomWordBits) & word >> (second % bloomWordBits) & 1 == 1 else { return nil }
        let start = buckets[Int(hash) % buckets.count]
        guard start >= firstSymbol, start != 0 else { return nil }
        var index = Int(start - firstSymbol)
        while index < chain.count {
            if (chain[index] ^ hash) & ~1 == 0, isMatch(index + Int(firstSymbol)) { return index + Int(firstSymbol) }
            if chain[index] & 1 == 1 { break }
            index += 1
        }
        return nil
    }

    /// Does every chain have an end within reach?
    var hasSensibleChains: Bool {
        var length = 0
        for word in chain {
            length = word & 1 == 1 ? 0 : length + 1
            if length > chainLimit { return false }
        }
        return true
    }
}

/// DT_HASH, the older form.
final class SystemVHashTable: Sendable {
    private let buckets: [UInt32]
    private let chain: [UInt32]

    init(buckets: [UInt32], chain: [UInt32]) {
        self.buckets = buckets
        self.chain = chain
    }

    func first(_ hash: UInt32, where isMatch: (Int) -> Bool) -> Int? {
        guard !buckets.isEmpty else { return nil }
        var index = Int(buckets[Int(hash) % buckets.count])
        var visited = 0
        while index != 0, index < chain.count, visited <= chain.count {
            if isMatch(index) { return index }
            index = Int(chain[index])
            visited += 1
        }
        return nil
    }

    /// Walks every chain once: buckets may share their ends.
    var hasSensibleChains: Bool {
        var walks = [UInt32](repeating: 0, count: chain.count)
        for (walk, start) in buckets.enumerated() {
            var (index, length) = (Int(start), 0)
            while index != 0 {
                guard index < chain.count, length <= chainLimit, walks[index] != UInt32(walk + 1) else { return false }
                if walks[index] != 0 { break }
                walks[index] = UInt32(walk + 1)
                index = Int(chain[index])
                length += 1
            }
        }
        return true
    }
}
