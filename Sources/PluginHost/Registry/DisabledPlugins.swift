internal import PluginCore

/// The plugins that an operator has turned off, kept between runs.
///
/// Safe to use from any thread and from many processes.
public struct DisabledPlugins: Sendable {
    /// A plugin that is turned off.
    public struct Entry: Sendable, Hashable {
        /// An id or a file's name without its ending; a glob for several.
        public var name: String
        /// Why, in the operator's words; nil if nothing was said.
        public var reason: String?
        /// Seconds since 1970.
        public var since: Int64

        public init(name: String, reason: String?, since: Int64) {
            self.name = name
            self.reason = reason
            self.since = since
        }
    }

    private let file: StateFile
    private static let formatVersion: Int64 = 1

    /// - Parameter stateFolder: the host's own folder, made when something is first written.
    public init(stateFolder: String) { file = StateFile("\(stateFolder)/disabled.json") }

    /// By name.
    /// - Throws: ``PluginError`` if the file is damaged or not this user's; the plugins in it then count neither as
    ///   disabled nor as enabled.
    public func list() throws(PluginError) -> [Entry] { try Self.entries(try file.read(), file.path) }

    /// Turns a plugin off, or changes the reason.
    public func disable(_ entry: Entry) throws(PluginError) {
        try file.update { document throws(PluginError) in
            let others = try Self.entries(document, file.path).filter { $0.name != entry.name }
            return Self.document(others + [entry])
        }
    }

    /// Turns a plugin on again.
    /// - Returns: whether it was off by that name.
    public func enable(_ name: String) throws(PluginError) -> Bool {
        var wasDisabled = false
        try file.update { document throws(PluginError) in
            let entries = try Self.entries(document, file.path)
            wasDisabled = entries.contains { $0.name == name }
            return Self.document(entries.filter { $0.name != name })
        }
        return wasDisabled
    }

    private static func document(_ entries: [Entry]) -> JSON {
        [
            "version": .int(formatVersion),
            "plugins": .array(
                entries.sorted { $0.name < $1.name }.map {
                    ["name": .string($0.name), "reason": .optional($0.reason) { .string($0) }, "since": .int($0.since)]
                }),
        ]
    }

    private static func entries(_ document: JSON?, _ path: String) throws(PluginError) -> [Entry] {
        guard let document else { return [] }
        guard document["version"]?.intValue == formatVersion, let plugins = document["plugins"]?.arrayValue else {
            throw damaged(path, "has not the form that this Keyway writes")
        }
        var entries: [Entry] = []
        for plugin in plugins {
            guard let name = plugin["name"]?.stringValue, let since = plugin["since"]?.intValue else {
                throw damaged(path, "has an entry without a name or a time")
            }
            entries.append(Entry(name: name, reason: plugin["reason"]?.stringValue, since: since))
        }
        return entries
    }

    private static func damaged(_ path: String, _ problem: String) -> PluginError {
        PluginError(
            .dataLoss, "\(path) \(problem)", remedy: "Put back a copy of it, or remove it and disable plugins anew",
            facts: .file(path: path))
    }
}
