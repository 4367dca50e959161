import CRawHost
import Dispatch
import Glibc
import PluginHost

/// Finding plugins: 1,000 files cold and warm, and beside it GStreamer's registry with its own plugins.
struct RegistryBenchmarks {
    private static let files = 1_000

    /// An embedder, copied under ids of its own.
    let plugin: String
    /// Empty, for this alone.
    let folder: String

    func rows() async throws -> [Row] {
        try makePlugins()
        defer { removePlugins() }
        let rows = try inProcess()
        return rows + (try besideGStreamer())
    }

    // MARK: - In this process

    private func inProcess() throws -> [Row] {
        var (cold, hashing, warm): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<11 {
            hashing.append(try Self.timed { try hashAll() })
            cold.append(try Self.timed { try check(Registry(searchPaths: [plugins]).scan(), misses: Self.files) })
        }
        try check(Registry(searchPaths: [plugins], cacheFolder: cache).scan(), misses: Self.files)
        for round in 0..<21 {
            let name = Self.id(round * 17)
            // A registry of its own each time: nothing is left in memory of the one before.
            warm.append(
                try Self.timed {
                    let scan = try Registry(searchPaths: [plugins], cacheFolder: cache).scan()
                    try check(scan, misses: 0)
                    guard scan.entries(named: name).count == 1 else { throw BenchmarkError("\(name) was not found") }
                })
        }
        return [
            Row("scan 1,000 plugins, nothing known", Sample(cold), .nanoseconds(40e6 + Sample(hashing).median)),
            Row("  of which hashing them", Sample(hashing)),
            Row("scan 1,000 unchanged plugins and find one", Sample(warm), .nanoseconds(3_000_000)),
        ]
    }

    private func check(_ scan: RegistryScan, misses: Int) throws {
        guard scan.misses == misses, scan.hits == Self.files - misses else {
            throw BenchmarkError("a scan judged \(scan.misses) files, not \(misses): \(scan.cacheProblem ?? "")")
        }
    }

    /// As a scan does it: on all processors.
    private func hashAll() throws {
        let paths = (0..<Self.files).map(path)
        DispatchQueue.concurrentPerform(iterations: sysconf(Int32(_SC_NPROCESSORS_ONLN))) { thread in
            for index in stride(from: thread, to: paths.count, by: sysconf(Int32(_SC_NPROCESSORS_ONLN))) {
                _ = (try? FileImage(opening: paths[index]))?.digest()
            }
        }
    }

    // MARK: - Beside GStreamer

    /// Nanoseconds from nothing to the plugin of a name; "-" for no cache.
    static func timeToFirstLookUp(_ plugins: String, _ cache: String, _ name: String) throws -> Double {
        let began = raw_now_ns()
        let scan = try Registry(searchPaths: [plugins], cacheFolder: cache == "-" ? nil : cache).scan()
        guard !scan.entries(named: name).isEmpty else { throw BenchmarkError("\(name) was not found") }
        return Double(raw_now_ns() - began)
    }

    /// Each in a process of its own that takes the time itself: GStreamer reads its registry once in a process, and a
    /// program's start is not the registry's. Without GStreamer there are no rows.
    private func besideGStreamer() throws -> [Row] {
        guard let count = try gstreamerPluginCount() else {
            print("GStreamer's registry: skipped, gst-inspect-1.0 is not installed")
            return []
        }
        var (ours, theirs, oursWarm, theirsWarm): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for _ in 0..<15 {
            try forget()
            theirs.append(try gstreamer() / Double(count))
            ours.append(try keyway() / Double(Self.files))
            theirsWarm.append(try gstreamer())
            oursWarm.append(try keyway())
        }
        return [
            Row(
                "cold, for each of 1,000: over each of GStreamer's \(count)", Sample(ours), baseline: Sample(theirs),
                .ratio(1)),
            Row(
                "warm, to the first of 1,000: over GStreamer's \(count)", Sample(oursWarm),
                baseline: Sample(theirsWarm), .ratio(1)),
        ]
    }

    private func keyway() throws -> Double {
        try number(Subprocess.output(of: "/proc/self/exe", ["first-scan", plugins, cache, Self.id(500)]))
    }

