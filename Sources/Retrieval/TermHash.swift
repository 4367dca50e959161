/// A term is known by a 64-bit hash of its bytes. With a million distinct terms the chance that any two meet is one in
/// thirty million, and the harm would be one odd match.
enum TermHash {
    static func of(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in bytes {
            hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211
        }
        hash = (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
        return hash ^ hash >> 29
    }
}
