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
    /// Whom it may connect to by TCP, and where it may be connected to.
    public private(set) var network = NetworkAccess()
    /// Devices that it may use, as far as they are there when a worker is started.
    public private(set) var devices: [DevicePattern] = []
    /// Where `/sys` and `/dev` are; empty: here.
    package var machine = ""
    /// Variables of the host's environment that it gets.
    public var environment: Set<String> = []
    /// Threads of its own. Every plugin may start some where nobody has decided about permissions.
    public var mayStartThreads = true
    /// A compiler at run time: memory may be writable and executable.
    public var mayGenerateCode = false
    public var mayStartPrograms = false
    /// Any program may be started, with all that the host's user may: then there is no sandbox to speak of.
    public private(set) var mayStartAnyProgram = false
    /// Whether the host is told of system calls that are refused, where the kernel can (Linux 5.8).
    package var reportsRefusals = false
    /// Whether a worker is kept apart by everything that there is, or not started: namespaces, a root folder of its own, a
    /// control group, and no rights of root.
    package var isApart = false
    /// What has to be enforced whole: without it the plugin is not started.
    public var required: Set<SandboxGuarantee.Name> = []

    /// Grants nothing.
    public init() {}

    /// - Parameters:
    ///   - permissions: effective ones, so paths are absolute, but for names of programs, which are looked for in `path`.
    ///   - dataFolder: which the plugin reads and writes; nil: it has none.
    ///   - packageFolder: which it reads.
    ///   - path: folders of programs, separated by colons.
    /// - Throws: ``PluginError`` with code `permissionDenied` if something was granted that no worker can be given as it was
    ///   granted: an address with a path.
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
            guard let resource, network.allowListening(resource) else {
                throw Self.inexpressible(permission, "a port has to be named, alone or behind localhost or an address")
            }
        case .environment: if let resource { environment.insert(resource) }
        case .generatedCode: mayGenerateCode = true
        case .device:
            guard let device = resource.flatMap(DevicePattern.init) else {
                throw Self.inexpressible(permission, "a device is usb:VENDOR or usb:VENDOR:PRODUCT in hexadecimal")
            }
            devices.append(device)
        // Who decides about permissions decides about threads; the rest is the host's own to give.
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

    private mutating func addHost(_ permission: Permission) throws(PluginError) {
        guard let pattern = NetworkPattern(permission.resource ?? "*:*") else {
            throw Self.inexpressible(permission, "a host and a port have to be named")
        }
        guard !pattern.hasPath else {
            throw Self.inexpressible(permission, "the host connects it, and does not see the paths that it asks for")
        }
        network.allow(pattern)
    }

    private static func inexpressible(_ permission: Permission, _ why: String) -> PluginError {
        PluginError(
            .permissionDenied, "\(permission) cannot be enforced in a worker: \(why)",
            remedy: "Grant it in another form, or make it optional and do not grant it",
            facts: .names([permission.text]), stage: .verify)
    }
}
