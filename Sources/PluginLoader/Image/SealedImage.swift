internal import CPluginLinux
internal import Crypto
internal import Glibc
internal import PluginCore
internal import PluginELF
internal import Synchronization

/// The bytes of a file as they were when it was opened, in sealed memory: what is checked is what is loaded, whatever
/// happens to the file meanwhile.
///
/// Where the kernel refuses executable memory files (vm.memfd_noexec=2), a file without a name that only this user can
/// reach stands in.
@safe
final class SealedImage: Sendable {
    let original: FileStatus
    private let descriptor: Int32
    private let name: String
    private let size: UInt64
    private let wasOpened = Atomic<Bool>(false)

    /// - Parameters:
    ///   - limit: bytes; a larger file is refused.
    ///   - name: shows in `/proc/PID/maps`, for debuggers and profilers.
    init(of file: borrowing FileImage, limit: UInt64, name: String) throws(PluginError) {
        let status = file.status
        original = status
        guard file.size <= limit else {
            throw PluginError(
                .resourceExhausted, "has \(file.size) bytes, more than the \(limit) that an image may have",
                remedy: "Strip its debug information, or raise the host's image limit",
                facts: .limit(name: "imageSize", value: Int64(clamping: limit), unit: "bytes", source: "host"),
                plugin: status.path, stage: .open)
        }
        let size = file.size
        self.name = name
        self.size = size
        descriptor = try file.withDescriptor { source throws(PluginError) in
            try Self.copy(of: source, size, name: name, path: status.path)
        }
    }

    private static func copy(of source: Int32, _ size: UInt64, name: String, path: String) throws(PluginError) -> Int32
    {
        var memory = unsafe kwl_memfd(name)
        let isMemory = memory >= 0
        if !isMemory, errno == EACCES { memory = kwl_unnamed_file() }
        guard memory >= 0 else { throw failure("memfd_create", errno, path) }
        guard kwl_copy(source, memory, size) == 0 else {
            let number = errno
            close(memory)
            if number == ENODATA {
                throw PluginError(
                    .unavailable, "became shorter while it was read",
                    remedy: "Replace plugins by renaming a finished file over the old one", plugin: path, stage: .open,
                    retryable: true)
            }
            throw failure("copy", number, path)
        }
        guard isMemory else {
            let reading = kwl_reopen_for_reading(memory)
            guard reading >= 0 else { throw failure("open", errno, path) }
            return reading
        }
        guard kwl_seal(memory) == 0 else {
            let number = errno
            close(memory)
            throw failure("seal", number, path)
        }
        return memory
    }

    deinit { close(descriptor) }

    private static func failure(_ call: String, _ number: Int32, _ path: String) -> PluginError {
        PluginError(
            .load, "no sealed memory image of it can be made: \(call) failed with error \(number)",
            remedy: call == "memfd_create" && number == EACCES
                ? "Allow executable memory files (sysctl vm.memfd_noexec 0 or 1), or a temporary folder without noexec"
                : "Check the limits on memory and open files", facts: .errno(number, call: call), plugin: path,
            stage: .open)
    }

    /// Facts of the image, read from the very bytes that would be loaded.
    func inspect() throws(PluginError) -> SharedObject {
        try SharedObject(reading: FileImage(adopting: duplicate(), copiedFrom: original))
    }

    /// Another descriptor of the bytes, which the caller closes.
    func duplicate() throws(PluginError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw Self.failure("dup", errno, original.path) }
        return copy
    }

    /// SHA-256 of the bytes, lower-case hexadecimal. The image is sealed, so it does not matter when this is asked.
    func digest() -> String {
        FileDigest.sha256(of: descriptor)
    }

    /// Counts the loads of this process: glibc takes a library that it knows by the same spelling for the same library, and
    /// descriptor numbers come again, so that every load needs a spelling of its own.
    private static let loads = Atomic<UInt64>(0)

    /// Maps the image and runs its constructors; each time a new one, with static data of its own.
    /// - Parameter flags: in addition to RTLD_NOW and RTLD_LOCAL.
    @unsafe
    func open(flags: Int32) throws(PluginError) -> UnsafeMutableRawPointer {
        // glibc knows files by device and inode as well, so that a second load needs a file of its own.
        guard wasOpened.exchange(true, ordering: .acquiringAndReleasing) else {
            return unsafe try open(descriptor, flags)
        }
        let copy = try Self.copy(of: descriptor, size, name: name, path: original.path)
        defer { close(copy) }
        return unsafe try open(copy, flags)
    }

    @unsafe
    private func open(_ descriptor: Int32, _ flags: Int32) throws(PluginError) -> UnsafeMutableRawPointer {
        var spelling = "/proc/self/fd/"
        var number = Self.loads.add(1, ordering: .relaxed).newValue
        while number > 0 {
            // The bits of the number, as path components that change nothing.
            spelling += number & 1 == 1 ? "./" : "/"
            number >>= 1
        }
        spelling += "\(descriptor)"
        return unsafe try Self.open(spelling, flags: flags, path: original.path)
    }

    @unsafe
    static func open(_ spelling: String, flags: Int32, path: String) throws(PluginError) -> UnsafeMutableRawPointer {
        unsafe dlerror()
        if let handle = unsafe dlopen(spelling, RTLD_NOW | RTLD_LOCAL | flags) { return unsafe handle }
        let text = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason given"
        throw PluginError(
            .load, "the dynamic linker refused it: \(text)",
            remedy: "Run `keyway inspect` on it, and check that this host may map executable memory",
            facts: .linker(text), plugin: path, stage: .load)
    }
}
