extension String {
    /// nil if the bytes are not UTF-8.
    ///
    /// As `init(validating:as:)`, which takes a thousand instructions for the shortest text; most texts are ASCII, and need
    /// no validation.
    package init?(utf8 bytes: ArraySlice<UInt8>) {
        let bits = unsafe bytes.withUnsafeBufferPointer { unsafe $0.reduce(0) { $0 | $1 } }
        if bits < 0x80 {
            self.init(decoding: bytes, as: UTF8.self)
        } else {
            self.init(validating: bytes, as: UTF8.self)
        }
    }
}
