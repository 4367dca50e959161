import Foundation
import PluginHost

/// One end of a Unix socket without any knowledge of what is spoken. Blocks, so that it is used by ``blocking(_:)``.
final class RawSocket: Sendable {
    struct Failure: Error { let call: String, number: Int32 }

    let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    static func connect(_ path: String) throws -> RawSocket {
        let socket = try make()
        guard unsafe with(path, { unsafe Glibc.connect(socket.descriptor, $0, $1) }) == 0 else {
            throw Failure(call: "connect", number: errno)
        }
        return socket
    }

    static func listen(_ path: String) throws -> RawSocket {
        let socket = try make()
        guard unsafe with(path, { unsafe bind(socket.descriptor, $0, $1) }) == 0,
            Glibc.listen(socket.descriptor, 5) == 0
        else { throw Failure(call: "bind", number: errno) }
        return socket
    }

    func accept() -> RawSocket { RawSocket(descriptor: Glibc.accept(descriptor, nil, nil)) }

    private static func make() throws -> RawSocket {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", number: errno) }
        return RawSocket(descriptor: descriptor)
    }

    @unsafe
    private static func with(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8.prefix(107))) }
        return unsafe withUnsafePointer(to: address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// - Returns: whether all of it was taken.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    func send(_ line: String) -> Bool { send(Array(line.utf8) + [0x0A]) }

    func closeWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next line; nil at the end.
    func line() -> JSON? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe recv(descriptor, &byte, 1, 0) == 1 {
            if byte == 0x0A { return try? JSON(parsing: line, what: "a line") }
            line.append(byte)
        }
        return nil
    }

    /// Runs the body on a thread of its own: it may wait for tasks.
    static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }
}
