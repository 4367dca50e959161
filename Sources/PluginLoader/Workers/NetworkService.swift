internal import CPluginWorker
internal import Glibc
package import PluginCore

/// What a host does for the network of a plugin in workers.
struct NetworkService: Sendable {
    let access: NetworkAccess
    let resolver: NetworkResolver
    /// What the plugin's connections may carry.
    let traffic: TrafficAccount
    /// Carries it where it is limited; nil: there is nothing left for one.
    let relay: @Sendable () -> NetworkRelay?
    /// Told of everything that a worker asks for, on a thread of that worker's.
    let observer: @Sendable (NetworkVerdict) -> Void
    /// Told of what is refused; of each thing once a worker.
    let refused: @Sendable (NetworkVerdict) -> Void
}

/// Finds the addresses of a host by its name. May wait; any thread.
package struct NetworkResolver: Sendable {
    /// EAI_* of getaddrinfo(3).
    package struct Failure: Error {
        package let code: Int32

        package init(code: Int32) { self.code = code }
    }

    package let addresses: @Sendable (_ name: String) throws(Failure) -> [NetworkAddress]

    package init(_ addresses: @escaping @Sendable (_ name: String) throws(Failure) -> [NetworkAddress]) {
        self.addresses = addresses
    }

    /// As the system does it: /etc/hosts, and whom /etc/resolv.conf names.
    package static let system = NetworkResolver { name throws(Failure) in
        var found = [kww_network_address](repeating: kww_network_address(), count: Int(KWW_ADDRESS_LIMIT))
        let count = unsafe kww_resolve(name, &found, KWW_ADDRESS_LIMIT)
        guard count >= 0 else { throw Failure(code: count) }
        return found.prefix(Int(count)).compactMap(NetworkAddress.init)
    }
}

extension NetworkAddress {
    /// nil: of a family that is not IP's.
    init?(_ address: kww_network_address) {
        let bytes = unsafe withUnsafeBytes(of: address.bytes) { unsafe Array($0) }
        switch Int32(address.family) {
        case AF_INET: self.init(bytes: Array(bytes.prefix(4)))
        case AF_INET6: self.init(bytes: bytes)
        default: return nil
        }
    }
}

extension kww_network_address {
    init(_ address: NetworkAddress, port: UInt16) {
        self.init()
        family = UInt16(address.bytes.count == 4 ? AF_INET : AF_INET6)
        self.port = port
        unsafe withUnsafeMutableBytes(of: &bytes) { unsafe $0.copyBytes(from: address.bytes) }
    }
}
