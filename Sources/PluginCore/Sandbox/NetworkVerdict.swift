/// What was said to a plugin in a worker that wanted something of the network.
public struct NetworkVerdict: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// To connect to a host.
        case connect
        /// To be connected to.
        case listen
        /// To know the addresses of a name.
        case resolve
    }

    public let kind: Kind
    /// `HOST:PORT`, as it was granted or asked for; of a name that was looked for without a port the name.
    public let resource: String
    public let isAllowed: Bool
    /// Why, as a person would say it.
    public let reason: String

    init(_ kind: Kind, _ resource: String, _ isAllowed: Bool, _ reason: String) {
        (self.kind, self.resource, self.isAllowed, self.reason) = (kind, resource, isAllowed, reason)
    }

    /// All addresses that were found are this machine's own.
    package static func leadsHere(_ name: String) -> NetworkVerdict {
        NetworkVerdict(.resolve, name, false, "its addresses lead to this machine or its links")
    }

    /// It asks more often than anybody has to.
    package static func tooOften(_ kind: Kind) -> NetworkVerdict {
        NetworkVerdict(kind, "*", false, "it asks more often than a plugin has to")
    }
}
