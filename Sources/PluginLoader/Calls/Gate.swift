/// At most `limit` operations at a time, in no order.
struct Gate: Sendable {
    let limit: UInt32
    let used = Monitor<UInt32>(0)

    func enter() {
        used.wait { used -> Void? in
            guard used < limit else { return nil }
            used += 1
            return ()
        }
    }

    func leave() {
        used.withLock { $0 -= 1 }
        used.signalOne()
    }
}
