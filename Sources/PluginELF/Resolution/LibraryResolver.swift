internal import CPluginLinux
internal import Glibc

/// Finds the libraries that a file needs by the dynamic linker's own rules, without asking it to load anything.
///
/// Share one value among all verifications: it remembers what it read. Safe to use from any thread.
public struct LibraryResolver: Sendable {
    /// LD_LIBRARY_PATH of this process, ignored for set-user-id programs as the dynamic linker ignores it.
    public var environmentFolders: [String]
    /// Folders that are searched last.
    public var defaultFolders: [String]
    private let cache = LibraryCache()

    /// A resolver for this process.
    public init() {
        let variable = unsafe kwl_secure_getenv("LD_LIBRARY_PATH").map { unsafe String(cString: $0) } ?? ""
        environmentFolders =
            variable.isEmpty
            ? []
            : variable.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == ";" }
                .map { $0.isEmpty ? "." : String($0) }
        defaultFolders = HostPlatform.libraryFolders
    }

    /// The folder of the Swift runtime that this process runs with; nil if it is linked statically.
    public var hostRuntimeFolder: String? {
        guard let path = cache.loadedImages().path(of: "libswiftCore.so") else { return nil }
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    /// Every library that a file needs, directly or through others, in the order in which they would be loaded.
    func closure(of object: SharedObject) -> LibraryClosure {
        let loaded = cache.loadedImages()
        var closure = LibraryClosure()
        let root = Library(object)
        var seen: Set<String> = []
        var queue: [(name: String, requester: Library, label: String)] = object.needed.map {
            ($0, root, object.file.path)
        }
        var next = 0
        while next < queue.count {
            let (name, requester, label) = queue[next]
            next += 1
            guard seen.insert(name).inserted else { continue }
            let (origin, library, rejected) = resolve(name, requester: requester, root: root, loaded: loaded)
            closure.libraries.append(
                ResolvedLibrary(name: name, origin: origin, neededBy: label, rejected: rejected))
            closure.objects.append(library)
            if let library {
                for further in library.object.needed { queue.append((further, library, name)) }
            }
        }
        return closure
    }

    /// The libraries whose symbols every plugin sees: the host's program and what it needs.
    func hostScope() -> [Library] {
        guard let program = cache.library(at: "/proc/self/exe") else { return [] }
        return [program] + closure(of: program.object).objects.compactMap(\.self)
    }

    private func resolve(
        _ name: String, requester: Library, root: Library, loaded: LoadedImages
    ) -> (ResolvedLibrary.Origin, Library?, rejected: [String]) {
        if let path = loaded.path(of: name) {
            return (.alreadyLoaded(path: path), cache.loadedLibrary(at: path, in: loaded), [])
        }
        var rejected: [String] = []
        for candidate in candidates(name, requester: requester.object, root: root.object) {
            guard let library = cache.library(at: candidate.path) else {
                if FileStatus(lookingAt: candidate.path) != nil { rejected.append("\(candidate.path) is not ELF") }
                continue
            }
            let (identity, wanted) = (library.object.identity, root.object.identity)
            guard identity.class == wanted.class, identity.machine == wanted.machine, identity.data == wanted.data
            else {
                rejected.append("\(candidate.path) is \(identity.platform)")
                continue
            }
            return (candidate.origin, library, rejected)
        }
        return (.missing, nil, rejected)
    }

    private typealias Candidate = (path: String, origin: ResolvedLibrary.Origin)

    private func candidates(_ name: String, requester: SharedObject, root: SharedObject) -> [Candidate] {
        let isOfPlugin =
            requester.file == root.file || (requester.folder != nil && requester.folder == root.folder)
        if name.contains("/") {
            let path = SearchPath.expand(name, origin: requester.folder)
            return [(path, isOfPlugin && name.contains("ORIGIN") ? .besidePlugin(path: path) : .system(path: path))]
        }
        var found: [Candidate] = []
        // A runtime that is installed in a default folder is found by the ordinary search.
        if let runtime = hostRuntimeFolder, !defaultFolders.contains(runtime) {
            let path = "\(runtime)/\(name)"
            found.append((path, .hostRuntime(path: path)))
        }
        func append(_ folders: [String], of object: SharedObject) {
            let isPrivate = isOfPlugin || object.file == root.file
            for folder in folders {
                let path = SearchPath.expand(folder.isEmpty ? "." : folder, origin: object.folder) + "/" + name
                found.append(
                    (path, isPrivate && folder.contains("ORIGIN") ? .besidePlugin(path: path) : .system(path: path)))
            }
        }
        // DT_RPATH counts only without DT_RUNPATH, but also for what is needed indirectly.
        if requester.runpath.isEmpty {
            append(requester.rpath, of: requester)
            if requester.file != root.file, root.runpath.isEmpty { append(root.rpath, of: root) }
        }
        append(environmentFolders, of: root)
        append(requester.runpath, of: requester)
        found += (cache.linkerCache()?.paths(of: name) ?? []).map { ($0, .system(path: $0)) }
        append(defaultFolders, of: root)
        return found
    }
}

/// What a file needs in sum.
struct LibraryClosure: Sendable {
    var libraries: [ResolvedLibrary] = []
    /// Facts of each library, in the same order; nil if it is missing or its file can no longer be read.
    var objects: [Library?] = []
}
