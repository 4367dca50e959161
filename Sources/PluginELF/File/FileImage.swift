internal import Glibc
public import PluginCore

/// An open file whose bytes are about to be judged. Owns the descriptor and closes it.
///
/// Bytes are read by `pread` into memory of our own and never mapped: another process that truncates the file
/// causes a short read here, which is an error value, and not a SIGBUS.
@safe public struct FileImage: ~Copyable, Sendable {
    /// The status of the file that was opened; of the original when the descriptor is a sealed copy of it.
    public let status: FileStatus
    /// Bytes that can be read through the descriptor.
    public let size: UInt64
    private let descriptor: Int32
    /// Every byte, as it was when the file was opened; empty if they are read when they are asked for. Nobody changes them,
    /// so that threads may share them.
    nonisolated(unsafe) private let held: UnsafeMutableRawBufferPointer

    /// Files of at most so many bytes are better read at once than in parts. Most plugins are; libraries of a language's
    /// runtime, of which little is looked at, are not.
    package static let smallSize: UInt64 = 1 << 19

    /// Opens a regular file; symbolic links are followed.
    ///
    /// Never blocks: a named pipe without a writer is recognised and refused.
    /// - Parameter limit: a file of at most so many bytes is read at once, which spares a small one dozens of calls of
    ///   the system, and its bytes stay as they were.
    /// - Throws: ``PluginError``, each cause with a message and a remedy of its own.
    public init(opening path: String, holdingUpTo limit: UInt64 = 0) throws(PluginError) {
        guard !path.utf8.contains(0), !path.isEmpty else {
            throw PluginError(
                .invalidArgument, path.isEmpty ? "the path is empty" : "the path contains a NUL byte",
                remedy: "Pass the path of a shared object", facts: .file(path: path), plugin: path, stage: .open)
        }
        let opened = unsafe Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard opened >= 0 else { throw Self.openError(path, errno) }
        var found = stat()
        guard unsafe fstat(opened, &found) == 0 else {
            let number = errno
            Glibc.close(opened)
            throw Self.openError(path, number)
        }
        let status = FileStatus(path: path, found)
        guard status.isRegular else {
            Glibc.close(opened)
            throw Self.notRegular(path, status.kind)
        }
        self.status = status
        size = status.size
        descriptor = opened
        unsafe held = size <= limit ? Self.hold(opened, Int(size)) : UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Takes over a descriptor, such as a sealed memory copy of a file that was opened before.
    ///
    /// - Parameters:
    ///   - descriptor: readable; closed by the new value, also if this initializer throws.
    ///   - original: the status of the file that the bytes came from. Its path, owner and permissions are judged,
    ///     because a memory file has none worth judging.
    public init(adopting descriptor: Int32, copiedFrom original: FileStatus) throws(PluginError) {
        var found = stat()
        guard unsafe fstat(descriptor, &found) == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw Self.openError(original.path, number)
        }
        let own = FileStatus(path: original.path, found)
        guard own.isRegular else {
            Glibc.close(descriptor)
            throw Self.notRegular(original.path, own.kind)
        }
        status = original
        size = own.size
        self.descriptor = descriptor
        unsafe held = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    deinit {
        Glibc.close(descriptor)
        unsafe held.deallocate()
    }

    /// Empty if the file is shorter by now, or cannot be read: whoever asks for a part of it will be told.
    @unsafe
    private static func hold(_ descriptor: Int32, _ size: Int) -> UnsafeMutableRawBufferPointer {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        if unsafe read(descriptor, at: 0, into: bytes) == size { return unsafe bytes }
        unsafe bytes.deallocate()
        return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// - Returns: how many bytes there were.
    @unsafe
    private static func read(
        _ descriptor: Int32, at offset: UInt64, into bytes: UnsafeMutableRawBufferPointer
    ) -> Int {
        var filled = 0
        while filled < bytes.count {
            // The sum is at most the file's size, which came from a signed off_t.
            let position = off_t(offset) + off_t(filled)
            let got = unsafe pread(descriptor, bytes.baseAddress! + filled, bytes.count - filled, position)
            if got < 0, errno == EINTR { continue }
            if got <= 0 { break }
            filled += got
        }
        return filled
    }

    /// Lends every byte of a file that is held; nil if it is not. The bytes must not be changed, and are valid within
    /// `body` only.
    package borrowing func withHeldBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result? {
        unsafe held.isEmpty ? nil : body(held)
    }

    /// Lends the descriptor, for instance to copy the file. It must not be closed, and is valid within `body` only.
    public borrowing func withDescriptor<Result: ~Copyable, Failure: Error>(
        _ body: (Int32) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(descriptor)
    }

    /// Exactly `count` bytes at an offset, or nil if the file does not have them (any more) or cannot be read.
    public borrowing func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, offset <= size, UInt64(count) <= size - offset else { return nil }
        if count == 0 { return [] }
        let (descriptor, held) = unsafe (self.descriptor, self.held)
        let read = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            if unsafe held.isEmpty {
                filled = unsafe Self.read(descriptor, at: offset, into: bytes)
            } else {
                unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: held[Int(offset)..<Int(offset) + count]))
                filled = count
            }
        }
        return read.count == count ? read : nil
    }

    /// The folder that `$ORIGIN` stands for: that of the file itself, links resolved. nil without /proc.
    static func folder(of path: String) -> String? {
        FileTree.realPath(path).flatMap(FileTree.folder)
    }
}
