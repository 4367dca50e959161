internal import CPluginLinux
internal import CPluginWorker
internal import Glibc
internal import PluginCore

/// Connects and listens for one worker, which can do neither, and looks for names. One thread a worker, as long as it lives:
/// names may take long to find, and one worker does not wait for another.
///
/// What the worker writes is a stranger's: a request of another size or kind ends the worker, and requests that come too fast
/// are refused. It decides by what it has copied, and makes the sockets itself, so that nothing changes between the check and
/// the use.
struct NetworkBroker {
    private let service: NetworkService
    private let socket: Int32
    private var access: NetworkAccess
    private var budget = TokenBucket(rate: 500, capacity: 1000, at: now)
    /// When names were looked for that nobody had asked for.
    private var searched: [String: Duration] = [:]
    private var told: Set<NetworkVerdict> = []
    /// When it was last told that something is asked for too often.
    private var slowed: [NetworkVerdict.Kind: Duration] = [:]
    /// That of the worker's connections, if one was relayed.
    private var relay: NetworkRelay?
    private let owner = NetworkRelay.Owner()

    /// Before a name is looked for again, of which the worker only has an address.
    private static let pause = Duration.seconds(5)
    /// Different refusals of one worker that are told.
    private static let tellings = 256

    private static var now: Duration { .nanoseconds(kwl_monotonic_ns()) }

    /// Serves until the worker is gone.
    /// - Parameters:
    ///   - socket: its own from now on.
    ///   - end: ends the worker, which has broken the protocol.
    /// - Returns: false if there is no thread for it; then the socket is the caller's still.
    static func start(_ service: NetworkService, socket: Int32, end: @escaping @Sendable () -> Void) -> Bool {
        DetachedThread.start {
            var broker = NetworkBroker(service, socket)
            if !broker.serve() { end() }
            broker.relay?.end(broker.owner)
            close(socket)
        } == 0
    }

    private init(_ service: NetworkService, _ socket: Int32) {
        self.service = service
        self.socket = socket
        access = service.access
    }

    /// - Returns: false if it was asked for what no honest worker asks for.
    private mutating func serve() -> Bool {
        var request = kww_network_request()
        while true {
            let received = unsafe kww_receive_request(socket, &request)
            guard received > 0 else { return received < 0 }
            var answer = kww_network_answer()
            answer.number = request.number
            var made: Int32 = -1
            switch request.kind {
            case KWW_NETWORK_RESOLVE: answer.error = resolve(request, &answer)
            case KWW_NETWORK_CONNECT, KWW_NETWORK_LISTEN:
                guard let address = NetworkAddress(request.address) else { return false }
                (made, answer.error) =
                    request.kind == KWW_NETWORK_CONNECT ? connect(address, request) : listen(address, request)
            default: return false
            }
            unsafe kww_send_answer(socket, &answer, made)
            if made >= 0 { close(made) }
        }
    }

    /// Tells of a verdict.
    private mutating func tell(_ verdict: NetworkVerdict) -> NetworkVerdict {
        service.observer(verdict)
        if !verdict.isAllowed, told.count < Self.tellings, told.insert(verdict).inserted { service.refused(verdict) }
        return verdict
    }

    /// Whoever asks too often waits, and is not written down each time.
    private mutating func refuseSlowly(_ kind: NetworkVerdict.Kind) {
        usleep(10_000)
        let now = Self.now
        if let last = slowed[kind], now - last < Self.pause { return }
        slowed[kind] = now
        _ = tell(.tooOften(kind))
    }

    // MARK: - Names

    private mutating func resolve(_ request: kww_network_request, _ answer: inout kww_network_answer) -> Int32 {
        guard budget.take(at: Self.now) else {
            refuseSlowly(.resolve)
            return EAI_AGAIN
        }
        let text = unsafe withUnsafeBytes(of: request.name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let port = request.address.port
        guard tell(access.mayResolve(text, port: port == 0 ? nil : port)).isAllowed,
            let name = NetworkAccess.name(text)
        else { return EAI_FAIL }
        do throws(NetworkResolver.Failure) {
            let found = try service.resolver.addresses(name)
            let usable = access.remember(found, of: name)
            if usable.isEmpty, !found.isEmpty {
                _ = tell(.leadsHere(name))
                return EAI_FAIL
            }
            return write(usable, family: Int32(request.address.family), to: &answer)
        } catch {
            return error.code
        }
    }

    private func write(
        _ addresses: [NetworkAddress], family: Int32, to answer: inout kww_network_answer
    ) -> Int32 {
        let wanted = addresses.map { kww_network_address($0, port: 0) }.filter {
            family == AF_UNSPEC || family == Int32($0.family)
        }
        answer.count = UInt32(min(wanted.count, Int(KWW_ADDRESS_LIMIT)))
        unsafe withUnsafeMutableBytes(of: &answer.addresses) { bytes in
            unsafe wanted.prefix(Int(KWW_ADDRESS_LIMIT)).withUnsafeBytes { unsafe bytes.copyMemory(from: $0) }
        }
        return answer.count == 0 ? EAI_NONAME : 0
    }

    /// The plugin has an address, and nobody asked for its name: it may be one that is granted.
    private mutating func search(port: UInt16) {
        for name in access.names(port: port) {
            let now = Self.now
            if let last = searched[name], now - last < Self.pause { continue }
            searched[name] = now
            guard let found = try? service.resolver.addresses(name) else { continue }
            _ = access.remember(found, of: name)
        }
    }

    // MARK: - Sockets

    private mutating func connect(_ address: NetworkAddress, _ request: kww_network_request) -> (Int32, Int32) {
        guard budget.take(at: Self.now) else {
            refuseSlowly(.connect)
            return (-1, EAGAIN)
        }
        let port = request.address.port
        if !access.mayConnect(to: address, port: port).isAllowed, !address.isSpecial { search(port: port) }
        guard tell(access.mayConnect(to: address, port: port)).isAllowed else { return (-1, EACCES) }
        var (to, error) = (request.address, Int32(0))
        let made = unsafe kww_start_connection(&to, &error)
        guard made >= 0, service.traffic.isLimited else { return (made, error) }
        return relay(made, family: Int32(to.family))
    }

    /// What goes over the connection is limited: the worker gets one to this host instead.
    private mutating func relay(_ made: Int32, family: Int32) -> (Int32, Int32) {
        // Nearby it is known at once, and why.
        let failure = kww_socket_error(made)
        if failure == 0, relay == nil { relay = service.relay() }
        guard failure == 0, let relay else {
            close(made)
            return (-1, failure != 0 ? failure : ENOBUFS)
        }
        return relay.open(made, family: family, owner, service.traffic)
    }

    private mutating func listen(_ address: NetworkAddress, _ request: kww_network_request) -> (Int32, Int32) {
        guard budget.take(at: Self.now) else {
            refuseSlowly(.listen)
            return (-1, EAGAIN)
        }
        let verdict = tell(access.mayListen(on: address, port: request.address.port))
        guard verdict.isAllowed else { return (-1, EACCES) }
        var (at, error) = (request.address, Int32(0))
        let made = unsafe kww_start_listening(&at, request.is_v6_only == 0 ? 0 : 1, &error)
        return (made, error)
    }
}
