internal import CPluginCall
internal import PluginABI
internal import PluginCore
internal import Synchronization

/// A streaming operation: the plugin runs on a host thread and fills a mailbox, one task takes the events out.
///
/// `Raw` is what the plugin emits, `Event` what the consumer sees; between them stands a fold that checks the contract.
/// The fold runs on the consumer's side, so that a failure's `partial` is exactly what the consumer was given.
final class PluginStream<Raw: Sendable, Event: Sendable>: EventSource {
    typealias Element = Event

    /// What one raw element becomes, and what is kept of the answer if it fails.
    struct Fold: Sendable {
        /// The events for one raw element; throws what the plugin broke.
        var accept: @Sendable (Raw) throws(PluginError) -> [Event]
        /// Completes an error with what had arrived.
        var complete: @Sendable (PluginError) -> PluginError
    }

    private let mailbox: Mailbox<Raw>
    private let cancellation = Cancellation()
    private let fold: Fold
    private let pending = Mutex<(events: [Event], head: Int)>(([], 0))
    private let operation: StaticString
    private let plugin: String
    private let timer: Task<Void, Never>?

    /// - Parameter body: runs on a host thread; puts elements into the mailbox and returns when the plugin did.
    init(
        _ operation: StaticString, of plugin: String, _ context: CallContext, traits: Mailbox<Raw>.Traits, fold: Fold,
        body: @escaping @Sendable (Mailbox<Raw>, Cancellation) throws(PluginError) -> Void
    ) {
        let deadlines = StreamDeadlines(context.deadlines)
        let mailbox = Mailbox<Raw>(traits: traits, deadlines: deadlines)
        let cancellation = cancellation
        self.mailbox = mailbox
        self.fold = fold
        self.operation = operation
        self.plugin = plugin
        timer = deadlines.map { deadlines in
            Task {
                guard let (kind, limit) = await deadlines.passed(isConsumerBehind: { mailbox.waiting > 0 }) else {
                    return
                }
                mailbox.cancel(.deadlinePassed(limit, operation, plugin, kind: kind))
                cancellation.cancel()
            }
        }
        HostThreads.shared.submit {
            do throws(PluginError) {
                try body(mailbox, cancellation)
                mailbox.finish(.success(()))
            } catch {
                mailbox.finish(.failure(error))
            }
        }
    }

    deinit {
        timer?.cancel()
        stop(.cancelled(operation, plugin))
    }

    private func stop(_ error: PluginError) {
        mailbox.cancel(error)
        cancellation.cancel()
    }

    func next() async throws(PluginError) -> Event? {
        while true {
            if let event = takePending() { return event }
            let raw: Raw?
            do throws(PluginError) {
                raw = try await mailbox.next(onRoom: { cancellation.wake() }) { [weak self] in
                    guard let self else { return }
                    self.stop(.cancelled(self.operation, self.plugin))
                }
            } catch {
                throw fold.complete(error)
            }
            guard let raw else {
                timer?.cancel()
                return nil
            }
            do throws(PluginError) {
                let events = try fold.accept(raw)
                if events.count == 1 { return events[0] }
                pending.withLock { $0 = (events, 0) }
            } catch {
                stop(error)
                throw fold.complete(error)
            }
        }
    }

    private func takePending() -> Event? {
        pending.withLock { pending in
            guard pending.head < pending.events.count else { return nil }
            defer { pending.head += 1 }
            return pending.events[pending.head]
        }
    }
}
