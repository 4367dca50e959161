internal import Synchronization

/// The facts of a library, one reference wide.
final class Library: Sendable {
    let object: SharedObject

    init(_ object: SharedObject) { self.object = object }
}

/// Facts of libraries that were read before, so that the second plugin that needs libc does not read it again.
///
/// An entry counts only while device, inode, size and time of change are the same.
final class LibraryCache: Sendable {
    private struct Key: Hashable {
        let device: UInt64
        let inode: UInt64
        let size: UInt64
        let modified: Int64
    }

    private struct State {
        var libraries: [Key: Library] = [:]
        var loaded: LoadedImages?
        /// Of the images in `loaded`. What is mapped does not change with the file, so nobody looks at it again.
        var ofLoaded: [String: Library] = [:]
        var linkerCaches: [String: (key: Key, cache: LinkerCache?)] = [:]
    }

    private let state = Mutex(State())

    /// What the file at a path offers to others; nil if it cannot be read as ELF.
    func library(at path: String) -> Library? {
        guard let status = FileStatus(lookingAt: path), status.isRegular else { return nil }
        let key = Self.key(status)
        if let known = state.withLock({ $0.libraries[key] }) { return known }
        // Read outside the lock: two threads may both read a new library, which only costs time.
        guard let object = try? SharedObject(linking: path) else { return nil }
        let read = Library(object)
        let actual = Self.key(object.file)
        state.withLock { $0.libraries[actual] = read }
        return read
    }

    /// What a library that this process has loaded offers to others; nil if its file can no longer be read.
    func loadedLibrary(at path: String, in images: LoadedImages) -> Library? {
        let known = state.withLock { state in
            state.loaded?.generation == images.generation ? state.ofLoaded[path] : nil
        }
        if let known { return known }
        guard let library = library(at: path) else { return nil }
        state.withLock { state in
            if state.loaded?.generation == images.generation { state.ofLoaded[path] = library }
        }
        return library
    }

    /// The images of this process, as of now.
    func loadedImages() -> LoadedImages {
        let generation = LoadedImages.generation
        let earlier = state.withLock { $0.loaded }
        if let earlier, earlier.generation == generation { return earlier }
        let current = LoadedImages.current(after: earlier)
        state.withLock { state in
            if state.loaded?.generation.removed != current.generation.removed { state.ofLoaded = [:] }
            state.loaded = current
        }
        return current
    }

    /// The dynamic linker's cache at a path, read again when it changed; nil if there is none.
    func linkerCache(at path: String) -> LinkerCache? {
        guard let status = FileStatus(lookingAt: path) else { return nil }
        let key = Self.key(status)
        if let known = state.withLock({ $0.linkerCaches[path] }), known.key == key { return known.cache }
        guard let image = try? FileImage(opening: path), image.size <= 0x400_0000,
            let bytes = image.bytes(at: 0, count: Int(image.size))
        else { return nil }
        let cache = LinkerCache(bytes)
        state.withLock { $0.linkerCaches[path] = (key, cache) }
        return cache
    }

    private static func key(_ status: FileStatus) -> Key {
        Key(device: status.device, inode: status.inode, size: status.size, modified: status.modified)
    }
}
