/// Something that a plugin asks for, or that an operator grants: a kind, and what it is about.
///
/// Written `fs.read:data`, `net:api.example.com:443` or `threads`. Without a resource it is about everything of its kind.
public struct Permission: Sendable, Hashable {
    /// What kind of thing is allowed.
    public struct Kind: RawRepresentable, Sendable, Hashable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        /// Files and folders that may be read. A relative path is below the plugin's data folder.
        public static let readFiles = Kind(rawValue: "fs.read")
        /// Files and folders that may be written, made and removed; likewise.
        public static let writeFiles = Kind(rawValue: "fs.write")
        /// Hosts that may be connected to: `HOST:PORT`, `*.example.com:443` for whole labels, or an address with a scheme.
        public static let network = Kind(rawValue: "net")
        /// Ports that others may connect to: `8080`, or `ADDRESS:8080`.
        public static let listen = Kind(rawValue: "net.listen")
        /// Environment variables that may be read, by name.
        public static let environment = Kind(rawValue: "env")
        /// Programs that may be run, by path.
        public static let execute = Kind(rawValue: "process.exec")
        /// Devices: `usb:VENDOR` or `usb:VENDOR:PRODUCT` in hexadecimal.
        public static let device = Kind(rawValue: "device")
        /// Threads of the plugin's own. Has no resource.
        public static let threads = Kind(rawValue: "threads")
        /// Code that is made at run time. Has no resource.
        public static let generatedCode = Kind(rawValue: "jit")
        /// Services of the host, by the NAME of `keyway.host.NAME/1`.
        public static let service = Kind(rawValue: "service")
        /// Types of messages that may be received, and sent.
        public static let subscribe = Kind(rawValue: "message.subscribe")
        public static let publish = Kind(rawValue: "message.publish")
        /// Paths below which the plugin may answer requests: `/items`, or `POST /items` for one method.
        public static let endpoint = Kind(rawValue: "endpoint")

        // What plugins of other hosts ask for, and no host of ours can grant.

        /// Tables: `read:TABLE`, `write:TABLE`, or `execute:PROCEDURE`.
        public static let database = Kind(rawValue: "database")
        /// Signals to other processes than its own children.
        public static let signal = Kind(rawValue: "process.signal")
        /// Changes of the host's own environment.
        public static let changeEnvironment = Kind(rawValue: "env.write")
        /// Memory that is shared with others.
        public static let sharedMemory = Kind(rawValue: "memory.shared")

        public static let all: [Kind] = grantable + ungrantable

        static let grantable: [Kind] = [
            .readFiles, .writeFiles, .network, .listen, .environment, .execute, .device, .threads, .generatedCode,
            .service, .subscribe, .publish, .endpoint,
        ]

        static let ungrantable: [Kind] = [.database, .signal, .changeEnvironment, .sharedMemory]

        /// Is there anything in a host that could be allowed?
        public var isGrantable: Bool { !Self.ungrantable.contains(self) }

        /// Is there anything that a permission of this kind could be narrowed to?
        public var hasResources: Bool {
            ![.threads, .generatedCode, .signal, .changeEnvironment, .sharedMemory].contains(self)
        }
    }

    public let kind: Kind
    /// nil: everything of the kind. In one form: a path without `.` and doubled slashes, a whole host as `HOST:PORT`.
    public let resource: String?

    /// - Throws: ``PluginError`` with code `validation` if the kind has no such resource.
    public init(_ kind: Kind, _ resource: String? = nil) throws(PluginError) {
        self.kind = kind
        self.resource =
            switch kind {
            case .readFiles, .writeFiles, .execute: resource.map(Self.path)
            case .endpoint: resource.map(Self.endpoint)
            case .network: resource.map(Self.host)
            default: resource
            }
        if let problem = problem ?? Self.problem(ofProgram: kind == .execute ? resource : nil) {
            throw Self.invalid(text, problem)
        }
    }

    /// Reads `KIND` or `KIND:RESOURCE`.
    /// - Throws: ``PluginError`` with code `validation` if there is no such kind, or it has no such resource.
    public init(parsing text: String) throws(PluginError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let kind = Kind(rawValue: String(parts[0]))
        guard Kind.all.contains(kind) else {
            throw Self.invalid(
                text, "there is no such kind; the kinds are \(Kind.grantable.map(\.rawValue).joined(separator: ", "))")
        }
        try self.init(kind, parts.count > 1 ? String(parts[1]) : nil)
    }

    /// `KIND` or `KIND:RESOURCE`; what ``init(parsing:)`` reads.
    public var text: String { resource.map { "\(kind.rawValue):\($0)" } ?? kind.rawValue }

    /// Whether it is about everything of a kind that could be narrowed, with or without a resource that says so: asked
    /// for, never granted by default.
    public var isEverything: Bool {
        guard let resource else { return kind.hasResources }
        return switch kind {
        case .readFiles, .writeFiles: resource == "/"
        // Alone, a point is every program that is looked for by name.
        case .execute, .endpoint: resource == "/" || resource == "."
        case .network: NetworkPattern(resource)?.isEverything == true
        case .device: !resource.contains(":")
        default: false
        }
    }

    private var problem: String? {
        guard let resource else { return nil }
        guard kind.hasResources else { return "\(kind.rawValue) has no resource" }
        guard !resource.isEmpty else { return "nothing follows the colon" }
        guard resource.utf8.count <= 4096, !resource.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            return "the resource has control characters, or more than 4096 bytes"
        }
        switch kind {
        case .readFiles, .writeFiles:
            if resource.hasPrefix("/"), resource.split(separator: "/").contains("..") {
                return "an absolute path has no \"..\""
            }
            return Self.escapes(resource) ? "the path leads out of the plugin's data folder" : nil
        case .network: return NetworkPattern.mistake(in: resource)
        case .listen: return Self.isPort(resource.split(separator: ":").last ?? "") ? nil : "a port is 1 to 65535"
        case .environment:
            let isName = !resource.utf8.contains { "=, ".utf8.contains($0) }
            return isName ? nil : "the name of a variable has no =, comma or space; each needs a permission of its own"
        default: return nil
        }
    }

    /// As it was written: in one form `./sh` is a name.
    private static func problem(ofProgram text: String?) -> String? {
        // Whose folder would it be in?
        guard let text, text == ".." || text.contains("/") && !text.hasPrefix("/") else { return nil }
        return "a program is an absolute path, or a name that is looked for in PATH"
    }

    private static func invalid(_ text: String, _ problem: String) -> PluginError {
        PluginError(
            .validation, "the permission \"\(text)\" cannot be: \(problem)",
            remedy: "Write it as KIND or KIND:RESOURCE, such as fs.read:data or net:api.example.com:443")
    }
}

extension Permission: CustomStringConvertible, Comparable {
    public var description: String { text }

    public static func < (left: Permission, right: Permission) -> Bool { left.text < right.text }
}
