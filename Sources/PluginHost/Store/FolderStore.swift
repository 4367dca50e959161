internal import Glibc
public import PluginCore
internal import PluginELF
internal import PluginLoader

/// A folder of plugins as a store: what is in it is taken by copy when it is first asked for, so that it may be on a disk
/// that comes and goes.
///
/// Only plugins that may be loaded are in it. With a plugin come its private libraries (those that it finds through
/// `$ORIGIN`) and the manifest beside it, as long as they are in its folder or below.
public struct FolderStore: PluginStore {
    public let path: String
    private let registry: Registry

    public var name: String { path }

    /// - Parameter cacheFolder: where it is remembered what was found; nil: in memory only.
    public init(_ path: String, cacheFolder: String? = nil) {
        self.path = path
        registry = Registry(searchPaths: [path], cacheFolder: cacheFolder)
    }

    public func metadata(_ id: String, _ context: CallContext) async throws(PluginError) -> StoredPlugin? {
        guard let entry = try await entries(context).first(where: { $0.manifest.id == id }) else { return nil }
        return try await HostThread.run("store.read", of: id, context) { () throws(PluginError) in try entry.plugin() }
    }

    /// By id, the newest version first.
    public func list(
        limit: Int, after cursor: String?, _ context: CallContext
    ) async throws(PluginError) -> StorePage {
        guard limit > 0 else {
            throw PluginError(
                .invalidArgument, "a page of \(limit) plugins cannot be", remedy: "Ask for at least one",
                facts: .pointer("/limit"))
        }
        let rest = try await entries(context).drop { entry in cursor.map { entry.manifest.id <= $0 } ?? false }
        let plugins = try await HostThread.run("store.read", of: "", context) { () throws(PluginError) in
            var (plugins, last): ([StoredPlugin], String?) = ([], nil)
            // Of each id only what metadata(_:_:) gives: the cursor is an id.
            for entry in rest where plugins.count <= limit && entry.manifest.id != last {
                last = entry.manifest.id
                do throws(PluginError) {
                    plugins.append(try entry.plugin())
                } catch {
                    // Whoever asks for it by its id is told why it cannot be had.
                    guard error.code == .unsupported else { throw error }
                }
            }
            return plugins
        }
        let page = Array(plugins.prefix(limit))
        return StorePage(plugins: page, cursor: plugins.count > limit ? page.last?.manifest.id : nil)
    }

    public func fetch(
        _ file: StoredFile, of plugin: StoredPlugin, to path: String, _ context: CallContext
    ) async throws(PluginError) {
        let entry = try await entries(context).first { entry in
            entry.manifest == plugin.manifest && entry.digest == plugin.file.digest
        }
        try await HostThread.run("store.fetch", of: plugin.manifest.id, context) { () throws(PluginError) in
            guard let entry, let source = try entry.files().first(where: { $0.file == file })?.path else {
                throw PluginError(
                    .conflict, "\(self.path) has not the \(file.name) of \(plugin.manifest.id) any more that it had",
                    remedy: "Try again", plugin: plugin.manifest.id, stage: .open)
            }
            let image = try FileImage(opening: source)
            guard image.size == file.size, let bytes = image.bytes(at: 0, count: Int(file.size)) else {
                throw PluginError(
                    .unavailable, "changes while it is read", remedy: "Try again", plugin: source, stage: .open,
                    retryable: true)
            }
            try TemporaryFile.write(bytes, to: path, mode: 0o600)
        }
    }

    private struct Entry: Sendable {
        let manifest: Manifest
        let digest: String
        let file: String

        /// Blocks while files are read.
        func plugin() throws(PluginError) -> StoredPlugin {
            let files = try files().map(\.file)
            return StoredPlugin(manifest: manifest, file: files[0], companions: Array(files.dropFirst()))
        }

        /// The plugin first. Blocks likewise.
        /// - Throws: ``PluginError`` with code `unsupported` if a library of its own is not below its folder.
        func files() throws(PluginError) -> [(file: StoredFile, path: String)] {
            let companions = try PluginPackage(file).companions
            if let other = companions.first(where: { !$0.isInside }) {
                throw PluginError(
                    .unsupported,
                    "it has a library of its own outside its folder, \(other.path), which no store can give",
                    remedy: "Put the library beside the plugin and link it with the search path $ORIGIN",
                    facts: .file(path: other.path), plugin: file, stage: .open)
            }
            let places = [(name: FileName.last(of: file), path: file)] + companions.map { ($0.name, $0.path) }
            return try places.map { name, path throws(PluginError) in
                let image = try FileImage(opening: path)
                return (StoredFile(name: name, digest: image.digest(), size: image.size), path)
            }
        }
    }

    /// By id, the newest version first.
    private func entries(_ context: CallContext) async throws(PluginError) -> [Entry] {
        let registry = registry
        let found = try await HostThread.run("store.scan", of: "", context) { () throws(PluginError) in
            let scan = try registry.scan()
            if let problem = scan.folderProblems.first {
                throw PluginError(
                    .unavailable, "the store \(problem.path) cannot be read: \(problem.problem)",
                    remedy: "Check the folder", facts: .file(path: problem.path))
            }
            return scan.entries.compactMap { entry -> Entry? in
                guard entry.state == .available, let manifest = entry.manifest, let digest = entry.digest else {
                    return nil
                }
                return Entry(manifest: manifest, digest: digest, file: entry.file)
            }
        }
        return found.sorted { left, right in
            let (one, other) = (left.manifest, right.manifest)
            return one.id == other.id ? other.version < one.version : one.id < other.id
        }
    }
}
