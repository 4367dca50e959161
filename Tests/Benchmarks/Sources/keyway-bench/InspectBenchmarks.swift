import CRawHost
import Glibc
import PluginHost

/// Reading files without running them, against the tools that people use for it.
struct InspectBenchmarks {
    private static let files = 1_000

    /// A plugin of usual size.
    let plugin: String
    /// A library of a hundred megabytes or so; nil if the machine has none.
    let large: String?
    /// Where links are made.
    let folder: String

    func rows() async throws -> [Row] {
        let verifier = Verifier()
        _ = try verifier.verify(opening: plugin)
        let small = try await Contest(
            rounds: 101,
            [
                { try Self.timed(50) { _ = try SharedObject(opening: plugin) } },
                { try Self.timed(50) { _ = try verifier.verify(opening: plugin) } },
            ])
        var rows = [
            Row("inspect a plugin", small.result(0), .nanoseconds(50_000)),
            Row("inspect and verify a plugin", small.result(1)),
            try many(),
        ]
        if let large { rows += try largeRows(large) }
        return rows
    }

    private static func timed(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
        let began = raw_now_ns()
        for _ in 0..<count { try body() }
        return Double(raw_now_ns() - began) / Double(count)
    }

    /// As many files under names of their own, one after the other.
    private func many() throws -> Row {
        let paths = (0..<Self.files).map { "\(folder)/link-\($0).so" }
        let source = "\(folder)/source.so"
        let problem = unsafe raw_copy_file(plugin, source)
        guard problem == 0 else { throw BenchmarkError("\(plugin) cannot be copied: error \(problem)") }
        defer { for path in [source] + paths { unsafe unlink(path) } }
        for path in paths {
            guard unsafe link(source, path) == 0 else { throw BenchmarkError("no link \(path): error \(errno)") }
        }
        var times: [Double] = []
        for _ in 0..<11 {
            times.append(try Self.timed(1) { for path in paths { _ = try SharedObject(opening: path) } })
        }
        return Row("inspect 1,000 files", Sample(times), .nanoseconds(40_000_000))
    }

    /// Each in a process of its own, so that the largest memory that it used can be told, too.
    private func largeRows(_ path: String) throws -> [Row] {
        var (ours, memory, readelf, nm): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for _ in 0..<7 {
            let output = try Subprocess.output(of: "/proc/self/exe", ["inspect", path])
            let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            guard numbers.count == 2 else { throw BenchmarkError("an inspection said nothing") }
            ours.append(numbers[0])
            memory.append(numbers[1])
            readelf.append(try Self.timed(1) { _ = try Subprocess.output(of: "/usr/bin/readelf", ["-Ws", path]) })
            nm.append(try Self.timed(1) { _ = try Subprocess.output(of: "/usr/bin/nm", ["-D", path]) })
        }
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw BenchmarkError("\(path) is gone") }
        let what = "inspect \(path.split(separator: "/").last ?? ""), \(status.st_size >> 20) MiB"
        return [
            Row("\(what), over readelf -Ws", Sample(ours), baseline: Sample(readelf), .nanoseconds(150_000_000)),
            Row("  over nm -D", Sample(ours), baseline: Sample(nm)),
            Row("  memory of that process, of 64 MiB", mebibytes: Sample(memory), limit: 64),
        ]
    }

    /// What `keyway-bench inspect` prints: nanoseconds, and the most memory of the process in MiB.
    static func printOne(_ path: String) throws {
        let time = try timed(1) { _ = try SharedObject(opening: path) }
        // Not getrusage: that remembers the process which started this one.
        let status = try Subprocess.output(of: "/bin/cat", ["/proc/\(getpid())/status"])
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        guard let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) })
        else {
            throw BenchmarkError("/proc does not tell the most memory of a process")
        }
        print(time, kibibytes / 1024)
    }
}
