internal import CPluginSandbox
public import PluginCore

/// One mechanism of the kernel by which plugins are kept apart, and whether this user has it here.
public struct SandboxFacility: Sendable, Hashable {
    /// Such as "landlock.files".
    public let name: String
    public let isAvailable: Bool
    /// What it needs, such as "Linux 5.13".
    public let minimum: String
    /// Why it is not there; nil if it is.
    public let why: String?

    /// What there is on this machine. Everything is tried, partly in a child process; takes some milliseconds and blocks.
    public static func detect() -> [SandboxFacility] {
        let room = Int(KWS_FACILITY_LIMIT)
        return unsafe withUnsafeTemporaryAllocation(of: kws_facility.self, capacity: room) { facilities in
            let count = unsafe kws_mechanisms(facilities.baseAddress, room)
            return unsafe facilities.prefix(count).map { facility in
                let why = unsafe withUnsafeBytes(of: facility.why) { text in
                    unsafe String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
                }
                return unsafe SandboxFacility(
                    name: String(cString: facility.name), isAvailable: facility.available != 0,
                    minimum: String(cString: facility.minimum), why: facility.available != 0 || why.isEmpty ? nil : why)
            }
        }
    }

    /// `{name,available,minimum,why}`.
    public var json: JSON {
        [
            "name": .string(name), "available": .bool(isAvailable), "minimum": .string(minimum),
            "why": .optional(why, JSON.string),
        ]
    }
}
