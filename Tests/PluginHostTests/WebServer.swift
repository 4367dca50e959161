import Foundation
import Synchronization
import Testing

/// Answers requests of HTTP/1.1, on a port that was free; a thread for each connection.
///
/// `/hello` is five bytes, `/large` a million, `/pieces` comes in ten chunks, `/moved?URL` leads elsewhere, and what is
/// sent to `/echo` comes back. Anything else is 404.
final class WebServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let counts = Mutex((connections: 0, requests: 0))

    var connections: Int { counts.withLock { $0.connections } }
    var requests: Int { counts.withLock { $0.requests } }

    /// - Parameter host: an address of this machine, of either family.
    init(_ host: String = "127.0.0.1", port wanted: UInt16 = 0) throws {
        let (listener, port) = try Self.listen(host, wanted)
        (self.listener, self.port) = (listener, port)
        Thread.detachNewThread { [weak self] in
            while true {
                let peer = accept(listener, nil, nil)
                guard peer >= 0 else { return }
                self?.counts.withLock { $0.connections += 1 }
                Thread.detachNewThread { [weak self] in
                    var connection = Connection(peer)
                    while let request = connection.next() {
                        self?.counts.withLock { $0.requests += 1 }
                        guard connection.send(Self.answer(request)) else { break }
                    }
                    close(peer)
                }
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func listen(_ host: String, _ wanted: UInt16) throws -> (socket: Int32, port: UInt16) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        try #require(unsafe getaddrinfo(host, "\(wanted)", &hints, &found) == 0)
        defer { unsafe freeaddrinfo(found) }
        let entry = unsafe try #require(found).pointee
        let made = unsafe socket(entry.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isBound = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            let address = unsafe bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
            return unsafe bind(made, entry.ai_addr, entry.ai_addrlen) == 0 && Glibc.listen(made, 64) == 0
                && getsockname(made, address, &size) == 0
        }
        try #require(isBound, "errno \(errno)")
        // Both families have the port at the same place.
        let port = unsafe withUnsafeBytes(of: storage) { unsafe UInt16($0[2]) << 8 | UInt16($0[3]) }
        return (made, port)
    }

    private struct Request {
        let target: String
        let body: [UInt8]
    }

    private static func answer(_ request: Request) -> [UInt8] {
        func reply(_ status: String, _ body: [UInt8] = [], _ header: String = "") -> [UInt8] {
            Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\(header)\r\n".utf8) + body
        }
        let parts = request.target.split(separator: "?", maxSplits: 1).map(String.init)
        switch parts.first {
        case "/hello": return reply("200 OK", Array("hello".utf8))
        case "/large": return reply("200 OK", [UInt8](repeating: 120, count: 1_000_000))
        case "/echo": return reply("200 OK", request.body)
        case "/moved": return reply("302 Found", [], "Location: \(parts.last ?? "")\r\n")
        case "/pieces":
            let chunk = Array("1000\r\n".utf8) + [UInt8](repeating: 120, count: 4096) + Array("\r\n".utf8)
            return Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
                + (0..<10).flatMap { _ in chunk } + Array("0\r\n\r\n".utf8)
        default: return reply("404 Not Found")
        }
    }

    /// One client's end.
    private struct Connection {
        private static let end = Array("\r\n\r\n".utf8)
        private let peer: Int32
        private var bytes: [UInt8] = []

        init(_ peer: Int32) { self.peer = peer }

        /// nil: it wants nothing more.
        mutating func next() -> Request? {
            var end = bytes.firstRange(of: Self.end)
            while end == nil {
                guard receive() else { return nil }
                end = bytes.firstRange(of: Self.end)
            }
            guard let head = end else { return nil }
            let lines = String(decoding: bytes[..<head.lowerBound], as: UTF8.self).lowercased()
                .components(separatedBy: "\r\n")
            let size = lines.first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
            if lines.contains("expect: 100-continue"), bytes.count == head.upperBound {
                guard send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) else { return nil }
            }
            while bytes.count < head.upperBound + size {
                guard receive() else { return nil }
            }
            let body = Array(bytes[head.upperBound..<head.upperBound + size])
            bytes.removeFirst(head.upperBound + size)
            let words = lines[0].split(separator: " ")
            return words.count == 3 ? Request(target: String(words[1]), body: body) : nil
        }

        private mutating func receive() -> Bool {
            var block = [UInt8](repeating: 0, count: 65536)
            let count = unsafe recv(peer, &block, block.count, 0)
            guard count > 0 else { return false }
            bytes += block.prefix(count)
            return true
        }

        func send(_ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes {
                    unsafe Glibc.send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}
