import CRawHost
import Glibc
import PluginHost

/// From a file to a living plugin, over dlopen and dlsym of the same file. Every load gets a copy of the file: the
/// dynamic linker would recognise one that it has mapped.
struct LoadBenchmarks {
    private static let loads = 200
    private static let firstLoads = 15

    let plugin: String
    /// Where copies are made.
    let folder: String

    /// What one load took, in nanoseconds.
    struct Times {
        var total = 0.0
        var inspect = 0.0
        var load = 0.0
        var create = 0.0
    }

    func rows() throws -> [Row] {
        let logger = Logger(label: "benchmark")
        let loader = PluginLoader(logger: logger, metrics: { _ in })
        var (ours, theirs): ([Times], [Double]) = ([], [])
        for number in 0..<Self.loads {
            try withCopy(number * 2) { theirs.append(try Self.rawLoad($0)) }
            try withCopy(number * 2 + 1) { ours.append(try Self.load($0, loader)) }
        }
        let (first, firstRaw) = try firstLoads()
        let raw = Sample(theirs)
        func row(_ what: String, _ part: (Times) -> Double, _ budget: Budget = .none) -> Row {
            Row(what, Sample(ours.map(part)), baseline: raw, budget)
        }
        return [
            row("load: inspect + verify + dlopen + import + create", \.total, .ratio(4)),
            row("  open, copy, read, verify", \.inspect), row("  dlopen, entry, import", \.load),
            row("  create, start", \.create),
            Row("first load of a process", Sample(first.map(\.total)), baseline: Sample(firstRaw)),
            Row("  open, copy, read, verify", Sample(first.map(\.inspect))),
            Row("  dlopen, entry, import", Sample(first.map(\.load))),
            Row("  create, start", Sample(first.map(\.create))),
        ]
    }

    static func load(_ path: String, _ loader: PluginLoader) throws -> Times {
        let began = raw_now_ns()
        let prepared = try loader.prepare(path)
        let loaded = try prepared.load()
        let plugin = try loaded.create()
        let total = raw_now_ns() - began
        return Times(
            total: Double(total), inspect: prepared.inspectTime.nanoseconds, load: loaded.loadTime.nanoseconds,
            create: plugin.createTime.nanoseconds)
    }

    static func rawLoad(_ path: String) throws -> Double {
        let took = unsafe raw_load(path)
        guard took >= 0 else { throw BenchmarkError("dlopen refused \(path)") }
        return Double(took)
    }

    private func withCopy(_ number: Int, _ body: (String) throws -> Void) throws {
        let copy = "\(folder)/copy-\(number).so"
        let problem = unsafe raw_copy_file(plugin, copy)
        guard problem == 0 else { throw BenchmarkError("\(plugin) cannot be copied to \(copy): error \(problem)") }
        defer { unsafe unlink(copy) }
        try body(copy)
    }

    // MARK: - First loads, each in a process of its own

    private func firstLoads() throws -> (ours: [Times], raw: [Double]) {
        var (ours, theirs): ([Times], [Double]) = ([], [])
        for number in 0..<Self.firstLoads {
            try withCopy(number) { copy in
                let numbers = try Self.child(["first-load", "raw", copy])
                guard numbers.count == 1 else { throw BenchmarkError("a first load said nothing") }
                theirs.append(numbers[0])
            }
            try withCopy(number) { copy in
                let numbers = try Self.child(["first-load", "keyway", copy])
                guard numbers.count == 4 else { throw BenchmarkError("a first load said nothing") }
                ours.append(Times(total: numbers[0], inspect: numbers[1], load: numbers[2], create: numbers[3]))
            }
        }
        return (ours, theirs)
    }

    /// What `keyway-bench first-load` prints: nanoseconds.
    static func printFirstLoad(_ host: String, _ path: String) throws {
        switch host {
        case "raw": print(try rawLoad(path))
        case "keyway":
            let times = try load(path, PluginLoader(logger: Logger(label: "benchmark"), metrics: { _ in }))
            print(times.total, times.inspect, times.load, times.create)
        default: throw BenchmarkError("first-load knows keyway and raw, not \(host)")
        }
    }

    /// Runs this program again and reads the numbers that it prints.
    private static func child(_ arguments: [String]) throws -> [Double] {
        let output = try Subprocess.output(of: "/proc/self/exe", arguments)
        return output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    }
}

extension Duration {
    fileprivate var nanoseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1e9 + Double(attoseconds) / 1e9
    }
}
