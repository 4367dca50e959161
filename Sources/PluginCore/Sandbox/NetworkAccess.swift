/// Which hosts a plugin in a worker may connect to, and where it may be connected to.
///
/// A value that decides; nothing is looked for or connected here. Names are granted, and addresses are connected to: it
/// remembers which addresses the host's own resolution gave for which name, and no other is that name's. So a name whose
/// answers change leads nowhere that the host has not seen, and none leads to this machine.
public struct NetworkAccess: Sendable, Hashable {
    /// Addresses that are remembered: the oldest goes first.
    package static let memory = 1024

    private struct Known: Sendable, Hashable {
        let name: String
        let address: NetworkAddress
    }

    private struct Listening: Sendable, Hashable {
        /// nil: on all of them.
        let host: Host?
        let port: UInt16
    }

    private enum Host: Sendable, Hashable {
        case thisMachine
        case address(NetworkAddress)
    }

    private var patterns: [NetworkPattern] = []
    private var listening: [Listening] = []
    private var known: [Known] = []

    /// Grants nothing.
    init() {}

    /// Is nothing granted?
    public var isEmpty: Bool { patterns.isEmpty && listening.isEmpty }

    /// Is there anybody to connect to?
    public var isConnecting: Bool { !patterns.isEmpty }

    /// May anybody connect to it?
    public var isListening: Bool { !listening.isEmpty }

    // MARK: - Grants

    mutating func allow(_ pattern: NetworkPattern) { patterns.append(pattern) }

    /// - Parameter resource: `PORT`, `localhost:PORT` or `ADDRESS:PORT`.
    /// - Returns: false if it is none of these.
    mutating func allowListening(_ resource: String) -> Bool {
        let colon = resource.lastIndex(of: ":")
        let host = colon.map { resource[..<$0] }
        guard let port = UInt16(colon.map { resource[resource.index(after: $0)...] } ?? resource[...]), port > 0 else {
            return false
        }
        if host == nil || host == "*" {
            listening.append(Listening(host: nil, port: port))
        } else if host?.lowercased() == "localhost" {
            listening.append(Listening(host: .thisMachine, port: port))
        } else if let address = host.flatMap({ NetworkAddress($0) }) {
            listening.append(Listening(host: address.isUnspecified ? nil : .address(address), port: port))
        } else {
            return false
        }
        return true
    }

    // MARK: - Names

    /// A name in the form in which names are compared; nil if it is none.
    package static func name(_ text: String) -> String? {
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        let isFine = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
        }
        return isFine && !name.isEmpty && name.utf8.count <= 253 ? name : nil
    }

    /// May the name's addresses be known?
    /// - Parameter port: nil: that of any grant.
    package func mayResolve(_ text: String, port: UInt16?) -> NetworkVerdict {
        let shown = ControlCharacters.spelled(String(text.prefix(253)))
        let resource = port.map { "\(shown):\($0)" } ?? shown
        guard let name = Self.name(text), NetworkAddress(name) == nil else {
            return NetworkVerdict(.resolve, resource, false, "it is no name of a host")
        }
        let isGranted = patterns.contains { $0.isAbout(name, port: port) }
        return NetworkVerdict(.resolve, resource, isGranted, isGranted ? "granted" : "not granted")
    }

    /// The host has found these. Those that lead to no other host are left out.
    /// - Returns: what is the name's.
    package mutating func remember(_ addresses: [NetworkAddress], of name: String) -> [NetworkAddress] {
        let usable = addresses.filter { !$0.isSpecial }
        for address in usable {
            known.removeAll { $0.name == name && $0.address == address }
            known.append(Known(name: name, address: address))
        }
        known.removeFirst(max(0, known.count - Self.memory))
        return usable
    }

    /// Names that are granted as they are, for this port: an address that nobody has asked for by a name may be theirs.
    package func names(port: UInt16) -> [String] {
        patterns.compactMap { pattern in
            guard let name = pattern.exactHost, pattern.portNumber ?? port == port, NetworkAddress(name) == nil,
                name != "localhost"
            else { return nil }
            return name
        }
    }

    // MARK: - Connections

    package func mayConnect(to address: NetworkAddress, port: UInt16) -> NetworkVerdict {
        func verdict(_ host: String?, _ isAllowed: Bool, _ reason: String) -> NetworkVerdict {
            NetworkVerdict(.connect, host.map { "\($0):\(port)" } ?? address.with(port: port), isAllowed, reason)
        }
        let patterns = patterns.filter { $0.portNumber ?? port == port }
        for pattern in patterns {
            guard let host = pattern.exactHost else { continue }
            if NetworkAddress(host) == address { return verdict(nil, true, "granted") }
            if host == "localhost", address.isThisMachine { return verdict(host, true, "granted") }
        }
        if address.isSpecial {
            return verdict(nil, false, "not granted; names and wildcards do not lead to this machine and its links")
        }
        for entry in known.reversed() where entry.address == address {
            if patterns.contains(where: { $0.isAbout(entry.name, port: port) }) {
                return verdict(entry.name, true, "granted; the host has looked the name up")
            }
        }
        if patterns.contains(where: \.isEverything) { return verdict(nil, true, "granted with every host") }
        return verdict(nil, false, "not granted")
    }

    package func mayListen(on address: NetworkAddress, port: UInt16) -> NetworkVerdict {
        let isGranted = listening.contains { grant in
            guard grant.port == port else { return false }
            return switch grant.host {
            case nil: true
            case .thisMachine: address.isThisMachine
            case .address(let own): own == address
            }
        }
        return NetworkVerdict(.listen, address.with(port: port), isGranted, isGranted ? "granted" : "not granted")
    }
}

extension NetworkAddress {
    /// What `localhost` is: of the addresses that lead to this machine the two that are its name's.
    fileprivate var isThisMachine: Bool { isLoopback && (bytes.count == 16 || bytes == [127, 0, 0, 1]) }
}
