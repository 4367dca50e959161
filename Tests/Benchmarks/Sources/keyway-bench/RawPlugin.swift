import CRawHost

/// What went wrong with a measurement itself.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A plugin in the raw C host.
@safe
final class RawPlugin {
    private let plugin: OpaquePointer
    private let path: String

    init(_ path: String) throws {
        var problem: UnsafePointer<CChar>?
        guard let plugin = unsafe raw_open(path, &problem) else {
            let reason = unsafe problem.map { unsafe String(cString: $0) } ?? "no reason given"
            throw BenchmarkError("\(path) cannot be opened: \(reason)")
        }
        unsafe self.plugin = plugin
        self.path = path
    }

    deinit { unsafe raw_close(plugin) }

    /// Nanoseconds of one embed call, over `count` of them.
    func embed(_ engine: raw_engine, _ text: String, dims: Int, count: Int) throws -> Double {
        let took = unsafe raw_embed(plugin, engine, text, UInt64(text.utf8.count), UInt32(dims), UInt64(count))
        return try per(count, took)
    }

    /// Nanoseconds of one event of a stream of `count`.
    func stream(_ engine: raw_engine, count: Int) throws -> Double {
        try per(count, unsafe raw_stream(plugin, engine, UInt64(count)))
    }

    private func per(_ count: Int, _ took: Int64) throws -> Double {
        guard took >= 0 else { throw BenchmarkError("a raw call into \(path) ended with status \(-took)") }
        return Double(took) / Double(count)
    }
}
