internal import Glibc
public import PluginCore
internal import PluginELF
internal import PluginLoader

/// `keyway.lock` on disk, and at load.
extension Lockfile {
    private static let sizeLimit: UInt64 = 16 << 20

    /// Reads a lock file.
    /// - Throws: ``PluginError`` with code `notFound` if there is none, `permissionDenied` if every user can write it,
    ///   `validation` and a JSON pointer if it is damaged.
    public init(reading path: String) throws(PluginError) {
        let file: FileImage
        do throws(PluginError) {
            file = try FileImage(opening: path)
        } catch {
            throw PluginError(
                error.code, "the lock file \(path): \(error.what)",
                remedy: error.code == .notFound
                    ? "Check the path, or write one with `keyway resolve --write-lock`" : error.remedy,
                facts: .file(path: path))
        }
        // Groups share repositories; whoever else can write this file chooses what is loaded.
        guard file.withDescriptor({ FileStamp(of: $0) }).mode & 0o002 == 0 else {
            throw PluginError(
                .permissionDenied, "the lock file \(path) can be written by every user",
                remedy: "See that it holds what it should, then run chmod o-w on it", facts: .file(path: path))
        }
        guard file.size <= Self.sizeLimit else {
            throw PluginError(
                .resourceExhausted, "the lock file \(path) has more than \(Self.sizeLimit) bytes",
                remedy: "Write it again",
                facts: .limit(
                    name: "lockFile", value: Int64(Self.sizeLimit), unit: "bytes", source: "host"))
        }
        guard let bytes = file.bytes(at: 0, count: Int(file.size)) else {
            throw PluginError(
                .unavailable, "the lock file \(path) changes while it is read", remedy: "Try again",
                facts: .file(path: path))
        }
        do throws(PluginError) {
            try self.init(JSON(parsing: bytes, what: "the lock file"))
        } catch {
            throw PluginError(
                .validation, "\(path): \(error.what)", remedy: error.remedy, facts: error.facts)
        }
    }

    /// Writes the lock file whole: readers find the old one or the new one. An equal one is not touched.
    /// - Throws: ``PluginError`` if it cannot be written; the old one stays.
    public func write(to path: String) throws(PluginError) {
        if let old = try? FileImage(opening: path), old.size <= Self.sizeLimit,
            old.bytes(at: 0, count: Int(old.size)) == Array(text.utf8)
        {
            return
        }
        let temporary = TemporaryFile.name(for: path)
        do throws(PluginError) {
            try TemporaryFile.write(Array(text.utf8), to: temporary, mode: 0o644)
            try TemporaryFile.rename(temporary, to: path)
        } catch {
            unsafe unlink(temporary)
            throw error
        }
    }

    /// Refuses a plugin that is not what is locked under its id.
    /// - Throws: ``PluginError`` with code `dependency` that says what differs.
    func require(_ prepared: PreparedPlugin) throws(PluginError) {
        // A file that is refused says why when it is loaded.
        guard prepared.verification.isLoadable, let manifest = prepared.manifest else { return }
        var candidate = PluginCandidate(
            id: manifest.id, version: manifest.version,
            sdk: prepared.object.notes.abi?.sdkRange ?? SDKRange(minimum: 1, maximum: nil),
            digest: "sha256:\(prepared.digest)")
        candidate.companions = try PluginPackage(prepared.path).digests()
        guard let drift = drift(from: [candidate]).first(where: { $0.id == manifest.id }) else { return }
        throw PluginError(
            .dependency, drift.message,
            remedy: "Install exactly what is locked, or review the plugin and lock it with"
                + " `keyway resolve --write-lock`",
            facts: .names([manifest.id]), plugin: prepared.path, stage: .verify)
    }
}
