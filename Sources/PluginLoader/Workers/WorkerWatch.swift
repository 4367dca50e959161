internal import CPluginWorker
internal import Crypto
internal import Glibc
internal import PluginCore
internal import Synchronization

/// What a remote asks and tells on its callers' threads: whether a call may be made, that one ended its worker, and that calls
/// have begun or ceased to wait.
///
/// A call is known by the digest of build, operation and arguments: the same call that ended two workers is not made for a
/// while, so that one caller does not take a plugin from all others.
final class WorkerWatch: Sendable {
    private struct State {
        var ledger = PoisonLedger()
        var observer = Observer()
    }

    /// Whom to ask and to tell.
    struct Observer: Sendable {
        var waitingChanged: @Sendable () -> Void = {}
        /// Whether calls are to be asked about: else they cost nothing.
        var isJudging: @Sendable (Bool) -> Void = { _ in }
    }

    private let build: String
    private let host: HostTable
    private let clock: @Sendable () -> Duration
    private let state = Mutex(State())

    init(build: String, host: HostTable, clock: @escaping @Sendable () -> Duration) {
        self.build = build
        self.host = host
        self.clock = clock
    }

    func observe(_ observer: Observer) { state.withLock { $0.observer = observer } }

    /// The calls that ended workers lately.
    var records: [PoisonLedger.Record] { state.withLock { $0.ledger.list(at: clock()) } }

    /// Lets all calls be made again.
    func clear() {
        let observer = state.withLock { state in
            state.ledger.clearAll()
            return state.observer
        }
        observer.isJudging(false)
    }

    private func key(_ operation: UnsafePointer<CChar>?, _ bytes: UnsafeRawPointer?, _ length: UInt64) -> String {
        var hash = SHA256()
        hash.update(data: Array(build.utf8))
        if let operation = unsafe operation { hash.update(data: Array(unsafe String(cString: operation).utf8) + [0]) }
        unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(start: bytes, count: Int(length)))
        return Hexadecimal.text(hash.finalize())
    }

    private func isRefused(_ key: String) -> Bool {
        let now = clock()
        let (until, isOver, observer) = state.withLock { state in
            (state.ledger.refusal(of: key, at: now), state.ledger.list(at: now).isEmpty, state.observer)
        }
        if isOver { observer.isJudging(false) }
        return until != nil
    }

    /// - Parameter process: of the worker; no two of them have one number at a time.
    private func blame(_ process: Int32, _ key: String) {
        let now = clock()
        let observer = state.withLock { state in
            state.ledger.died(WorkerID(rawValue: UInt64(UInt32(bitPattern: process))), of: key, at: now)
            return state.observer
        }
        observer.isJudging(true)
    }

    private func tellWaiting() { state.withLock { $0.observer }.waitingChanged() }

    private static func of(_ context: UnsafeMutableRawPointer?) -> WorkerWatch {
        unsafe Unmanaged<WorkerWatch>.fromOpaque(context!).takeUnretainedValue()
    }

    /// For a remote that this outlives.
    var table: kww_watch {
        unsafe kww_watch(
            context: Unmanaged.passUnretained(self).toOpaque(),
            judge: { context, operation, bytes, length in
                let watch = unsafe WorkerWatch.of(context)
                return watch.isRefused(unsafe watch.key(operation, bytes, length)) ? 1 : 0
            },
            blame: { context, process, operation, bytes, length in
                let watch = unsafe WorkerWatch.of(context)
                unsafe watch.blame(process, watch.key(operation, bytes, length))
            },
            waiting: { context in unsafe WorkerWatch.of(context).tellWaiting() }, host: host.pointer, interfaces: nil)
    }
}