    private func gstreamer() throws -> Double {
        try number(
            Subprocess.output(
                of: "/usr/bin/env", ["GST_REGISTRY=\(folder)/gstreamer.bin", own, "first-gstreamer"]))
    }

    /// `env` is another program, for which /proc/self/exe is itself.
    private var own: String {
        guard let path = unsafe realpath("/proc/self/exe", nil) else { return CommandLine.arguments[0] }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private func number(_ text: String) throws -> Double {
        guard let number = Double(text.filter { !$0.isWhitespace }) else { throw BenchmarkError("no time: \(text)") }
        return number
    }

    /// nil without GStreamer.
    private func gstreamerPluginCount() throws -> Int? {
        let inspect = "/usr/bin/gst-inspect-1.0"
        guard unsafe access(inspect, X_OK) == 0 else { return nil }
        let output = try Subprocess.output(
            of: "/usr/bin/env", ["GST_REGISTRY=\(folder)/gstreamer.bin", inspect, "--plugin"])
        let last = output.split(separator: "\n").last { $0.contains("plugin") } ?? ""
        guard let count = last.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) else {
            throw BenchmarkError("gst-inspect-1.0 does not tell how many plugins it has")
        }
        return count
    }

    private func forget() throws {
        unsafe unlink("\(folder)/gstreamer.bin")
        _ = try Registry.clearCache(cache)
    }

    // MARK: - Files

    private var plugins: String { "\(folder)/plugins" }
    private var cache: String { "\(folder)/cache" }

    private static func id(_ number: Int) -> String {
        let digits = "\(number)"
        return "bench-" + String(repeating: "0", count: 7 - digits.count) + digits
    }

    private func path(_ number: Int) -> String { "\(plugins)/\(Self.id(number)).so" }

    /// Each has an id, so a manifest, bytes and a digest, of its own: nothing that is found out about one can be taken over
    /// for another.
    private func makePlugins() throws {
        guard unsafe mkdir(plugins, 0o700) == 0 else { throw BenchmarkError("no folder \(plugins): error \(errno)") }
        guard let image = try? FileImage(opening: plugin), var bytes = image.bytes(at: 0, count: Int(image.size)) else {
            throw BenchmarkError("\(plugin) cannot be read")
        }
        let old = Array("\"id\":\"hash-embedder\"".utf8)
        guard let place = bytes.indices.first(where: { bytes[$0...].starts(with: old) }) else {
            throw BenchmarkError("\(plugin) is not the hash-embedder")
        }
        for number in 0..<Self.files {
            bytes.replaceSubrange(place..<place + old.count, with: Array("\"id\":\"\(Self.id(number))\"".utf8))
            let descriptor = unsafe open(path(number), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw BenchmarkError("no \(path(number)): error \(errno)") }
            let written = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
            guard written == bytes.count else { throw BenchmarkError("\(path(number)) is not written") }
        }
        try settle()
    }

    /// Files as young as a scan are read twice, and real ones are older: returns when the clock of the file system is past
    /// the newest of them.
    private func settle() throws {
        let probe = "\(folder)/clock"
        defer { unsafe unlink(probe) }
        let newest = try Self.changed(path(Self.files - 1))
        repeat {
            unsafe unlink(probe)
            let descriptor = unsafe open(probe, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw BenchmarkError("no \(probe): error \(errno)") }
            close(descriptor)
        } while try Self.changed(probe) < newest + 0.1
    }

    /// Seconds since 1970.
    private static func changed(_ path: String) throws -> Double {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw BenchmarkError("\(path) is gone") }
        return Double(status.st_ctim.tv_sec) + Double(status.st_ctim.tv_nsec) / 1e9
    }

    private func removePlugins() {
        for number in 0..<Self.files { unsafe unlink(path(number)) }
        unsafe rmdir(plugins)
        _ = try? Registry.clearCache(cache)
        unsafe rmdir(cache)
        unsafe unlink("\(folder)/gstreamer.bin")
    }

    private static func timed(_ body: () throws -> Void) rethrows -> Double {
        let began = raw_now_ns()
        try body()
        return Double(raw_now_ns() - began)
    }
}
