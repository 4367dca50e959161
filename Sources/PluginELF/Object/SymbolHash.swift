/// The hash table through which the dynamic linker finds exported symbols: GNU style, or that of System V.
///
/// Chains of hostile files may lead outside or in circles; a walk visits each place at most once.
enum SymbolHash: Sendable {
    case gnu(
        firstSymbol: UInt32, bloom: [UInt64], bloomShift: UInt32, bloomWordBits: UInt64, buckets: [UInt32],
        chain: [UInt32])
    case systemV(buckets: [UInt32], chain: [UInt32])

    /// The first symbol index with this name's hash that `isMatch` accepts.
    func first(_ name: ArraySlice<UInt8>, where isMatch: (Int) -> Bool) -> Int? {
        switch self {
        case .gnu(let firstSymbol, let bloom, let shift, let bits, let buckets, let chain):
            guard !buckets.isEmpty, !bloom.isEmpty else { return nil }
            let hash = Self.gnuHash(name)
            let word = bloom[Int(UInt64(hash) / bits % UInt64(bloom.count))]
            let second = UInt64(shift < 32 ? hash >> shift : 0)
            guard word >> (UInt64(hash) % bits) & word >> (second % bits) & 1 == 1 else { return nil }
            let start = buckets[Int(hash) % buckets.count]
            guard start >= firstSymbol, start != 0 else { return nil }
            var index = Int(start - firstSymbol)
            while index < chain.count {
                if (chain[index] ^ hash) & ~1 == 0, isMatch(index + Int(firstSymbol)) {
                    return index + Int(firstSymbol)
                }
                if chain[index] & 1 == 1 { break }
                index += 1
            }
            return nil
        case .systemV(let buckets, let chain):
            guard !buckets.isEmpty else { return nil }
            var index = Int(buckets[Int(Self.systemVHash(name)) % buckets.count])
            var visited = 0
            while index != 0, index < chain.count, visited <= chain.count {
                if isMatch(index) { return index }
                index = Int(chain[index])
                visited += 1
            }
            return nil
        }
    }

    /// Steps that no search in a table of any linker takes. A hostile table makes each of a hundred thousand look-ups
    /// walk over a hundred thousand symbols, or in a circle.
    private static let chainLimit = 1024

    /// Does every chain have an end within reach?
    var hasSensibleChains: Bool {
        switch self {
        case .gnu(_, _, _, _, _, let chain):
            var length = 0
            for word in chain {
                length = word & 1 == 1 ? 0 : length + 1
                if length > Self.chainLimit { return false }
            }
            return true
        case .systemV(let buckets, let chain):
            return buckets.allSatisfy { start in
                var (index, length) = (Int(start), 0)
                while index != 0, index < chain.count, length <= Self.chainLimit {
                    index = Int(chain[index])
                    length += 1
                }
                return length <= Self.chainLimit
            }
        }
    }

    static func gnuHash(_ name: ArraySlice<UInt8>) -> UInt32 {
        var hash: UInt32 = 5381
        for byte in name { hash = hash &* 33 &+ UInt32(byte) }
        return hash
    }

    static func systemVHash(_ name: ArraySlice<UInt8>) -> UInt32 {
        var hash: UInt32 = 0
        for byte in name {
            hash = hash << 4 &+ UInt32(byte)
            let high = hash & 0xF000_0000
            hash = (hash ^ high >> 24) & ~high
        }
        return hash
    }
}
