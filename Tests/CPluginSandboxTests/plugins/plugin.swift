// What a plugin in Swift does: concurrency, Dispatch, Foundation, and too much memory when it is told to.
import Dispatch
import Foundation

actor Counter {
    private var count = 0
    func increment() -> Int {
        count += 1
        return count
    }
}

struct Item: Codable, Equatable {
    var name: String
    var when: Date
}

final class Box: @unchecked Sendable {
    var value: Int32 = -100
}

@_cdecl("plugin_work")
public func pluginWork(_ folder: UnsafePointer<CChar>) -> Int32 {
    let path = String(cString: folder) + "/of-swift"
    let done = DispatchSemaphore(value: 0)
    let box = Box()
    Task.detached {
        box.value = await work(path)
        done.signal()
    }
    done.wait()
    return box.value
}

func work(_ path: String) async -> Int32 {
    let counter = Counter()
    let total = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
            group.addTask { await counter.increment() }
        }
        return await group.reduce(0, +)
    }
    guard total == 36 else { return -1 }
    try? await Task.sleep(nanoseconds: 1_000_000)
    let item = Item(name: "text", when: Date(timeIntervalSince1970: 0))
    do {
        let data = try JSONEncoder().encode(item)
        for options in [Data.WritingOptions(), .atomic] {
            try data.write(to: URL(fileURLWithPath: path), options: options)
        }
        let read = try Data(contentsOf: URL(fileURLWithPath: path))
        guard try JSONDecoder().decode(Item.self, from: read) == item else { return -2 }
    } catch {
        print("swift plugin: \(error)")
        return -3
    }
    let fired: Bool = await withCheckedContinuation { continuation in
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(1)) {
            continuation.resume(returning: true)
        }
    }
    guard fired else { return -4 }
    let formatter = ISO8601DateFormatter()
    guard formatter.string(from: item.when) == "1970-01-01T00:00:00Z" else { return -5 }
    guard ProcessInfo.processInfo.activeProcessorCount > 0, UUID() != UUID() else { return -6 }
    // What was not given is refused with an error, not a crash.
    guard (try? Data(contentsOf: URL(fileURLWithPath: "/etc/passwd"))) == nil else { return -7 }
    guard (try? String(contentsOfFile: "/usr/lib/os-release", encoding: .utf8)) != nil else { return -8 }
    return 0
}

@_cdecl("plugin_exhaust")
public func pluginExhaust() -> Int32 {
    var memory: [[UInt8]] = []
    while true {
        memory.append([UInt8](repeating: 1, count: 1 << 20))
    }
}
