/// What a tool executor may run, and within which limits. Deny by default: without a rule in ``allow`` nothing runs.
public struct ToolPolicy: Sendable, Hashable {
    public enum Overflow: String, Sendable {
        /// Keep reading, stop passing on.
        case truncate
        case kill
        /// Keep reading into files that the result names.
        case spool
    }

    /// When a run that the rules admit still needs approval. What destroys always does, unless `never`.
    public enum Approval: String, Sendable, CaseIterable {
        case never
        /// If the request asks for it.
        case onRequest
        /// Unless an allow rule names it.
        case untrusted
        case always
    }

    /// What becomes of processes that a program leaves behind.
    public enum Background: String, Sendable, CaseIterable { case reap, keep, deny }

    public struct Isolation: OptionSet, Sendable, Hashable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        public static let pid = Isolation(rawValue: 1)
        public static let ipc = Isolation(rawValue: 2)
        public static let net = Isolation(rawValue: 4)
        public static let mount = Isolation(rawValue: 8)
        public static let user = Isolation(rawValue: 16)
    }

    public struct NetworkRule: Sendable, Hashable {
        public enum Target: Sendable, Hashable {
            /// TCP connections to these ports, anywhere.
            case ports(ClosedRange<Int>)
            /// A host, or "*.example.com" for every name below; ports nil = all.
            case domain(String, ports: ClosedRange<Int>?)
            /// A Unix socket.
            case unixSocket(String)
            /// Listening.
            case bind(ClosedRange<Int>)
        }

        public var target: Target
        /// An exception from the other rules; denial wins.
        public var isDenied: Bool

        public init(_ target: Target, isDenied: Bool = false) {
            self.target = target
            self.isDenied = isDenied
        }
    }

    /// What one run may use; nil = no limit. Sizes in bytes.
    public struct Limits: Sendable, Hashable {
        public var wall: Duration?
        public var cpu: Duration?
        /// Longest time without output.
        public var idle: Duration?
        /// Between SIGTERM and SIGKILL; zero = SIGKILL at once.
        public var grace: Duration?
        public var memory: Int?
        public var fileSize: Int?
        public var diskWrite: Int?
        public var openFiles: Int?
        public var processes: Int?
        public var stdoutBytes: Int?
        public var stderrBytes: Int?

        public init() {}
    }

    /// Limits of the command lines that begin so; what they set replaces the policy's own. The longest prefix counts.
    public struct ToolLimits: Sendable, Hashable {
        public var prefix: [String]
        public var limits: Limits

        public init(prefix: [String], limits: Limits) {
            self.prefix = prefix
            self.limits = limits
        }
    }

    public enum Inheritance: String, Sendable {
        case none
        /// PATH, HOME, LANG, LC_*, TERM, TMPDIR, TZ, USER, LOGNAME, SHELL.
        case core
        case all
    }

    public struct PathRule: Sendable, Hashable {
        public enum Access: String, Sendable { case none, read, write }
        public var path: String
        public var access: Access
        public var execute: Bool

        public init(path: String, access: Access, execute: Bool = false) {
            self.path = path
            self.access = access
            self.execute = execute
        }
    }

    public var isEnabled = true
    public var allowShell = false
    public var allowNetwork = false
    /// Refuse to run unless every field that is set is enforced.
    public var requireEnforced = false
    /// First words of the command lines that may run: `["git", "status"]`.
    public var allow: [[String]] = []
    /// Wins over ``allow``.
    public var deny: [[String]] = []
    /// Words that deny a command if they come in a row anywhere in it: `["--force"]`.
    public var denyPatterns: [[String]] = []
    public var overflow = Overflow.truncate
    public var inheritEnvironment = Inheritance.core
    /// Globs of further variables to inherit.
    public var environmentAllow: [String] = []
    /// Globs that are never inherited; upper and lower case are the same.
    public var environmentDeny: [String] = [
        "*KEY*", "*SECRET*", "*TOKEN*", "*PASS*", "*CREDENTIAL*", "*AUTH*", "*_PAT",
    ]
    public var environmentSet: [String: String] = [:]
    public var paths: [PathRule] = []
    /// What may be reached if ``allowNetwork`` is false; empty = nothing.
    public var network: [NetworkRule] = []
    public var limits = Limits.standard
    public var toolLimits: [ToolLimits] = []
    public var approval = Approval.never
    /// Somebody is there to approve; else what needs approval is denied.
    public var isInteractive = false
    /// What needs approval has it.
    public var approvesAutomatically = false
    public var background = Background.reap
    /// Of output beyond its limit, the first and the last bytes that are passed on; 0, 0 = the first up to the limit.
    public var headBytes = 0
    public var tailBytes = 0
    /// Give the program a terminal.
    public var terminal = false
    public var isolation: Isolation = []
    /// To run as; nil = as the host.
    public var userID: UInt32?
    /// "default", "none", or nil: the plugin's choice.
    public var seccompProfile: String?

    public init() {}
}

extension ToolPolicy.Limits {
    /// A minute, and a mebibyte of each of stdout and stderr.
    public static var standard: ToolPolicy.Limits {
        var limits = ToolPolicy.Limits()
        limits.wall = .seconds(60)
        limits.grace = .seconds(2)
        limits.stdoutBytes = 1 << 20
        limits.stderrBytes = 1 << 20
        return limits
    }
}
