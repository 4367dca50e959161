/// Something that a plugin wanted of its host or its machine, and what became of that.
///
/// What is seen: what goes through the host, such as connections and secrets of plugins in workers, system calls that their
/// filters refuse, and files that they name. What a plugin in the host's own process does nobody sees.
public struct AccessRecord: Sendable, Hashable {
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// To connect to a host; the resource is `HOST:PORT`.
        case connect
        /// To be connected to; `ADDRESS:PORT`.
        case listen
        /// To know the addresses of a name.
        case resolve
        /// To know a secret, by its name.
        case secret
        /// To read a file, or names in a folder. The resource is the path; of what was granted, that of the grant.
        case read
        /// To write, make, rename or remove a file or a folder, likewise.
        case write
        /// A system call that its sandbox has refused, by its name.
        case systemCall
    }

    /// Nanoseconds since 1970.
    public var time: Int64
    /// The plugin's id.
    public var plugin: String
    public var action: Action
    public var resource: String
    public var isAllowed: Bool
    /// Why, as a person would say it; nil if there is nothing to say.
    public var reason: String?

    public init(
        time: Int64, plugin: String, action: Action, resource: String, isAllowed: Bool, reason: String? = nil
    ) {
        (self.time, self.plugin, self.action, self.resource) = (time, plugin, action, resource)
        (self.isAllowed, self.reason) = (isAllowed, reason)
    }
}

/// What a plugin usually reaches for, learned from what it did.
public struct AccessProfile: Sendable, Hashable {
    /// What is compared: who asked when does not matter, nor what was answered.
    public struct Entry: Sendable, Hashable, Comparable {
        public let action: AccessRecord.Action
        public let resource: String

        public init(_ action: AccessRecord.Action, _ resource: String) {
            (self.action, self.resource) = (action, resource)
        }

        public static func < (left: Entry, right: Entry) -> Bool {
            (left.action.rawValue, left.resource) < (right.action.rawValue, right.resource)
        }
    }

    public private(set) var entries: Set<Entry> = []

    /// Entries of one plugin: no operator could look through more.
    public static let limit = 10_000

    public init() {}

    /// Takes it for usual.
    /// - Returns: false if it was already, or if there are ``limit`` of them.
    @discardableResult
    public mutating func learn(_ record: AccessRecord) -> Bool {
        guard entries.count < Self.limit else { return false }
        return entries.insert(Entry(record.action, record.resource)).inserted
    }

    /// Is it something new?
    public func isDeparture(_ record: AccessRecord) -> Bool { !entries.contains(Entry(record.action, record.resource)) }
}
