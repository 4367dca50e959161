internal import Glibc
internal import PluginCore

/// The file in which a scan leaves its image for the next one. One for each set of folders, machine and user.
///
/// Written whole beside the old one and renamed over it, so that readers see one or the other and two writers do each
/// other no harm: whatever a file says is compared with the plugins before it counts.
struct RegistryCache: Sendable {
    let path: String

    /// - Parameter folder: the user's cache folder; made when there is something to write.
    init(folder: String, key: String) { path = "\(folder)/registry-\(Self.machine)-\(key).bin" }

    #if arch(x86_64)
        private static let machine = "x86_64"
    #else
        private static let machine = "aarch64"
    #endif

    private static let sizeLimit: UInt64 = 2 << 30

    /// What is known from the last time, or why nothing is.
    enum Reading: Sendable {
        case image(RegistryImage)
        /// There is no such file.
        case none
        /// Somebody else's, damaged, or of another version; it is written anew.
        case unusable(String)
    }

    func read() -> Reading {
        let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            return errno == ENOENT || errno == ENOTDIR ? .none : .unusable("it cannot be opened (error \(errno))")
        }
        defer { close(descriptor) }
        let stamp = FileStamp(of: descriptor)
        guard stamp.isRegular else { return .unusable("it is not a regular file") }
        guard stamp.owner == geteuid() else { return .unusable("it belongs to user \(stamp.owner)") }
        guard stamp.mode & 0o022 == 0 else { return .unusable("others may write it") }
        guard stamp.size <= Self.sizeLimit else { return .unusable("it has \(stamp.size) bytes") }
        let size = Int(stamp.size)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size {
                let got = unsafe Glibc.read(descriptor, buffer.baseAddress! + filled, size - filled)
                if got < 0, errno == EINTR { continue }
                if got <= 0 { break }
                filled += got
            }
        }
        guard let image = RegistryImage(bytes) else { return .unusable("it is damaged, or of another version") }
        // Once a day is enough to tell that it is used.
        if Clock.realtime() - stamp.modified > Self.day { futimens(descriptor, nil) }
        return .image(image)
    }

    /// - Returns: why it could not be written, or nil. The old file then stays as it was.
    func write(_ image: RegistryImage) -> String? {
        guard !image.isPartial else { return "there is more to keep than a cache can hold" }
        guard let slash = path.lastIndex(of: "/") else { return "it has no folder" }
        let temporary = TemporaryFile.name(for: path)
        do throws(PluginError) {
            try Folders.create(String(path[..<slash]), for: "the cache")
            // After a crash of the machine a torn file fails its checksum and is written anew.
            try TemporaryFile.write(image.store.bytes, to: temporary, mode: 0o600, isDurable: false)
            try TemporaryFile.rename(temporary, to: path)
            Self.removeUnused(in: String(path[..<slash]))
            return nil
        } catch {
            unsafe unlink(temporary)
            return error.what
        }
    }

    private static let day: Int64 = 86400 * 1_000_000_000

    /// Removes caches of this user that nothing has used for thirty days: their folders of plugins are not searched any
    /// more. One that somebody holds locked (flock(2)) stays.
    private static func removeUnused(in folder: String) {
        for name in Folders.files(in: folder) where isCache(name) {
            let path = "\(folder)/\(name)"
            let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard file >= 0 else { continue }
            defer { close(file) }
            let stamp = FileStamp(of: file)
            guard stamp.isRegular, stamp.owner == geteuid(), Clock.realtime() - stamp.modified > 30 * day,
                flock(file, LOCK_EX | LOCK_NB) == 0
            else { continue }
            unsafe unlink(path)
        }
    }

    /// `registry-MACHINE-KEY.bin`, or what a writer that was killed has left of one.
    private static func isCache(_ name: String) -> Bool {
        let parts = name.split(separator: ".", maxSplits: 1)
        let words = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && (parts[1] == "bin" || parts[1].hasPrefix("bin.") && parts[1].hasSuffix(".new"))
            && words.count == 3 && words[0] == "registry" && words[2].utf8.count == 16
            && words[2].allSatisfy(\.isHexDigit)
    }

    /// Removes the caches of a folder, whoever's set of plugins they are for.
    /// - Returns: the files that are gone.
    static func clear(_ folder: String) throws(PluginError) -> [String] {
        var removed: [String] = []
        for name in Folders.files(in: folder).sorted() where name.hasPrefix("registry-") && name.contains(".bin") {
            let path = "\(folder)/\(name)"
            guard unsafe unlink(path) == 0 || errno == ENOENT else {
                throw PluginError(
                    .permissionDenied, "\(path) cannot be removed (error \(errno))",
                    remedy: "Check who owns it and its folder", facts: .errno(errno, call: "unlink"))
            }
            removed.append(path)
        }
        return removed
    }
}
