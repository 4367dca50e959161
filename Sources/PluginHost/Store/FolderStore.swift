internal import Glibc
public import PluginCore
internal import PluginELF
internal import PluginLoader

/// A folder of plugins as a store: what is in it is taken by copy when it is first asked for, so that it may be on a disk
/// that comes and goes.
///
/// Only plugins that may be loaded are in it, and whose manifest is in their file. A file alone is copied, so what has
/// libraries beside it is refused when it is loaded.
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
        try await entries(context).first { $0.plugin.manifest.id == id }?.plugin
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
        let rest = try await entries(context).map(\.plugin).drop { plugin in
            cursor.map { plugin.manifest.id <= $0 } ?? false
        }
        // Of each id only what metadata(_:_:) gives: the cursor is an id.
        var plugins: [StoredPlugin] = []
        for plugin in rest where plugin.manifest.id != plugins.last?.manifest.id { plugins.append(plugin) }
        let page = Array(plugins.prefix(limit))
        return StorePage(plugins: page, cursor: plugins.count > limit ? page.last?.manifest.id : nil)
    }

    public func fetch(_ plugin: StoredPlugin, to path: String, _ context: CallContext) async throws(PluginError) {
        let file = try await entries(context).first { $0.plugin == plugin }?.file
        guard let file else {
            throw PluginError(
                .conflict, "\(self.path) has not the \(plugin.manifest.id) any more that it had", remedy: "Try again",
                plugin: plugin.manifest.id, stage: .open)
        }
        try await HostThread.run("store.fetch", of: plugin.manifest.id, context) { () throws(PluginError) in
            let image = try FileImage(opening: file)
            guard image.size == plugin.size, let bytes = image.bytes(at: 0, count: Int(plugin.size)) else {
                throw PluginError(
                    .unavailable, "changes while it is read", remedy: "Try again", plugin: file, stage: .open,
                    retryable: true)
            }
            try TemporaryFile.write(bytes, to: path, mode: 0o600)
        }
    }

    private struct Entry: Sendable {
        let plugin: StoredPlugin
        let file: String
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
                let size = FileStamp(at: entry.file).size
                return Entry(plugin: StoredPlugin(manifest: manifest, digest: digest, size: size), file: entry.file)
            }
        }
        return found.sorted { left, right in
            let (one, other) = (left.plugin.manifest, right.plugin.manifest)
            return one.id == other.id ? other.version < one.version : one.id < other.id
        }
    }
}
