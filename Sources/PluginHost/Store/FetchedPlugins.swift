internal import Glibc
internal import PluginCore
internal import PluginELF
internal import PluginLoader

/// Plugins that came from stores, kept under the digests of their bytes. What is there is never changed, so that it may be
/// fetched and loaded by many processes at once.
struct FetchedPlugins: Sendable {
    /// `plugins/sha256` of the host's cache folder.
    let folder: String
    /// Largest file that is fetched, in bytes.
    let sizeLimit: UInt64

    init(cacheFolder: String, sizeLimit: UInt64) {
        folder = "\(cacheFolder)/plugins/sha256"
        self.sizeLimit = sizeLimit
    }

    /// The file of a plugin, from the store if it is not there yet, or damaged.
    /// - Throws: what the store throws; `dataLoss` if its bytes do not have the digest that it says.
    func file(
        of plugin: StoredPlugin, from store: any PluginStore, _ context: CallContext
    ) async throws(PluginError) -> String {
        let id = plugin.manifest.id
        guard plugin.digest.utf8.count == 64, Hexadecimal.bytes(plugin.digest).count == 32 else {
            throw refusal(plugin, store, "its digest \"\(plugin.digest)\" is not 64 lower-case hexadecimal digits")
        }
        guard plugin.size <= sizeLimit else {
            throw PluginError(
                .resourceExhausted, "the store \(store.name) has it with \(plugin.size) bytes",
                remedy: "Allow larger files with imageLimit, if it is to be that large",
                facts: .limit(name: "image", value: Int64(sizeLimit), unit: "bytes", source: "host"), plugin: id,
                stage: .open)
        }
        let path = "\(folder)/\(plugin.digest.prefix(2))/\(plugin.digest).so"
        let isThere = try await HostThread.run("store.cache", of: id, context) { () throws(PluginError) in
            if Self.digest(path) == plugin.digest { return true }
            try Folders.create("\(folder)/\(plugin.digest.prefix(2))", for: "fetched plugins")
            return false
        }
        if isThere { return path }
        let temporary = TemporaryFile.name(for: path)
        do throws(PluginError) {
            try await store.fetch(plugin, to: temporary, context)
            try await HostThread.run("store.cache", of: id, context) { () throws(PluginError) in
                try take(temporary, to: path, plugin, store)
            }
        } catch {
            // Whatever a store may have made of it.
            unsafe remove(temporary)
            throw error
        }
        return path
    }

    /// Puts a fetched file in place if it is what the store said.
    private func take(
        _ temporary: String, to path: String, _ plugin: StoredPlugin, _ store: any PluginStore
    ) throws(PluginError) {
        guard let digest = Self.digest(temporary) else {
            throw refusal(plugin, store, "it gave no regular file")
        }
        guard digest == plugin.digest else {
            throw refusal(plugin, store, "its file has the digest \(digest), and it says \(plugin.digest)")
        }
        try Self.seal(temporary)
        try TemporaryFile.rename(temporary, to: path)
    }

    /// For this user to read, and on the disk before it gets its name.
    private static func seal(_ path: String) throws(PluginError) {
        let file = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw TemporaryFile.failure(path, "open", errno) }
        defer { close(file) }
        guard fchmod(file, 0o444) == 0 else { throw TemporaryFile.failure(path, "fchmod", errno) }
        guard fsync(file) == 0 else { throw TemporaryFile.failure(path, "fsync", errno) }
    }

    /// nil if there is no such file, or it cannot be read.
    private static func digest(_ path: String) -> String? {
        guard let image = try? FileImage(opening: path) else { return nil }
        return image.digest()
    }

    private func refusal(_ plugin: StoredPlugin, _ store: any PluginStore, _ problem: String) -> PluginError {
        PluginError(
            .dataLoss, "the store \(store.name) cannot be believed: \(problem)",
            remedy: "Try again in case the transfer was damaged; then repair the store", facts: .names([plugin.digest]),
            plugin: plugin.manifest.id, stage: .open)
    }
}
