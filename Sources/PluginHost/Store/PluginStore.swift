public import PluginCore

/// A place that plugins can be had from, such as a folder, a server or a bucket.
///
/// The host asks for a plugin by its id and gets its file with ``fetch(_:to:_:)``. What it gets it does not believe: the
/// bytes must have the digest of the metadata, pass every rule, and say the id and version that the metadata says. So a
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

    /// Writes a plugin's file to a path where nothing is yet. What is left there after an error, the host removes.
    /// - Parameter plugin: what ``metadata(_:_:)`` gave; a store that has other bytes by now should throw `conflict`.
    func fetch(_ plugin: StoredPlugin, to path: String, _ context: CallContext) async throws(PluginError)
}

extension PluginStore {
    public func exists(_ id: String, _ context: CallContext) async throws(PluginError) -> Bool {
        try await metadata(id, context) != nil
    }
}

/// What a store says of a plugin.
public struct StoredPlugin: Sendable, Hashable {
    public var manifest: Manifest
    /// SHA-256 of the file's bytes: 64 lower-case hexadecimal digits.
    public var digest: String
    /// Of the file, in bytes.
    public var size: UInt64

    public init(manifest: Manifest, digest: String, size: UInt64) {
        self.manifest = manifest
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
