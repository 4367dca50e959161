internal import Crypto
internal import Glibc
internal import PluginCore
public import PluginELF

enum FileDigest {
    /// SHA-256 of what can be read through a descriptor from its beginning, lower-case hexadecimal.
    static func sha256(of descriptor: Int32) -> String {
        var hash = SHA256()
        unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 64) { buffer in
            var offset: off_t = 0
            while true {
                let got = unsafe pread(descriptor, buffer.baseAddress, buffer.count, offset)
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { break }
                unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<got]))
                offset += off_t(got)
            }
        }
        return Hexadecimal.text(hash.finalize())
    }
}

extension FileImage {
    /// SHA-256 of the file's bytes, lower-case hexadecimal: of those that it holds, or else as they are now.
    public borrowing func digest() -> String {
        unsafe withHeldBytes { bytes in
            var hash = SHA256()
            unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return Hexadecimal.text(hash.finalize())
        } ?? withDescriptor { FileDigest.sha256(of: $0) }
    }
}
