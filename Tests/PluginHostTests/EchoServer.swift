import Foundation
import Testing

/// Something that listens, on a port that was free, and sends back what it gets.
final class EchoServer: Sendable {
    let port: UInt16
    private let listener: Int32

    /// - Parameters:
    ///   - host: an address of this machine.
    ///   - answer: what is done with a caller, on a thread of its own, which closes it; nil: it gets back what it sends.
    init(
        _ host: String = "127.0.0.1", port wanted: UInt16 = 0, answer: (@Sendable (Int32) -> Void)? = nil
    ) throws {
        let (listener, port) = try Self.bind(host, wanted)
        (self.listener, self.port) = (listener, port)
        try #require(listen(listener, 64) == 0)
        Self.serve(listener, answer ?? Self.echo)
    }

    /// Takes callers until the listener is shut down.
    static func serve(_ listener: Int32, _ answer: @escaping @Sendable (Int32) -> Void = echo) {
        Thread.detachNewThread {
            while true {
                let peer = accept(listener, nil, nil)
                guard peer >= 0 else { return }
                Self.answer(peer, answer)
            }
        }
    }

    static func bind(_ host: String, _ wanted: UInt16) throws -> (socket: Int32, port: UInt16) {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = try Self.address(host, wanted)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = unsafe bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
            return unsafe Glibc.bind(made, pointer, size) == 0 && getsockname(made, pointer, &size) == 0
        }
        try #require(isBound, "errno \(errno)")
        return (made, UInt16(bigEndian: address.sin_port))
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func answer(_ peer: Int32, _ answer: @escaping @Sendable (Int32) -> Void) {
        Thread.detachNewThread { answer(peer) }
    }

    static func echo(_ peer: Int32) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe recv(peer, &bytes, bytes.count, 0)
            guard count > 0, unsafe send(peer, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        close(peer)
    }

    /// Connects, and says "ping". Returns what comes back, or nil if nobody listens.
    static func ask(_ port: UInt16, at host: String = "127.0.0.1") throws -> String? {
        guard let peer = try dial(port, at: host) else { return nil }
        defer { close(peer) }
        guard unsafe send(peer, Array("ping".utf8), 4, Int32(MSG_NOSIGNAL)) == 4 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4)
        let count = unsafe recv(peer, &bytes, 4, Int32(MSG_WAITALL))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// A connection; nil if nobody listens.
    static func dial(_ port: UInt16, at host: String = "127.0.0.1") throws -> Int32? {
        let peer = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = try address(host, port)
        let result = unsafe withUnsafeMutableBytes(of: &address) { bytes in
            unsafe connect(
                peer, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!, socklen_t(bytes.count))
        }
        if result == 0 { return peer }
        close(peer)
        return nil
    }

    private static func address(_ host: String, _ port: UInt16) throws -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        try #require(unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1)
        return address
    }

    /// A port on which nobody listens, as far as anybody knows.
    static func freePort() throws -> UInt16 {
        let (socket, port) = try bind("127.0.0.1", 0)
        close(socket)
        return port
    }

    /// An address of this machine that is no loopback's; nil: it has none.
    static var ownAddress: String? { ownAddress(AF_INET, socklen_t(MemoryLayout<sockaddr_in>.size)) }

    /// The same of IPv6.
    static var ownAddressOfSix: String? { ownAddress(AF_INET6, socklen_t(MemoryLayout<sockaddr_in6>.size)) }

    private static func ownAddress(_ family: Int32, _ size: socklen_t) -> String? {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&first) == 0 else { return nil }
        defer { unsafe freeifaddrs(first) }
        var next = unsafe first
        while let entry = unsafe next {
            defer { unsafe next = entry.pointee.ifa_next }
            guard let address = unsafe entry.pointee.ifa_addr, unsafe Int32(address.pointee.sa_family) == family,
                unsafe entry.pointee.ifa_flags & UInt32(IFF_LOOPBACK) == 0
            else { continue }
            var text = [CChar](repeating: 0, count: 64)
            _ = unsafe getnameinfo(address, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if !name.hasPrefix("169.254."), !name.hasPrefix("fe80:") { return name }
        }
        return nil
    }
}

/// Somewhere that neither takes connections nor refuses them, until it is told what to do.
final class ClosedDoor: Sendable {
    let port: UInt16
    private let listener: Int32
    /// Takes the one place that there is for those that wait.
    private let first: Int32

    init() throws {
        (listener, port) = try EchoServer.bind("127.0.0.1", 0)
        try #require(listen(listener, 0) == 0)
        first = try #require(try EchoServer.dial(port))
    }

    deinit {
        close(first)
        close(listener)
    }

    /// Until the kernel has somebody who knocks.
    func waitForCaller() throws {
        let end = "0100007F:" + String(format: "%04X", port)
        let connecting = "02"
        while true {
            // To its end: what reads files as a whole takes the first page of it for all.
            let file = try #require(FileHandle(forReadingAtPath: "/proc/net/tcp"))
            var table: [UInt8] = []
            while let page = try file.read(upToCount: 4096), !page.isEmpty { table += page }
            let rows = String(decoding: table, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ") }
            if rows.contains(where: { $0.count > 3 && $0[2] == end && $0[3] == connecting }) { return }
        }
    }

    /// Takes all callers, who get back what they send.
    func open() { EchoServer.serve(listener) }

    /// Refuses them from now on.
    func lock() { shutdown(listener, Int32(SHUT_RDWR)) }
}
