/// What a plugin in a worker may do besides computing. What is not in it, the worker is kept from by the kernel.
///
/// A value; nothing is looked up or opened before a worker is started with it.
public struct SandboxPolicy: Sendable, Hashable {
    public struct Access: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Files, and the names in folders.
        public static let read = Access(rawValue: 1)
        /// Files, and making, renaming and removing them in folders.
        public static let write = Access(rawValue: 2)
        /// Running a file as a program.
        public static let execute = Access(rawValue: 4)
    }

    /// A file, or a folder with everything that is in it, now or later.
    public struct FileGrant: Sendable, Hashable {
        /// Absolute. Links in it are followed once, when a worker is started.
        public var path: String
        public var access: Access
        /// Whether a worker starts without it if it is not there; else that is an error.
        public var isOptional: Bool

        public init(path: String, access: Access, isOptional: Bool = false) {
            (self.path, self.access, self.isOptional) = (path, access, isOptional)
        }
    }

    public var files: [FileGrant] = []
    /// TCP ports to which it may connect, on any host: the kernel compares ports alone.
    public var connectPorts: Set<UInt16> = []
    /// TCP ports on which it may be connected to.
    public var listenPorts: Set<UInt16> = []
    /// Variables of the host's environment that it gets.
    public var environment: Set<String> = []
    /// A compiler at run time: memory may be writable and executable.
    public var mayGenerateCode = false
    public var mayStartPrograms = false
    /// Any program may be started, with all that the host's user may: then there is no sandbox to speak of.
    public private(set) var mayStartAnyProgram = false
    /// What has to be enforced whole: without it the plugin is not started.
    public var required: Set<SandboxGuarantee.Name> = []
    /// What was granted more narrowly than it can be enforced: why.
    public private(set) var reservations: [SandboxGuarantee.Name: String] = [:]

    /// Does it reach others over the network, or others it?
    public var hasNetwork: Bool { !connectPorts.isEmpty || !listenPorts.isEmpty }

    /// Grants nothing.
    public init() {}

    /// - Parameters:
    ///   - permissions: effective ones, so paths are absolute, but for names of programs, which are looked for in `path`.
    ///   - dataFolder: which the plugin reads and writes; nil: it has none.
    ///   - packageFolder: which it reads.
    ///   - path: folders of programs, separated by colons.
    /// - Throws: ``PluginError`` with code `permissionDenied` if something was granted that no worker can be given as it was
    ///   granted: an address with a path, a device.
    public init(
        granting permissions: [Permission], dataFolder: String?, packageFolder: String?,
        path: String = "/usr/local/bin:/usr/bin:/bin"
    ) throws(PluginError) {
        if let dataFolder, !dataFolder.isEmpty {
            files.append(FileGrant(path: dataFolder, access: [.read, .write]))
        }
        if let packageFolder, !packageFolder.isEmpty { files.append(FileGrant(path: packageFolder, access: .read)) }
        for permission in permissions { try add(permission, path) }
    }

    private mutating func add(_ permission: Permission, _ path: String) throws(PluginError) {
        let resource = permission.resource
        switch permission.kind {
        case .readFiles: files.append(FileGrant(path: resource ?? "/", access: .read))
        case .writeFiles: files.append(FileGrant(path: resource ?? "/", access: .write))
        case .execute:
            mayStartPrograms = true
            if let resource { addProgram(resource, path) } else { mayStartAnyProgram = true }
        case .network: try addHost(permission)
        case .listen:
            guard let resource, let port = UInt16(resource.split(separator: ":").last ?? "") else {
                throw Self.inexpressible(permission, "a port has to be named")
            }
            listenPorts.insert(port)
            reservations[.network] = Self.anyHost
        case .environment: if let resource { environment.insert(resource) }
        case .generatedCode: mayGenerateCode = true
        case .device: throw Self.inexpressible(permission, "workers are given no devices yet")
        // Threads are there for every plugin; the rest is the host's own to give.
        default: break
        }
    }

    private mutating func addProgram(_ name: String, _ path: String) {
        if name.hasPrefix("/") {
            files.append(FileGrant(path: name, access: [.read, .execute]))
        } else {
            for folder in path.split(separator: ":") where folder.hasPrefix("/") {
                files.append(FileGrant(path: "\(folder)/\(name)", access: [.read, .execute], isOptional: true))
            }
        }
    }

    private static let anyHost = "the kernel compares ports and not hosts: every host can be reached on these ports"

    private mutating func addHost(_ permission: Permission) throws(PluginError) {
        guard let resource = permission.resource, let pattern = NetworkPattern(resource) else {
            throw Self.inexpressible(permission, "a host and a port have to be named")
        }
        guard !pattern.hasPath else {
            throw Self.inexpressible(permission, "no mechanism of the kernel knows the paths of an address")
        }
        guard let port = pattern.portNumber else { throw Self.inexpressible(permission, "a port has to be named") }
        connectPorts.insert(port)
        reservations[.network] = Self.anyHost
    }

    private static func inexpressible(_ permission: Permission, _ why: String) -> PluginError {
        PluginError(
            .permissionDenied, "\(permission) cannot be enforced in a worker: \(why)",
            remedy: "Grant it in another form, or make it optional and do not grant it",
            facts: .names([permission.text]), stage: .verify)
    }
}
