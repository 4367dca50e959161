/// A range of integer SDK versions. `maximum == nil` is open: every later SDK.
///
/// A plugin's range comes from the ABI note of its file, the host's from the headers it was built with.
public struct SDKRange: Sendable, Hashable, CustomStringConvertible {
    public let minimum: UInt32
    public let maximum: UInt32?

    /// - Precondition: `maximum` is nil or not below `minimum`.
    public init(minimum: UInt32, maximum: UInt32?) {
        precondition(maximum.map { minimum <= $0 } ?? true, "an SDK range ends before it begins")
        self.minimum = minimum
        self.maximum = maximum
    }

    public func contains(_ version: UInt32) -> Bool {
        version >= minimum && maximum.map { version <= $0 } ?? true
    }

    /// "1", "1-3" or "1 or later".
    public var description: String {
        switch maximum {
        case nil: "\(minimum) or later"
        case .some(minimum): "\(minimum)"
        case .some(let maximum): "\(minimum)-\(maximum)"
        }
    }
}

/// How a host and a plugin agree on the SDK that both speak, decided from the file before it is loaded.
public enum SDKNegotiation: Sendable, Hashable {
    /// Both speak this one.
    case agreed(UInt32)
    /// The plugin wants a newer host: update the host, or install an older build of the plugin.
    case hostTooOld
    /// The host no longer serves SDKs that old: rebuild the plugin with a newer SDK.
    case pluginTooOld

    /// n = min(host's newest, what the plugin was built with, the plugin's maximum), refused below either minimum.
    ///
    /// - Parameters:
    ///   - host: the host's window; its maximum is never open.
    ///   - plugin: the plugin's range.
    ///   - built: the SDK of the headers that the plugin was compiled with.
    public init(host: SDKRange, plugin: SDKRange, built: UInt32) {
        let ceiling = min(built, plugin.maximum ?? .max)
        let version = min(host.maximum ?? .max, ceiling)
        if version < plugin.minimum {
            self = .hostTooOld
        } else if version < host.minimum {
            self = .pluginTooOld
        } else {
            self = .agreed(version)
        }
    }
}
