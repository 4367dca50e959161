import Dispatch
import Synchronization

/// Two threads that add to a number: with the argument `guarded` to one in a mutex, which is no race, else to one beside it.
@main
enum Program {
    final class Shared: @unchecked Sendable {  // that `bare` is none is what is to be seen
        let guarded = Mutex(0)
        var bare = 0
    }

    static func main() {
        let shared = Shared()
        let isGuarded = CommandLine.arguments.last == "guarded"
        @Sendable func add() {
            for _ in 0..<100_000 {
                if isGuarded { shared.guarded.withLock { $0 += 1 } } else { shared.bare += 1 }
            }
        }
        let (begun, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        DispatchQueue.global().async {
            begun.signal()
            add()
            ended.signal()
        }
        begun.wait()
        add()
        ended.wait()
    }
}
