/// One walk over what a file needs, breadth first, as the dynamic linker loads it.
struct LibrarySearch {
    /// A file that needs others.
    struct Node {
        let library: Library
        /// Name for messages.
        let label: String
        /// What `$ORIGIN` stands for in its search paths; nil if nothing asks for it.
        let origin: String?
        /// The one that brought it in; its DT_RPATH is searched as well.
        let parent: Int?
    }

    /// Folders of one search path that are looked into. A file can name thousands, for each of thousands of libraries.
    static let folderLimit = 64

    private typealias Candidate = (path: String, origin: ResolvedLibrary.Origin)

    let resolver: LibraryResolver
    let platform: Platform
    let tree: FileTree
    let cache: LibraryCache
    /// nil if nothing counts as loaded.
    let loaded: LoadedImages?
    /// What was found, the file itself first.
    var nodes: [Node]
    private(set) var closure = LibraryClosure()
    /// Names that are answered: as they were asked for, and as the libraries found call themselves.
    private var answered: Set<String> = []

    private struct Answer {
        var origin = ResolvedLibrary.Origin.missing
        var library: Library?
        var rejected: [String] = []
        var tried: [String] = []
    }

    init(
        resolver: LibraryResolver, platform: Platform, tree: FileTree, cache: LibraryCache, loaded: LoadedImages?,
        nodes: [Node]
    ) {
        self.resolver = resolver
        self.platform = platform
        self.tree = tree
        self.cache = cache
        self.loaded = loaded
        self.nodes = nodes
    }

    mutating func run() {
        if let name = nodes[0].library.object.soname { answered.insert(name) }
        var next = 0
        while next < nodes.count {
            for name in nodes[next].library.object.needed where answered.insert(name).inserted {
                let answer = resolve(name, for: next)
                let library = answer.library
                if let library, nodes.contains(where: { $0.library.object.file.isSameFile(library.object.file) }) {
                    // Another name of a library that is there already.
                    continue
                }
                closure.libraries.append(
                    ResolvedLibrary(
                        name: name, origin: answer.origin, neededBy: nodes[next].label, rejected: answer.rejected,
                        tried: answer.tried))
                closure.objects.append(library)
                guard let library else { continue }
                if let soname = library.object.soname { answered.insert(soname) }
                let asksForFolder = library.object.folder != nil
                let folder = asksForFolder ? closure.libraries.last?.path.flatMap(FileTree.folder) : nil
                nodes.append(Node(library: library, label: name, origin: folder, parent: next))
            }
            next += 1
        }
    }

    private func resolve(_ name: String, for node: Int) -> Answer {
        var answer = Answer()
        if let loaded, let path = loaded.path(of: name) {
            answer.origin = .alreadyLoaded(path: path)
            answer.library = cache.loadedLibrary(at: path, in: loaded)
            return answer
        }
        let wanted = nodes[0].library.object.identity
        for candidate in candidates(name, for: node) {
            answer.tried.append(candidate.path)
            guard let path = tree.locate(candidate.path), let status = FileStatus(lookingAt: path) else { continue }
            guard let library = cache.library(at: path) else {
                answer.rejected.append("\(candidate.path) is \(status.isRegular ? "not ELF" : status.kind)")
                continue
            }
            let identity = library.object.identity
            guard identity.class == wanted.class, identity.machine == wanted.machine, identity.data == wanted.data
            else {
                answer.rejected.append("\(candidate.path) is \(identity.platform)")
                continue
            }
            answer.origin = candidate.origin
            answer.library = library
            return answer
        }
        return answer
    }

    /// The places where the dynamic linker would look, in its order. Other processors' folders are left out.
    private func candidates(_ name: String, for index: Int) -> [Candidate] {
        let (node, root) = (nodes[index], nodes[0])
        if name.contains("/") {
            let path = SearchPath.expand(name, origin: node.origin, on: platform)
            return [
                (path, isPrivate(node) && name.contains("ORIGIN") ? .besidePlugin(path: path) : .system(path: path))
            ]
        }
        var found: [Candidate] = []
        func append(_ folders: [String], of node: Node) {
            for folder in folders.prefix(Self.folderLimit) {
                let isBeside = isPrivate(node) && folder.contains("ORIGIN")
                let expanded = SearchPath.expand(folder.isEmpty ? "." : folder, origin: node.origin, on: platform)
                for path in builds(of: name, in: expanded) {
                    found.append((path, isBeside ? .besidePlugin(path: path) : .system(path: path)))
                }
            }
        }
        let defaults = resolver.defaultFolders ?? platform.folders
        // A runtime that is installed in a default folder is found by the ordinary search.
        if let runtime = resolver.hostRuntimeFolder, !defaults.contains(runtime) {
            found.append(("\(runtime)/\(name)", .hostRuntime(path: "\(runtime)/\(name)")))
        }
        let object = node.library.object
        // DT_RPATH counts only without DT_RUNPATH, but also for what is needed indirectly.
        if object.runpath.isEmpty {
            var ancestor: Int? = index
            while let place = ancestor {
                append(nodes[place].library.object.rpath, of: nodes[place])
                ancestor = nodes[place].parent
            }
        }
        append(resolver.environmentFolders, of: root)
        append(object.runpath, of: node)
        if let path = tree.locate(LinkerCache.path), let listed = cache.linkerCache(at: path) {
            let paths = listed.paths(
                of: name, flags: platform.cacheFlags, hardwareFolders: resolver.hardwareFolders)
            found += paths.filter { path in
                !object.flags.noDefaultFolders || !defaults.contains { path.hasPrefix($0 + "/") }
            }.map { ($0, .system(path: $0)) }
        }
        if !object.flags.noDefaultFolders { append(defaults, of: root) }
        return found
    }

    /// A library's builds for better processors, and the plain one.
    private func builds(of name: String, in folder: String) -> [String] {
        guard !resolver.hardwareFolders.isEmpty, tree.hasFolder("\(folder)/glibc-hwcaps") else {
            return ["\(folder)/\(name)"]
        }
        return resolver.hardwareFolders.map { "\(folder)/glibc-hwcaps/\($0)/\(name)" } + ["\(folder)/\(name)"]
    }

    /// Is it the plugin, or a library that lies beside it?
    private func isPrivate(_ node: Node) -> Bool {
        node.parent == nil || (node.origin != nil && node.origin == nodes[0].origin)
    }
}
