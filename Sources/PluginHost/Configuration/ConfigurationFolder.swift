internal import Glibc
public import PluginCore

/// The folder in which operators keep what they say of plugins' configurations: a file for each plugin, `ID.json` or `ID.toml`.
///
/// In the file's name a slash of the id is a plus sign: `@acme+words.json`. What is read is checked as every file of the host is
/// that decides something; changes are of JSON files only, are written whole with mode 0600, and wait for each other
/// (``StateFile``), so that no change is lost. A value; safe from any thread and for many processes.
public struct ConfigurationFolder: Sendable, Hashable {
    public let path: String

    /// - Parameter path: made when a file is first written.
    public init(_ path: String) { self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path }

    /// Where a plugin's file is, or would be.
    public func file(_ id: String, _ format: ConfigurationFile.Format = .json) -> String {
        "\(path)/\(PluginHost.folderName(of: id)).\(format.rawValue)"
    }

    // MARK: - Reading

    /// What is said of a plugin; nil if nothing is.
    /// - Throws: what ``ConfigurationFile/init(reading:isTrusted:)`` throws; `permissionDenied` if others can write in the
    ///   folder; `conflict` if there are two files for the plugin.
    public func read(_ id: String) throws(PluginError) -> ConfigurationFile? {
        let folder = FileStamp(at: path)
        guard folder != .absent else {
            try requireAbsent(path)
            return nil
        }
        guard folder.isFolder else {
            throw PluginError(
                .conflict, "\(path), the folder of configurations, is no folder", remedy: "Name another",
                facts: .file(path: path))
        }
        try ConfigurationFile.requireTrusted(folder, path)
        let (json, toml) = (try exists(file(id)), try exists(file(id, .toml)))
        if json, toml {
            throw PluginError(
                .conflict, "there are two configurations of \(id): \(file(id)) and \(file(id, .toml))",
                remedy: "Remove one of them", facts: .names([file(id), file(id, .toml)]), plugin: id)
        }
        return json || toml ? try ConfigurationFile(reading: file(id, json ? .json : .toml)) : nil
    }

    /// Ids of the plugins that have a file, sorted.
    /// - Throws: `permissionDenied` or `unavailable` if the folder cannot be read.
    public func plugins() throws(PluginError) -> [String] {
        guard unsafe access(path, R_OK | X_OK) == 0 || errno == ENOENT else { throw unreadable(path, errno) }
        var ids: Set<String> = []
        for name in Folders.files(in: path) {
            for format in ConfigurationFile.Format.allCases where name.hasSuffix(".\(format.rawValue)") {
                ids.insert(PluginHost.identifier(ofFolder: String(name.dropLast(format.rawValue.count + 1))))
            }
        }
        return ids.subtracting([""]).sorted()
    }

    /// A link that leads nowhere is there, too: somebody meant something by it.
    private func exists(_ file: String) throws(PluginError) -> Bool {
        if unsafe faccessat(AT_FDCWD, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else { throw unreadable(file, errno) }
        return false
    }

    /// What cannot be looked at may be there.
    private func requireAbsent(_ folder: String) throws(PluginError) {
        guard unsafe access(folder, F_OK) != 0, errno != ENOENT else { return }
        throw unreadable(folder, errno)
    }

    private func unreadable(_ path: String, _ number: Int32) -> PluginError {
        let isDenied = number == EACCES || number == EPERM
        return PluginError(
            isDenied ? .permissionDenied : .unavailable,
            "the configuration \(path) cannot be read (error \(number))",
            remedy: isDenied ? "Change its permissions, or name another folder" : "Check the path",
            facts: .errno(number, call: "access"))
    }

    // MARK: - Writing

    /// Changes what is said of a plugin, while nobody else does.
    ///
    /// - Parameter body: gets what is said, or an empty object. If it throws, nothing changes. It may take a while, for others
    ///   wait; it must not change the folder itself.
    /// - Throws: what reading, ``StateFile/update(_:)`` and the body throw; `unsupported` if the plugin has a TOML file, which
    ///   would lose its remarks.
    public func update(_ id: String, _ body: (JSON) throws(PluginError) -> JSON) throws(PluginError) {
        try requireWritable(id)
        try StateFile(file(id), limit: ConfigurationFile.sizeLimit).update { old throws(PluginError) in
            // Somebody may have put one there before the lock was ours.
            try requireWritable(id)
            let new = try body(old ?? [:])
            guard new.objectValue != nil, !SecretReference.isReference(new) else {
                throw PluginError(
                    .configuration, "the configuration of \(id) must be an object, but would be \(new.typeName)",
                    remedy: "Give keys and values", plugin: id)
            }
            return new
        }
    }

    /// Sets one value.
    public func set(_ value: JSON, at path: ConfigurationPath, of id: String) throws(PluginError) {
        try update(id) { old throws(PluginError) in try path.setting(value, in: old) }
    }

    /// Takes back what is said of a value, so that the manifest's holds again.
    /// - Returns: whether anything was said of it.
    @discardableResult
    public func unset(_ path: ConfigurationPath, of id: String) throws(PluginError) -> Bool {
        var wasSet = false
        guard try read(id) != nil else { return false }
        try update(id) { old throws(PluginError) in
            guard let new = path.removing(from: old) else { return old }
            wasSet = true
            return new
        }
        return wasSet
    }

    /// - Throws: `unsupported` if the plugin has a TOML file, and what ``read(_:)`` throws.
    package func requireWritable(_ id: String) throws(PluginError) {
        guard let found = try read(id), found.format == .toml else { return }
        throw PluginError(
            .unsupported, "\(found.path) is TOML, which is not written: its remarks and its order would be lost",
            remedy:
                "Edit it; or make it JSON: `keyway config export \(id) > FILE`, remove it, `keyway config import FILE`",
            facts: .file(path: found.path), plugin: id)
    }
}

extension PluginHost {
    /// The id that ``folderName(of:)`` made a name of.
    static func identifier(ofFolder name: String) -> String {
        let id = String(name.map { $0 == "+" ? "/" : $0 })
        let rest = id.dropFirst()
        return id.hasPrefix("_") && !rest.isEmpty && rest.allSatisfy { $0 == "." } ? String(rest) : id
    }
}
