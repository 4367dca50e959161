public import Logging
internal import Metrics
public import PluginCore
public import PluginELF
public import PluginLoader
internal import Synchronization

/// Loads plugins into this process and keeps track of them.
///
///     let host = PluginHost()
///     let plugin = try await host.load("plugins/hash-embedder.so")
///     let vectors = try await plugin.embedder!.embed(EmbedRequest(["Hello"]))
///     await host.shutdown()
///
/// A failed load leaves the host as it was.
public final class PluginHost: Sendable {
    public struct Configuration: Sendable {
        /// Folders in which plugins are looked for by name, the first that has one wins.
        public var searchPaths: [String] = []
        /// Plugins' data folders lie below this one; nil: plugins keep nothing.
        public var dataFolder: String?
        public var logger = Logger(label: "keyway")
        /// The SDKs that this host serves.
        public var sdk = Verifier.builtInSDK
        public var policy = VerificationPolicy()
        /// Largest file that is loaded, in bytes.
        public var imageLimit: UInt64 = 256 << 20
        /// Whether every pointer of a reply is checked to be memory of the call, a lease or static. Costs some
        /// microseconds a call: for tests of plugins.
        public var checksReplies = false
        /// Receives the numbers that plugins report. By default they go to swift-metrics.
        public var metrics: @Sendable (PluginMetric) -> Void = PluginHost.record

        public init() {}
    }

    public let configuration: Configuration
    private let loader: PluginLoader
    private let living = Mutex<[NativePlugin]>([])

    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        loader = PluginLoader(
            verifier: Verifier(hostSDK: configuration.sdk, policy: configuration.policy),
            logger: configuration.logger, metrics: configuration.metrics, imageLimit: configuration.imageLimit,
            checksReplies: configuration.checksReplies)
    }

    // MARK: - Loading

    /// Reads and judges a file, or the plugin of a name in the search paths. Runs none of it.
    /// - Throws: only if there is no such file, or it is no ELF file at all; see ``PreparedPlugin/verification``.
    public func prepare(_ fileOrName: String) throws(PluginError) -> PreparedPlugin {
        try loader.prepare(try locate(fileOrName))
    }

    /// Loads a plugin, makes an instance and starts it.
    /// - Throws: why the file was refused, or what failed.
    public func load(
        _ fileOrName: String, configuration: JSON = .null, dataFolder: String? = nil,
        _ context: CallContext = CallContext()
    ) async throws(PluginError) -> NativePlugin {
        try await start(try prepare(fileOrName), configuration: configuration, dataFolder: dataFolder, context)
    }

    /// Loads a plugin that was prepared.
    public func start(
        _ prepared: PreparedPlugin, configuration: JSON = .null, dataFolder: String? = nil,
        _ context: CallContext = CallContext()
    ) async throws(PluginError) -> NativePlugin {
        let id = prepared.manifest?.id ?? prepared.path
        let folder = dataFolder ?? self.configuration.dataFolder.map { "\($0)/\(Self.folderName(of: id))" }
        let plugin = try await HostThread.run("plugin.load", of: id, context) { () throws(PluginError) in
            // The folder last: a refused plugin leaves nothing behind.
            let loaded = try prepared.load()
            if let folder { try Folders.create(folder) }
            return try loaded.create(configuration: configuration, dataFolder: folder, context)
        }
        living.withLock { $0.append(plugin) }
        return plugin
    }

    /// What came of an attempt to load.
    public struct LoadAttempt: Sendable {
        /// The plugin, or nil.
        public let plugin: NativePlugin?
        /// What the file says it is; also after a failure, if it was readable.
        public let manifest: Manifest?
        /// Why there is no plugin, or nil.
        public let error: PluginError?
    }

    /// ``load(_:configuration:dataFolder:_:)`` without throwing.
    public func tryLoad(
        _ fileOrName: String, configuration: JSON = .null, dataFolder: String? = nil,
        _ context: CallContext = CallContext()
    ) async -> LoadAttempt {
        var manifest: Manifest?
        do throws(PluginError) {
            let prepared = try prepare(fileOrName)
            manifest = prepared.manifest
            let plugin = try await start(prepared, configuration: configuration, dataFolder: dataFolder, context)
            return LoadAttempt(plugin: plugin, manifest: manifest, error: nil)
        } catch {
            return LoadAttempt(plugin: nil, manifest: manifest, error: error)
        }
    }

    // MARK: - Finding

    /// The path of a file, or of the plugin of that name in the search paths. A name with a slash, or that ends in
    /// `.so`, is a path.
    public func locate(_ fileOrName: String) throws(PluginError) -> String {
        if fileOrName.contains("/") || fileOrName.hasSuffix(".so") { return fileOrName }
        for folder in configuration.searchPaths {
            let path = "\(folder)/\(fileOrName).so"
            if Folders.exists(path) { return path }
        }
        let known = available().map(\.name)
        throw PluginError(
            .notFound,
            "no plugin \"\(fileOrName)\" in \(configuration.searchPaths.isEmpty ? "any folder: none was named" : configuration.searchPaths.joined(separator: ", "))",
            remedy: known.isEmpty
                ? "Name a folder of plugins with --path, or the plugin's file"
                : "There are \(known.joined(separator: ", ")); or name the plugin's file",
            facts: .names(known), plugin: fileOrName, stage: .open)
    }

    /// The plugin files of the search paths, sorted by name; of files of one name, the one that ``locate(_:)`` finds.
    public func available() -> [(name: String, path: String)] {
        var found: [String: String] = [:]
        for folder in configuration.searchPaths {
            for file in Folders.files(in: folder) where file.hasSuffix(".so") {
                let name = String(file.dropLast(3))
                if found[name] == nil { found[name] = "\(folder)/\(file)" }
            }
        }
        return found.sorted { $0.key < $1.key }.map { (name: $0.key, path: $0.value) }
    }

    // MARK: - Life

    /// The plugins that were loaded and not shut down by this host.
    public var plugins: [NativePlugin] { living.withLock { $0 } }

    /// Shuts every plugin down, the last loaded first.
    public func shutdown() async {
        let plugins = living.withLock { living in
            defer { living = [] }
            return living
        }
        for plugin in plugins.reversed() { await plugin.shutdown() }
    }

    /// An id as the name of one folder: slashes cannot stand in it, and it cannot be "." or "..".
    static func folderName(of id: String) -> String {
        let name = String(id.map { $0 == "/" ? "+" : $0 })
        return name.allSatisfy { $0 == "." } ? "_" + name : name
    }

    private static let record: @Sendable (PluginMetric) -> Void = { metric in
        let dimensions = [("plugin", metric.plugin)] + metric.labels.sorted { $0.key < $1.key }
        switch metric.kind {
        case .counter: FloatingPointCounter(label: metric.name, dimensions: dimensions).increment(by: metric.value)
        case .gauge: Gauge(label: metric.name, dimensions: dimensions).record(metric.value)
        case .duration: Metrics.Timer(label: metric.name, dimensions: dimensions).recordSeconds(metric.value)
        }
    }
}
