internal import CPluginLinux
public import Logging
internal import PluginBridge
public import PluginCore
public import PluginELF

/// Turns a file into a living plugin: open, seal, inspect, verify, negotiate; then load, import, create, start.
///
/// Nothing of a file runs before every rule has passed.
public struct PluginLoader: Sendable {
    public var verifier: Verifier
    public var logger: Logger
    /// Receives what plugins report about themselves.
    public var metrics: @Sendable (PluginMetric) -> Void
    /// Largest file that is loaded, in bytes.
    public var imageLimit: UInt64
    /// Whether every pointer of a reply is checked to be memory of the call, a lease or static; for tests of plugins.
    public var checksReplies: Bool
    /// Interfaces that are not Keyway's own and can be called all the same: in process, and in workers, which are told of them.
    public var interfaces: [InterfaceDescription]

    public init(
        verifier: Verifier = Verifier(), logger: Logger, metrics: @escaping @Sendable (PluginMetric) -> Void,
        imageLimit: UInt64 = 256 << 20, checksReplies: Bool = false, interfaces: [InterfaceDescription] = []
    ) {
        self.interfaces = interfaces
        self.checksReplies = checksReplies
        self.verifier = verifier
        self.logger = logger
        self.metrics = metrics
        self.imageLimit = imageLimit
    }

    /// Reads and judges a file. Runs none of it.
    /// - Parameter sidecar: the manifest beside the file, if it has one; gets the SHA-256 of the file's bytes.
    /// - Throws: only if the file cannot be read as ELF at all; a file that is refused is a ``PreparedPlugin`` whose
    ///   ``PreparedPlugin/verification`` says why.
    public func prepare(
        _ path: String, sidecar: ((_ digest: () -> String) throws(PluginError) -> SidecarManifest?)? = nil
    ) throws(PluginError) -> PreparedPlugin {
        let began = kwl_monotonic_ns()
        let file = try FileImage(opening: path)
        let location = file.location()
        let image = try SealedImage(of: file, limit: imageLimit, name: path.lastComponent)
        let object = try image.inspect()
        let manifest = try sidecar?({ image.digest() })
        let verification = verifier.verify(object, sidecar: manifest)
        return PreparedPlugin(
            path: path, location: location, image: image, object: object, verification: verification, loader: self,
            inspectTime: .nanoseconds(kwl_monotonic_ns() - began))
    }
}

/// A file that was read and judged, and whose bytes are kept: what is loaded later is what was judged.
public final class PreparedPlugin: Sendable {
    public let path: String
    /// Where the file lay that was opened, and who could have put it there; nil if no name leads to it.
    public let location: FileLocation?
    public let object: SharedObject
    public let verification: Verification
    /// What has to be loaded with it: the libraries of the verification, those of its own by paths without links.
    package let libraries: [ResolvedLibrary]
    /// Opening, copying, reading and judging.
    public let inspectTime: Duration
    let image: SealedImage
    let loader: PluginLoader

    init(
        path: String, location: FileLocation?, image: SealedImage, object: SharedObject, verification: Verification,
        loader: PluginLoader, inspectTime: Duration
    ) {
        self.path = path
        self.location = location
        self.image = image
        self.object = object
        self.verification = verification
        libraries = verification.libraries.map(\.withoutLinks)
        self.loader = loader
        self.inspectTime = inspectTime
    }

    /// nil if the file has no valid manifest note.
    public var manifest: Manifest? { verification.manifest }

    /// SHA-256 of the file's bytes, lower-case hexadecimal.
    public var digest: String { image.digest() }

    /// - Throws: the refusal of a file that may not be loaded.
    package func requireLoadable() throws(PluginError) {
        do throws(PluginError) {
            try verification.requireLoadable()
        } catch {
            var error = error
            error.plugin = path
            throw error
        }
    }

