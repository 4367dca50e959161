internal import CPluginLinux
internal import Glibc
public import PluginCore

/// Finds the libraries that a file needs by the dynamic linker's own rules, without asking it to load anything.
///
/// Share one value among all verifications: it remembers what it read. Safe to use from any thread.
public struct LibraryResolver: Sendable {
    /// LD_LIBRARY_PATH, split.
    public var environmentFolders: [String]
    /// Folders that are searched last; nil for those of the machine that a file was built for.
    public var defaultFolders: [String]?
    /// Folders of glibc-hwcaps, such as "x86-64-v3", whose builds of a library are preferred; the best comes first.
    public var hardwareFolders: [String]
    /// Do the libraries that this process has loaded answer first?
    let asksProcess: Bool
    private let tree: FileTree
    private let cache = LibraryCache()

    /// A resolver for loading into this process: what it has loaded answers first, then its environment is searched
    /// (ignored for set-user-id programs, as the dynamic linker ignores it).
    public init() {
        environmentFolders = unsafe Self.folders(
            kwl_secure_getenv("LD_LIBRARY_PATH").map { unsafe String(cString: $0) } ?? "")
        hardwareFolders = HostPlatform.hardwareFolders
        asksProcess = true
        tree = FileTree(root: nil)
    }

    /// A resolver for a new process, in which nothing is loaded: what `ldd` shows.
    ///
    /// - Parameters:
    ///   - root: folder that is taken for the root of the system, such as an unpacked image. Its cache and its folders
    ///     are searched; absolute paths and symbolic links are followed within it. `hardwareFolders` is empty for a
    ///     root other than "/", because it may run on another processor.
    ///   - libraryPath: LD_LIBRARY_PATH of that process.
    /// - Throws: ``PluginError`` with code `notFound` if the root is not a folder.
    public init(root: String, libraryPath: String = "") throws(PluginError) {
        guard let real = FileTree.realPath(root), FileStatus(lookingAt: real)?.isFolder == true else {
            throw PluginError(
                .notFound, "the root \(root) is not a folder", remedy: "Pass the folder that holds lib and usr",
                facts: .file(path: root), stage: .open)
        }
        environmentFolders = Self.folders(libraryPath)
        tree = FileTree(root: real == "/" ? nil : real)
        hardwareFolders = real == "/" ? HostPlatform.hardwareFolders : []
        asksProcess = false
    }

    private static func folders(_ variable: String) -> [String] {
        guard !variable.isEmpty else { return [] }
        return variable.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == ";" }
            .map { $0.isEmpty ? "." : String($0) }
    }

    /// The path by which this process can open a file of the root, links followed within it; nil if there is none.
    /// For this machine's own root it is the path itself.
    public func locate(_ path: String) -> String? { tree.locate(path) }

    /// The folder of the Swift runtime that this process runs with; nil if it is linked statically, or if the
    /// resolver is for another process.
    public var hostRuntimeFolder: String? {
        guard asksProcess, let path = cache.loadedImages().path(of: "libswiftCore.so") else { return nil }
        return FileTree.folder(path)
    }

    /// Real path of the root whose libraries are searched; nil for this machine's own.
    var rootFolder: String? { tree.root }

    /// The dynamic linker's cache, which lists the libraries of the machine. Another one may change every answer.
    public var linkerCachePath: String { tree.locate(LinkerCache.path) ?? LinkerCache.path }

    /// Files of the libraries that this process has loaded, if they answer first; memory images left out.
    var loadedPaths: [String] {
        guard asksProcess else { return [] }
        return cache.loadedImages().images.map(\.path).filter { $0.contains("/") && !$0.hasPrefix("/proc/") }
    }

    /// Every library that a file needs, directly or through others, in the order in which they would be loaded.
    func closure(of object: SharedObject) -> LibraryClosure {
        let identity = object.identity
        let isForHost = identity.class == HostPlatform.class && identity.machine == HostPlatform.machine
        let platform =
            isForHost && tree.root == nil
            ? HostPlatform.current : Platform(class: identity.class, machine: identity.machine, in: tree)
        let root = LibrarySearch.Node(
            library: Library(object), label: object.file.path, origin: object.folder.map(tree.name), parent: nil)
        var search = LibrarySearch(
            resolver: self, platform: platform, tree: tree, cache: cache,
            loaded: asksProcess ? cache.loadedImages() : nil, nodes: [root])
        search.run()
        return search.closure
    }

    /// Where this machine has a library for this process, by the name that it would be opened by; nil if nowhere.
    /// - Parameter folders: those to look into first, such as a plugin's own.
    public func path(ofLibrary name: String, in folders: [String] = []) -> String? {
        if asksProcess, let path = cache.loadedImages().path(of: name) { return path }
        let platform = HostPlatform.current
        var paths = (folders + environmentFolders + [hostRuntimeFolder].compactMap(\.self)).map { "\($0)/\(name)" }
        if let listed = cache.linkerCache(at: linkerCachePath) {
            paths += listed.paths(of: name, flags: platform.cacheFlags, hardwareFolders: hardwareFolders)
        }
        paths += (defaultFolders ?? platform.folders).map { "\($0)/\(name)" }
        return paths.first { path in
            let identity = tree.locate(path).flatMap(cache.library)?.object.identity
            return identity?.class == HostPlatform.class && identity?.machine == HostPlatform.machine
        }
    }

    /// The libraries whose symbols every plugin sees: the host's program and what it needs. Empty for another process.
    func hostScope() -> [Library] {
        guard asksProcess, let program = cache.library(at: "/proc/self/exe") else { return [] }
        return [program] + closure(of: program.object).objects.compactMap(\.self)
    }
}

/// What a file needs in sum.
struct LibraryClosure: Sendable {
    var libraries: [ResolvedLibrary] = []
    /// Facts of each library, in the same order; nil if it is missing or its file can no longer be read.
    var objects: [Library?] = []
}
