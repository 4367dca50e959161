public import PluginCore

/// What audit logs hold: how often each plugin wanted each thing.
public struct AuditLog: Sendable {
    public struct Count: Sendable, Hashable {
        public internal(set) var allowed: UInt64 = 0
        public internal(set) var refused: UInt64 = 0
    }

    /// By plugin, and by what it wanted.
    public private(set) var plugins: [String: [AccessProfile.Entry: Count]] = [:]
    /// Lines that are no records.
    public private(set) var unreadable = 0

    public init() {}

    /// Adds one line.
    public mutating func add(_ line: some StringProtocol) {
        guard !line.isEmpty else { return }
        guard let json = try? JSON(parsing: Array(line.utf8), what: "a line"), let record = AccessRecord(json) else {
            unreadable += 1
            return
        }
        let entry = AccessProfile.Entry(record.action, record.resource)
        plugins[record.plugin, default: [:]][entry, default: Count()].allowed += record.isAllowed ? 1 : 0
        plugins[record.plugin, default: [:]][entry, default: Count()].refused += record.isAllowed ? 0 : 1
    }

    /// `{"plugins":[{"plugin","accesses":[{"action","resource","allowed","refused"}]}],"unreadable"}`
    public var json: JSON {
        [
            "plugins": .array(
                plugins.sorted { $0.key < $1.key }.map { plugin, counts in
                    [
                        "plugin": .string(plugin),
                        "accesses": .array(
                            counts.sorted { $0.key < $1.key }.map { entry, count in
                                [
                                    "action": .string(entry.action.rawValue), "resource": .string(entry.resource),
                                    "allowed": .int(Int64(clamping: count.allowed)),
                                    "refused": .int(Int64(clamping: count.refused)),
                                ]
                            }),
                    ]
                }), "unreadable": .int(Int64(unreadable)),
        ]
    }

    // MARK: - Profiles

    /// What each plugin usually reaches for, granted or not, if this is what it usually does.
    public var profiles: [String: AccessProfile] {
        plugins.mapValues { counts in
            var profile = AccessProfile()
            for entry in counts.keys.sorted() {
                profile.learn(
                    AccessRecord(
                        time: 0, plugin: "", action: entry.action, resource: entry.resource, isAllowed: true))
            }
            return profile
        }
    }

    private static let formatVersion: Int64 = 1

    /// `{"version":1,"profiles":{"ID":[{"action","resource"}]}}`, which ``profiles(_:source:)`` reads.
    public static func json(_ profiles: [String: AccessProfile]) -> JSON {
        [
            "version": .int(formatVersion),
            "profiles": .object(
                profiles.mapValues { profile in
                    .array(
                        profile.entries.sorted().map {
                            ["action": .string($0.action.rawValue), "resource": .string($0.resource)]
                        })
                }),
        ]
    }

    /// - Parameter source: the document's file, for errors.
    /// - Throws: ``PluginError`` with code `dataLoss` and where it is wrong. Nothing of such a document is used.
    public static func profiles(_ document: JSON, source: String) throws(PluginError) -> [String: AccessProfile] {
        func damaged(_ pointer: String, _ what: String) -> PluginError {
            PluginError(
                .dataLoss, "\(source): \(pointer) \(what)", remedy: "Make it anew with `keyway audit learn`",
                facts: .pointer(pointer))
        }
        guard document["version"] == .int(formatVersion) else { throw damaged("/version", "must be 1") }
        guard let plugins = document["profiles"]?.objectValue else {
            throw damaged("/profiles", "must be an object of ids and what they reach for")
        }
        var profiles: [String: AccessProfile] = [:]
        for (plugin, list) in plugins.sorted(by: { $0.key < $1.key }) {
            let place = "/profiles/\(JSON.escapedForPointer(plugin))"
            guard let list = list.arrayValue, list.count <= AccessProfile.limit else {
                throw damaged(place, "must be an array of at most \(AccessProfile.limit)")
            }
            var profile = AccessProfile()
            for (index, entry) in list.enumerated() {
                guard let action = entry["action"]?.stringValue.flatMap(AccessRecord.Action.init),
                    let resource = entry["resource"]?.stringValue
                else { throw damaged("\(place)/\(index)", "must have an action and a resource") }
                profile.learn(
                    AccessRecord(time: 0, plugin: plugin, action: action, resource: resource, isAllowed: true))
            }
            profiles[plugin] = profile
        }
        return profiles
    }
}
