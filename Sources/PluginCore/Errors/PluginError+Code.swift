extension PluginError {
    /// The class of an error. A struct, not an enum, so that a later version can add one without breaking a `switch`.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        private init(_ rawValue: String) { self.rawValue = rawValue }
        public var description: String { rawValue }

        // What a plugin can answer.
        public static let cancelled = Code("cancelled")
        public static let timeout = Code("timeout")
        public static let invalidArgument = Code("invalidArgument")
        public static let notFound = Code("notFound")
        public static let conflict = Code("conflict")
        public static let unsupported = Code("unsupported")
        public static let permissionDenied = Code("permissionDenied")
        public static let unauthenticated = Code("unauthenticated")
        public static let resourceExhausted = Code("resourceExhausted")
        public static let unavailable = Code("unavailable")
        public static let `internal` = Code("internal")
        public static let dataLoss = Code("dataLoss")
        public static let contextOverflow = Code("contextOverflow")
        public static let contentFilter = Code("contentFilter")
        public static let dimensionMismatch = Code("dimensionMismatch")
        public static let rateLimited = Code("rateLimited")
        public static let overloaded = Code("overloaded")
        public static let memoryLimit = Code("memoryLimit")
        public static let transport = Code("transport")
        public static let sdkMismatch = Code("sdkMismatch")

        // What the host says before or while it loads.
        public static let validation = Code("validation")
        public static let signature = Code("signature")
        public static let configuration = Code("configuration")
        public static let dependency = Code("dependency")
        public static let load = Code("load")
        public static let initialization = Code("initialization")

        // What the host says of a running plugin.
        public static let crashed = Code("crashed")
        public static let exited = Code("exited")
        public static let workerLost = Code("workerLost")
        public static let policyViolation = Code("policyViolation")
        public static let protocolViolation = Code("protocolViolation")
        public static let poisoned = Code("poisoned")
        public static let quarantined = Code("quarantined")
        public static let disabled = Code("disabled")
        public static let sandboxUnavailable = Code("sandboxUnavailable")

        /// Every code, in the order of the documentation.
        public static let all: [Code] = [
            .cancelled, .timeout, .invalidArgument, .notFound, .conflict, .unsupported, .permissionDenied,
            .unauthenticated, .resourceExhausted, .unavailable, .internal, .dataLoss, .contextOverflow,
            .contentFilter, .dimensionMismatch, .rateLimited, .overloaded, .memoryLimit, .transport, .sdkMismatch,
            .validation, .signature, .configuration, .dependency, .load, .initialization, .crashed, .exited,
            .workerLost, .policyViolation, .protocolViolation, .poisoned, .quarantined, .disabled,
            .sandboxUnavailable,
        ]

        /// May the same call succeed later without anybody changing anything?
        public var isRetryable: Bool {
            switch self {
            case .unavailable, .rateLimited, .overloaded, .transport, .workerLost: true
            default: false
            }
        }
    }
}

extension PluginError.Code {
    /// The code of a `kw_status` that an operation returned; nil for `KW_OK`. A number that no SDK defines is
    /// `internal`, because a plugin that makes up statuses is broken.
    public init?(status: Int32) {
        switch status {
        case 0: return nil
        case 1: self = .cancelled
        case 3, 11, 100, 101, 102: self = .invalidArgument
        case 4: self = .timeout
        case 5: self = .notFound
        case 6, 9: self = .conflict
        case 7: self = .permissionDenied
        case 8: self = .resourceExhausted
        case 10, 14: self = .unavailable
        case 12: self = .unsupported
        case 15: self = .dataLoss
        case 16: self = .unauthenticated
        case 103: self = .sdkMismatch
        case 110: self = .contextOverflow
        case 111: self = .contentFilter
        case 112: self = .dimensionMismatch
        case 113: self = .rateLimited
        case 114: self = .overloaded
        case 115: self = .memoryLimit
        case 116: self = .transport
        default: self = .internal
        }
    }

    /// The `kw_status` that stands for this code when a Swift plugin answers with it. Codes that only a host can
    /// mean become `KW_INTERNAL`.
    public var status: Int32 {
        switch self {
        case .cancelled: 1
        case .invalidArgument, .configuration, .validation: 3
        case .timeout: 4
        case .notFound: 5
        case .permissionDenied, .policyViolation: 7
        case .resourceExhausted: 8
        case .conflict: 9
        case .unsupported: 12
        case .unavailable: 14
        case .dataLoss: 15
        case .unauthenticated: 16
        case .sdkMismatch: 103
        case .contextOverflow: 110
        case .contentFilter: 111
        case .dimensionMismatch: 112
        case .rateLimited: 113
        case .overloaded: 114
        case .memoryLimit: 115
        case .transport: 116
        default: 13
        }
    }
}
