import PluginCore
import Synchronization
import Testing

@testable import PluginLoader

@Suite("Mailboxes", .timeLimit(.minutes(10)))
struct MailboxTests {
    private let gone = PluginError(.cancelled, "gone")

    private func mailbox(limit: Int = 1000) -> Mailbox<String> {
        Mailbox(limit: limit, traits: .init(cost: { $0.utf8.count }, merge: { _, _ in false }))
    }

    private func next(_ mailbox: Mailbox<String>, onRoom: () -> Void = {}) async throws(PluginError) -> String? {
        try await mailbox.next(onRoom: onRoom, onCancel: { mailbox.cancel(PluginError(.cancelled, "task")) })
    }

    @Test("what waits comes before the end")
    func end() async throws {
        let mailbox = mailbox()
        #expect(mailbox.put("a", mayWait: true) == .taken)
        #expect(mailbox.put("b", mayWait: true) == .taken)
        mailbox.finish(.failure(gone))
        #expect(try await next(mailbox) == "a")
        #expect(try await next(mailbox) == "b")
        let error = await failure { () async throws(PluginError) in try await next(mailbox) }
        #expect(error?.what == "gone")
    }

    @Test("empty elements weigh something, too")
    func overhead() {
        let mailbox = mailbox()
        var taken = 0
        while taken < 100_000, mailbox.put("", mayWait: false) == .taken { taken += 1 }
        #expect(taken == 500 / Mailbox<String>.overhead)
        #expect(mailbox.waiting <= 1000)
    }

    @Test("an element larger than the limit passes when it is alone")
    func large() async throws {
        let mailbox = mailbox(limit: 10)
        #expect(mailbox.put(String(repeating: "x", count: 100), mayWait: false) == .taken)
        #expect(mailbox.put("y", mayWait: false) == .full)
        var wasTold = false
        #expect(try await next(mailbox, onRoom: { wasTold = true })?.count == 100)
        #expect(wasTold)
        #expect(mailbox.put("y", mayWait: false) == .taken)
    }

    @Test("elements of one kind join while the consumer is behind, and lose nothing")
    func merging() async throws {
        let mailbox = Mailbox<String>(
            limit: 1000,
            traits: .init(
                cost: { $0.utf8.count },
                merge: { last, more in
                    last += more
                    return true
                }))
        for index in 0..<100 { #expect(mailbox.put("\(index % 10)", mayWait: true) == .taken) }
        mailbox.finish(.success(()))
        #expect(try await next(mailbox) == String(repeating: "0123456789", count: 10))
        #expect(try await next(mailbox) == nil)
    }

    @Test("cancelling drops what waits, refuses what comes and outlives the end")
    func cancel() async throws {
        let mailbox = mailbox()
        #expect(mailbox.put("a", mayWait: true) == .taken)
        mailbox.finish(.success(()))
        mailbox.cancel(gone)
        #expect(mailbox.put("b", mayWait: true) == .cancelled)
        let error = await failure { () async throws(PluginError) in try await next(mailbox) }
        #expect(error?.what == "gone")
    }

    @Test("a task that is cancelled already gets no element")
    func cancelledTask() async {
        let mailbox = mailbox()
        #expect(mailbox.put("a", mayWait: true) == .taken)
        let task = Task { () -> PluginError? in
            while !Task.isCancelled { await Task.yield() }
            return await failure { () async throws(PluginError) in try await next(mailbox) }
        }
        task.cancel()
        #expect(await task.value?.what == "task")
    }

    @Test("nothing is lost or out of order between a thread and a task", arguments: [100, 1000, 100_000])
    func handOver(limit: Int) async throws {
        let mailbox = mailbox(limit: limit)
        HostThreads.shared.submit {
            for index in 0..<20_000 { _ = mailbox.put("\(index)", mayWait: true) }
            mailbox.finish(.success(()))
        }
        var expected = 0
        while let element = try await next(mailbox) {
            guard element == "\(expected)" else {
                Issue.record("\(element) came where \(expected) was due")
                break
            }
            expected += 1
        }
        #expect(expected == 20_000)
    }
}

@Suite("Host threads", .timeLimit(.minutes(10)))
struct HostThreadsTests {
    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    @Test("never more threads than the limit, and every job runs")
    func limit() async {
        let threads = HostThreads(limit: 3)
        let (inside, most) = (Counter(), Counter())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        threads.submit {
                            let now = inside.value.add(1, ordering: .relaxed).newValue
                            most.value.max(now, ordering: .relaxed)
                            inside.value.subtract(1, ordering: .relaxed)
                            continuation.resume()
                        }
                    }
                }
            }
        }
        #expect(most.value.load(ordering: .relaxed) <= 3)
        #expect((1...3).contains(threads.threadCount))
    }

    @Test("a thread that waits takes the next job: one at a time needs one thread")
    func reuse() async {
        let threads = HostThreads(limit: 100)
        for _ in 0..<100 {
            await withCheckedContinuation { continuation in threads.submit { continuation.resume() } }
            // The job's end is told before its thread waits again.
            while threads.idleCount < threads.threadCount { await Task.yield() }
        }
        #expect(threads.threadCount == 1)
    }
}
