internal import Crypto
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

    /// The plugin's file, with its companions beside it; from the store what is not there yet, or damaged.
    /// - Throws: what the store throws; `dataLoss` if its bytes do not have the digests that it says.
    func file(
        of plugin: StoredPlugin, from store: any PluginStore, _ context: CallContext
    ) async throws(PluginError) -> String {
        try require(plugin, store)
        // The plugin itself last: one that is there is whole.
        for companion in plugin.companions { try await fetch(companion, of: plugin, from: store, context) }
        try await fetch(plugin.file, of: plugin, from: store, context)
        return path(of: plugin.file, of: plugin)
    }

    /// A plugin alone lies under its own digest. One with companions has a folder, under the digest of all, in which
    /// they have their names.
    private func path(of file: StoredFile, of plugin: StoredPlugin) -> String {
        if plugin.companions.isEmpty { return "\(folder)/\(file.digest.prefix(2))/\(file.digest).so" }
        let list = plugin.files.map { "\($0.digest) \($0.name)\n" }.joined()
        let digest = Hexadecimal.text(SHA256.hash(data: Array(list.utf8)))
        return "\(folder)/\(digest.prefix(2))/\(digest)/\(file.name)"
    }

    // MARK: - What a store says

    private static let companionLimit = 256

    private func require(_ plugin: StoredPlugin, _ store: any PluginStore) throws(PluginError) {
        for file in plugin.files {
            guard file.digest.utf8.count == 64, Hexadecimal.bytes(file.digest).count == 32 else {
                throw refusal(
                    plugin, store, "its digest \"\(file.digest)\" is not 64 lower-case hexadecimal digits", file)
            }
            guard file.size <= sizeLimit else {
                throw PluginError(
                    .resourceExhausted, "the store \(store.name) has \(file.name) with \(file.size) bytes",
                    remedy: "Allow larger files with imageLimit, if it is to be that large",
                    facts: .limit(name: "image", value: Int64(sizeLimit), unit: "bytes", source: "host"),
                    plugin: plugin.manifest.id, stage: .open)
            }
            guard Self.isInside(file.name) else {
                throw refusal(plugin, store, "\"\(file.name)\" is no name within the plugin's folder", file)
            }
        }
        guard !plugin.file.name.contains("/"), plugin.file.name.hasSuffix(".so") else {
            throw refusal(plugin, store, "\"\(plugin.file.name)\" is no name of a plugin's file", plugin.file)
        }
        guard Set(plugin.files.map(\.name)).count == plugin.files.count else {
            throw refusal(plugin, store, "two of its files have the same name", plugin.file)
        }
        guard plugin.companions.count <= Self.companionLimit else {
            throw PluginError(
                .resourceExhausted, "the store \(store.name) has it with \(plugin.companions.count) files beside it",
                remedy: "Link some of them into one",
                facts: .limit(name: "companions", value: Int64(Self.companionLimit), unit: "files", source: "host"),
                plugin: plugin.manifest.id, stage: .open)
        }
    }

    /// A relative path that stays where it begins, of names that any file system takes.
    private static func isInside(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count <= 8
            && parts.allSatisfy { part in
                (1...200).contains(part.utf8.count) && !part.hasPrefix(".") && part.utf8.allSatisfy { $0 > 0x1F }
            }
    }

    // MARK: - Fetching

    private func fetch(
        _ file: StoredFile, of plugin: StoredPlugin, from store: any PluginStore, _ context: CallContext
    ) async throws(PluginError) {
        let (id, path) = (plugin.manifest.id, path(of: file, of: plugin))
        let isThere = try await HostThread.run("store.cache", of: id, context) { () throws(PluginError) in
            if Self.digest(path) == file.digest { return true }
            try Folders.create(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]), for: "fetched plugins")
            return false
        }
        if isThere { return }
        let temporary = TemporaryFile.name(for: path)
        do throws(PluginError) {
            try await store.fetch(file, of: plugin, to: temporary, context)
            try await HostThread.run("store.cache", of: id, context) { () throws(PluginError) in
                try take(temporary, to: path, file, plugin, store)
            }
        } catch {
            // Whatever a store may have made of it.
            unsafe remove(temporary)
            throw error
        }
    }

    /// Puts a fetched file in place if it is what the store said.
    private func take(
        _ temporary: String, to path: String, _ file: StoredFile, _ plugin: StoredPlugin, _ store: any PluginStore
    ) throws(PluginError) {
        guard let digest = Self.digest(temporary) else {
            throw refusal(plugin, store, "it gave no regular file", file)
        }
        guard digest == file.digest else {
            throw refusal(plugin, store, "its file has the digest \(digest), and it says \(file.digest)", file)
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

    private func refusal(
        _ plugin: StoredPlugin, _ store: any PluginStore, _ problem: String, _ file: StoredFile
    ) -> PluginError {
        PluginError(
            .dataLoss, "the store \(store.name) cannot be believed of \(file.name): \(problem)",
            remedy: "Try again in case the transfer was damaged; then repair the store", facts: .names([file.digest]),
            plugin: plugin.manifest.id, stage: .open)
    }
}
