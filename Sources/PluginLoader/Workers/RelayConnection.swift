internal import CPluginWorker
internal import Glibc
internal import PluginCore

/// One connection of a plugin whose traffic is limited: its two halves, and what is on the way between them.
///
/// Of each direction no more is held than one turn of ``TrafficShaper``. What the other end does not take yet is not followed
/// by more, so that whoever sends is held back by TCP itself.
struct RelayConnection: Sendable {
    /// A half.
    private struct End {
        let descriptor: Int32
        var isReadable = false
        var isWritable = false
    }

    /// One direction.
    private struct Stream {
        /// Read, and not yet written.
        var rest: [UInt8] = []
        /// Nothing more comes.
        var isEnded = false
        /// The other end was told so.
        var isPassedOn = false
    }

    enum Outcome { case goesOn, over, broken }

    let number: UInt64
    let account: TrafficAccount
    let owner: NetworkRelay.Owner
    private var remote: End
    private var local: End
    /// The worker's half, held until it is connected; -1: it is.
    private var theirs: Int32
    private var sent = Stream()
    private var received = Stream()
    /// The worker is gone; when what it sent is given up.
    private(set) var deadline: Duration?

    init(
        _ number: UInt64, _ account: TrafficAccount, _ owner: NetworkRelay.Owner, remote: Int32, local: Int32,
        theirs: Int32
    ) {
        (self.number, self.account, self.owner, self.theirs) = (number, account, owner, theirs)
        (self.remote, self.local) = (End(descriptor: remote), End(descriptor: local))
    }

    var isConnecting: Bool { theirs >= 0 }

    // MARK: - Beginning

    /// - Returns: an errno, or 0.
    func watch(_ readiness: Int32) -> Int32 {
        kww_relay_tune(remote.descriptor)
        return kww_watch_readiness(readiness, remote.descriptor, number << 1)
    }

    /// The connection to the other end was made, or was not.
    mutating func complete(_ what: UInt32, _ readiness: Int32) -> Outcome {
        guard what & (KWW_WRITABLE | KWW_FAILED) != 0 else { return .goesOn }
        guard kww_socket_error(remote.descriptor) == 0, kww_relay_join(local.descriptor, theirs) == 0 else {
            return .broken
        }
        Glibc.close(theirs)
        theirs = -1
        kww_relay_tune(local.descriptor)
        (remote.isReadable, remote.isWritable) = (what & KWW_READABLE != 0, true)
        return kww_watch_readiness(readiness, local.descriptor, number << 1 | 1) == 0 ? .goesOn : .broken
    }

    // MARK: - Carrying

    /// Something has become possible with one of the halves.
    mutating func note(_ what: UInt32, isLocal: Bool) -> Outcome {
        func update(_ end: inout End) {
            if what & KWW_READABLE != 0 { end.isReadable = true }
            if what & KWW_WRITABLE != 0 { end.isWritable = true }
        }
        if isLocal { update(&local) } else { update(&remote) }
        // Whoever still reads from it is told by that, after what came before; else nobody would be.
        if what & KWW_FAILED != 0, isLocal ? sent.isEnded : received.isEnded { return .broken }
        return .goesOn
    }

    /// Writes what was read before, and passes ends on.
    mutating func advance() -> Outcome {
        guard Self.advance(&sent, to: &remote), Self.advance(&received, to: &local) else { return .broken }
        return sent.isPassedOn && received.isPassedOn ? .over : .goesOn
    }

    /// - Returns: false if the connection is broken.
    private static func advance(_ stream: inout Stream, to end: inout End) -> Bool {
        if !stream.rest.isEmpty {
            guard let count = write(stream.rest[...], to: &end) else { return false }
            stream.rest.removeFirst(count)
        }
        if stream.rest.isEmpty, stream.isEnded, !stream.isPassedOn {
            stream.isPassedOn = true
            // One that is gone already says so when it is read.
            shutdown(end.descriptor, Int32(SHUT_WR))
        }
        return true
    }

    /// Directions that would carry something now, if they may.
    var wishes: [TrafficDirection] {
        TrafficDirection.allCases.filter { direction in
            direction == .sent ? Self.wants(sent, local, remote) : Self.wants(received, remote, local)
        }
    }

    private static func wants(_ stream: Stream, _ source: End, _ target: End) -> Bool {
        stream.rest.isEmpty && !stream.isEnded && source.isReadable && target.isWritable
    }

    /// Carries at most so many bytes.
    /// - Parameter buffer: for at least so many.
    /// - Returns: how many were read, which count.
    mutating func carry(_ direction: TrafficDirection, _ bytes: Int, _ buffer: inout [UInt8]) -> (Int, Outcome) {
        guard !isConnecting, wishes.contains(direction) else { return (0, .goesOn) }
        let (count, isWhole) =
            direction == .sent
            ? Self.carry(&sent, &local, &remote, bytes, &buffer)
            : Self.carry(&received, &remote, &local, bytes, &buffer)
        return (count, isWhole ? advance() : .broken)
    }

    private static func carry(
        _ stream: inout Stream, _ source: inout End, _ target: inout End, _ bytes: Int, _ buffer: inout [UInt8]
    ) -> (Int, Bool) {
        let count = unsafe recv(source.descriptor, &buffer, min(bytes, buffer.count), 0)
        if count < 0, errno == EINTR { return (0, true) }
        if count < 0, errno == EAGAIN {
            source.isReadable = false
            return (0, true)
        }
        guard count >= 0 else { return (0, false) }
        if count == 0 {
            stream.isEnded = true
            return (0, true)
        }
        guard let written = write(buffer[..<count], to: &target) else { return (count, false) }
        if written < count { stream.rest = Array(buffer[written..<count]) }
        return (count, true)
    }

    /// - Returns: how many were written; nil: it is broken.
    private static func write(_ bytes: ArraySlice<UInt8>, to end: inout End) -> Int? {
        let descriptor = end.descriptor
        var rest = bytes
        // Until it would have to wait: only then somebody tells when it need not.
        while end.isWritable, !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno != EAGAIN { return nil }
            if count < 0 { end.isWritable = false } else { rest = rest.dropFirst(count) }
        }
        return bytes.count - rest.count
    }

    // MARK: - Ending

    /// Its worker is gone: what it sent still goes out, until the deadline; what comes is for nobody.
    mutating func orphan(until deadline: Duration) -> Outcome {
        self.deadline = deadline
        received = Stream(isEnded: true, isPassedOn: true)
        return isConnecting ? .over : advance()
    }

    /// Closes it.
    /// - Parameter isBroken: whether both ends are to know that it did not end as they wanted.
    func close(isBroken: Bool) {
        account.close(number)
        if isConnecting {
            // Whoever waits for it, and has it as well, finds it failed.
            shutdown(theirs, Int32(SHUT_RDWR))
            Glibc.close(theirs)
        }
        for end in [remote, local] {
            if isBroken { kww_reset_connection(end.descriptor) } else { Glibc.close(end.descriptor) }
        }
    }

    /// Nobody relays it.
    func dropped() { close(isBroken: true) }
}