    /// Loads the code, into this process unless said otherwise; its constructors run now. Each call makes a generation of its
    /// own.
    /// - Parameter services: what the plugin may ask the host for.
    /// - Throws: the refusal, or `load` and `dependency` errors.
    public func load(
        in tier: PluginTier = .inProcess, services: HostServices = HostServices()
    ) throws(PluginError) -> LoadedPlugin {
        do throws(PluginError) {
            try verification.requireLoadable()
            guard let manifest, let sdk = verification.sdk else {
                throw PluginError(.validation, "it passed the checks without a manifest or an SDK", stage: .verify)
            }
            let began = kwl_monotonic_ns()
            let host = HostTable(
                plugin: manifest.id, sdk: sdk, window: loader.verifier.hostSDK, services: services,
                logger: loader.logger, metrics: loader.metrics)
            let interfaces = try DescribedInterfaces(loader.interfaces)
            let loaded: LoadedImage
            switch tier {
            case .inProcess:
                loaded = try LoadedImage(
                    image, of: object, manifest: manifest, libraries: libraries, host: host, sdk: sdk,
                    described: interfaces, checksReplies: loader.checksReplies)
            case .worker(let domain, let options):
                let workers = try WorkerFactory(
                    self, manifest: manifest, sdk: sdk, host: host, domain: domain, options: options,
                    interfaces: interfaces)
                loaded = LoadedImage(workers, checksReplies: loader.checksReplies)
            }
            return LoadedPlugin(
                prepared: self, image: loaded, manifest: manifest, sdk: sdk, tier: tier,
                loadTime: .nanoseconds(kwl_monotonic_ns() - began))
        } catch {
            var error = error
            error.plugin = path
            // What its entry gave is read as a reply is.
            if error.stage == .call { error.stage = .load }
            throw error
        }
    }
}

/// A plugin's code in this process. Instances are made from it; it stays mapped for as long as anybody has it, or for ever
/// if something of it may be left behind.
public final class LoadedPlugin: Sendable {
    public let prepared: PreparedPlugin
    public let manifest: Manifest
    /// The SDK that host and plugin speak.
    public let sdk: UInt32
    /// Where it runs.
    public let tier: PluginTier
    /// Mapping, constructors, entry and import.
    public let loadTime: Duration
    private let image: LoadedImage

    init(
        prepared: PreparedPlugin, image: LoadedImage, manifest: Manifest, sdk: UInt32, tier: PluginTier,
        loadTime: Duration
    ) {
        self.tier = tier
        self.prepared = prepared
        self.image = image
        self.manifest = manifest
        self.sdk = sdk
        self.loadTime = loadTime
    }

    /// Makes an instance and starts it, on this thread.
    public func create(
        configuration: JSON = .null, dataFolder: String? = nil, packageFolder: String? = nil, name: String? = nil,
        _ context: CallContext = CallContext()
    ) throws(PluginError) -> NativePlugin {
        let options = InstanceOptions(
            name: name, configuration: configuration, dataFolder: dataFolder, packageFolder: packageFolder)
        return NativePlugin(try makeGeneration(options, context))
    }

    /// Makes an instance and starts it, on this thread, to take the place of another or to be a plugin of its own.
    package func makeGeneration(
        _ options: InstanceOptions, _ context: CallContext
    ) throws(PluginError) -> PluginGeneration {
        let began = kwl_monotonic_ns()
        let configuration = options.configuration
        guard configuration == .null || configuration.objectValue != nil else {
            throw PluginError(
                .configuration, "the configuration of \(manifest.id) is \(configuration.typeName), not an object",
                remedy: "Pass a JSON object such as {\"dims\": 512}", facts: .pointer(""), plugin: manifest.id,
                stage: .create)
        }
        let instance = try image.instantiate(manifest, options, context)
        return PluginGeneration(
            loaded: self, instance: instance, createTime: .nanoseconds(kwl_monotonic_ns() - began))
    }
}

extension String {
    /// What stands before the last slash.
    var folder: String { lastIndex(of: "/").map { String(self[..<$0]) } ?? "." }

    /// What follows the last slash.
    var lastComponent: String {
        lastIndex(of: "/").map { String(self[index(after: $0)...]) } ?? self
    }
}
