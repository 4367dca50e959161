public import PluginCore

/// A place that plugins can be had from, such as a folder, a server or a bucket.
///
/// The host asks for a plugin by its id and gets its files with ``fetch(_:of:to:_:)``. What it gets it does not believe: the
/// bytes must have the digests of the metadata, pass every rule, and say the id and version that the metadata says. So a
/// store need not check anything, and may be untrusted as far as its metadata comes from somebody who is trusted.
///
/// Methods may be called from any task, several at a time.
public protocol PluginStore: Sendable {
    /// For messages, such as the path or address.
    var name: String { get }

    /// Does the store have a plugin of this id? The default asks for its metadata.
    /// - Throws: as ``metadata(_:_:)``.
    func exists(_ id: String, _ context: CallContext) async throws(PluginError) -> Bool

    /// What the store has under an id, of several versions the one to be taken; nil if it has none.
    /// - Throws: ``PluginError`` with code `unavailable` if the store cannot be asked. The host then asks no other store:
    ///   one that is down must not be a reason to load another plugin of the same name.
    func metadata(_ id: String, _ context: CallContext) async throws(PluginError) -> StoredPlugin?

    /// Some of the store's plugins, in an order that stays the same. A page is empty only if it is the last.
    /// - Parameters:
    ///   - limit: how many at most, from 1 on.
    ///   - cursor: of the page before, or nil for the first page.
    func list(limit: Int, after cursor: String?, _ context: CallContext) async throws(PluginError) -> StorePage

    /// Writes one of a plugin's files to a path where nothing is yet. What is left there after an error, the host removes.
    /// - Parameters:
    ///   - file: one of ``StoredPlugin/files``; of each that the host does not have yet.
    ///   - plugin: what ``metadata(_:_:)`` gave; a store that has other bytes by now should throw `conflict`.
    func fetch(
        _ file: StoredFile, of plugin: StoredPlugin, to path: String, _ context: CallContext
    ) async throws(PluginError)
}

extension PluginStore {
    public func exists(_ id: String, _ context: CallContext) async throws(PluginError) -> Bool {
        try await metadata(id, context) != nil
    }
}

/// What a store says of a plugin.
public struct StoredPlugin: Sendable, Hashable {
    public var manifest: Manifest
    /// The plugin itself.
    public var file: StoredFile
    /// What lies beside it and belongs to it: its private libraries, and its manifest if that is not in the file.
    public var companions: [StoredFile]

    public init(manifest: Manifest, file: StoredFile, companions: [StoredFile] = []) {
        self.manifest = manifest
        self.file = file
        self.companions = companions
    }

    /// All that has to be fetched.
    public var files: [StoredFile] { [file] + companions }
}

/// A file of a plugin in a store.
public struct StoredFile: Sendable, Hashable {
    /// As seen from the plugin's folder, such as "reader.so", "libparse.so" or "lib/libparse.so".
    public var name: String
    /// SHA-256 of its bytes: 64 lower-case hexadecimal digits.
    public var digest: String
    /// In bytes.
    public var size: UInt64

    public init(name: String, digest: String, size: UInt64) {
        self.name = name
        self.digest = digest
        self.size = size
    }
}

/// Some plugins of a store.
public struct StorePage: Sendable, Hashable {
    public var plugins: [StoredPlugin]
    /// What to pass for the next page; nil if this is the last.
    public var cursor: String?

    public init(plugins: [StoredPlugin], cursor: String?) {
        self.plugins = plugins
        self.cursor = cursor
    }
}
