extension PluginError {
    /// What a program can act on, apart from the prose.
    public enum Facts: Sendable, Hashable {
        case none
        /// The file concerned.
        case file(path: String)
        /// Both sides of a failed negotiation.
        case sdk(required: SDKRange, built: UInt32, host: SDKRange)
        /// What the checks found; at least one error.
        case findings([Finding])
        /// A limit that was reached, and who set it.
        case limit(name: String, value: Int64, unit: String, source: String)
        /// A limit on what a plugin may use that was reached, see ``EffectiveLimit``. The source is the sandbox's mechanism
        /// that held it (`rlimit`, `cgroup`, `broker`, see ``LimitMechanism``), or the same as `setBy`, where it was Keyway
        /// itself; `setBy` is whose limit it is (`call`, `plugin`, `operator`, `host`).
        case resourceLimit(kind: String, value: Int64, unit: String, source: String, setBy: String)
        /// The signal that ended a process. The address is the one that could not be used, if the signal is about one.
        case crash(signal: Int32, address: UInt64?, isStackOverflow: Bool)
        /// What a process ended itself with.
        case exit(status: Int32)
        /// Which deadline passed.
        case deadline(kind: String, milliseconds: Double)
        /// RFC 6901 pointer to the value that is wrong.
        case pointer(String)
        /// Names of what is missing or unknown.
        case names([String])
        case dimensions(expected: Int, actual: Int)
        /// The dynamic linker's own words.
        case linker(String)
        case errno(Int32, call: String)
        /// What the plugin said, as it said it.
        case plugin(Reported)
    }
}

extension PluginError.Facts {
    /// The facts as members of the JSON error object.
    package var members: [String: JSON] {
        switch self {
        case .none: return [:]
        case .file(let path): return ["file": .string(path)]
        case .sdk(let required, let built, let host):
            return [
                "required": .object([
                    "min": .int(Int64(required.minimum)), "max": .optional(required.maximum) { .int(Int64($0)) },
                    "built": .int(Int64(built)),
                ]),
                "host": .object([
                    "min": .int(Int64(host.minimum)), "max": .optional(host.maximum) { .int(Int64($0)) },
                ]),
            ]
        case .findings(let findings): return ["findings": .array(findings.map(\.json))]
        case .limit(let name, let value, let unit, let source):
            return [
                "limit": .string(name), "value": .int(value), "unit": .string(unit), "source": .string(source),
            ]
        case .resourceLimit(let kind, let value, let unit, let source, let owner):
            return [
                "limit": .object([
                    "kind": .string(kind), "value": .int(value), "unit": .string(unit), "source": .string(source),
                    "setBy": .string(owner),
                ])
            ]
        case .crash(let signal, let address, let isStackOverflow):
            return [
                "signal": .int(Int64(signal)),
                "address": .optional(address) { .string("0x\(String($0, radix: 16))") },
                "stackOverflow": .bool(isStackOverflow),
            ]
        case .exit(let status): return ["status": .int(Int64(status))]
        case .deadline(let kind, let milliseconds):
            return ["deadline": .string(kind), "milliseconds": .double(milliseconds)]
        case .pointer(let pointer): return ["pointer": .string(pointer)]
        case .names(let names): return ["names": .array(names.map(JSON.string))]
        case .dimensions(let expected, let actual):
            return ["expected": .int(Int64(expected)), "actual": .int(Int64(actual))]
        case .linker(let text): return ["linker": .string(text)]
        case .errno(let number, let call): return ["errno": .int(Int64(number)), "call": .string(call)]
        case .plugin(let reported):
            var members: [String: JSON] = ["status": .int(Int64(reported.status))]
            if let code = reported.vendorCode { members["vendorCode"] = .int(Int64(code)) }
            if let domain = reported.domain { members["domain"] = .string(domain) }
            if let status = reported.httpStatus { members["httpStatus"] = .int(Int64(status)) }
            if let id = reported.requestID { members["requestID"] = .string(id) }
            if let backtrace = reported.backtrace { members["backtrace"] = .string(backtrace) }
            if reported.details != .null { members["details"] = reported.details }
            return members
        }
    }
}

extension PluginError.Facts {
    /// An error as a plugin reported it.
    public struct Reported: Sendable, Hashable {
        /// The ABI's number.
        public var status: Int32
        /// The plugin's own number, of ``domain``.
        public var vendorCode: Int32?
        /// Whose number it is: "errno", "openai".
        public var domain: String?
        public var httpStatus: Int?
        /// The remote service's name for the request.
        public var requestID: String?
        /// Where it arose, for logs.
        public var backtrace: String?
        /// Further facts, or null.
        public var details: JSON

        public init(
            status: Int32, vendorCode: Int32? = nil, domain: String? = nil, httpStatus: Int? = nil,
            requestID: String? = nil, details: JSON = .null, backtrace: String? = nil
        ) {
            self.status = status
            self.vendorCode = vendorCode
            self.domain = domain
            self.httpStatus = httpStatus
            self.requestID = requestID
            self.details = details
            self.backtrace = backtrace
        }
    }
}

extension Duration {
    /// The duration in milliseconds, as the commands print durations.
    public var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
    }
}
