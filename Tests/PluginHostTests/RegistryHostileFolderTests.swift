import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("A folder that means no good", .needsCompiler, .timeLimit(.minutes(10)))
struct RegistryHostileFolderTests {
    @Test("of pipes, devices, sockets, loops and folders is listed to the end, each with its reason")
    func kinds() throws {
        let place = try RegistryPlace()
        try place.add("good", id: "good-01")
        let path = { (name: String) in "\(place.plugins)/\(name).so" }
        try #require(unsafe mkfifo(path("pipe"), 0o600) == 0)
        let files = FileManager.default
        try files.createSymbolicLink(atPath: path("zero"), withDestinationPath: "/dev/zero")
        try files.createSymbolicLink(atPath: path("terminal"), withDestinationPath: "/dev/tty")
        try files.createSymbolicLink(atPath: path("loop"), withDestinationPath: path("loop"))
        try files.createSymbolicLink(atPath: path("dangling"), withDestinationPath: "nowhere")
        try files.createDirectory(atPath: path("folder"), withIntermediateDirectories: false)
        try Data().write(to: URL(fileURLWithPath: path("empty")))
        let socket = try Self.socket(at: path("socket"))
        defer { close(socket) }
        let scan = try place.registry().scan()
        let reasons = Dictionary(uniqueKeysWithValues: scan.entries.map { ($0.name, ($0.state, $0.reason ?? "")) })
        #expect(reasons.count == 9 && reasons["good-01"]?.0 == .available)
        for (name, words) in [
            ("pipe", "not a regular file"), ("zero", "not a regular file"), ("terminal", "not a regular file"),
            ("loop", "lead in a circle"), ("dangling", "does not exist"), ("folder", "is a directory"),
            ("empty", "empty"), ("socket", "not a regular file"),
        ] {
            #expect(reasons[name]?.0 == .refused, "\(name)")
            #expect(reasons[name]?.1.contains(words) == true, "\(name): \(reasons[name]?.1 ?? "none")")
        }
        try place.settle()
        _ = try place.registry().scan()
        #expect(try place.registry().scan().misses == 0)
    }

    @Test("with a file of a terabyte, and names that only look alike, is told exactly")
    func sizesAndNames() throws {
        let place = try RegistryPlace()
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        try place.add(composed, id: "one-001")
        try place.add(decomposed, id: "two-002")
        let large = "\(place.plugins)/large.so"
        try Data([0x7F, 0x45, 0x4C, 0x46]).write(to: URL(fileURLWithPath: large))
        try FileHandle(forWritingTo: URL(fileURLWithPath: large)).truncate(atOffset: 1 << 40)
        let scan = try place.registry().scan()
        let files = Dictionary(uniqueKeysWithValues: scan.entries.map { ($0.id ?? $0.name, Array($0.file.utf8)) })
        #expect(files["one-001"] == Array("\(place.plugins)/\(composed).so".utf8))
        #expect(files["two-002"] == Array("\(place.plugins)/\(decomposed).so".utf8))
        #expect(scan.entries.first { $0.name == "large" }?.state == .refused)
        #expect(try place.registry().scan().entries.map(\.id) == scan.entries.map(\.id))
    }

    @Test("of a hundred thousand files is read to the end")
    func many() throws {
        let place = try RegistryPlace()
        try place.add("good", id: "good-01")
        for number in 0..<100_000 {
            let descriptor = unsafe open("\(place.plugins)/file-\(number).txt", O_CREAT | O_WRONLY, 0o600)
            try #require(descriptor >= 0)
            close(descriptor)
        }
        let link = "\(place.plugins)/good.so"
        for number in 0..<1_000 { try #require(unsafe symlink(link, "\(place.plugins)/link-\(number).so") == 0) }
        let scan = try place.registry().scan()
        #expect(scan.entries.count == 1_001 && scan.entries.filter { $0.state == .available }.count == 1)
        #expect(scan.entries(named: "link-999").first?.state == .shadowed)
    }

    @Test("whose files change while they are read gives no verdict about a mixture")
    func changing() async throws {
        let place = try RegistryPlace()
        let path = try place.add("one", id: "one-001")
        let good = try Data(contentsOf: URL(fileURLWithPath: path))
        let digests = try await withThrowingTaskGroup(of: Set<String>.self) { group in
            group.addTask {
                for round in 0..<200 {
                    // In place and in parts, as a careless copy does it.
                    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
                    try file.truncate(atOffset: UInt64(good.count / (round % 7 + 1)))
                    try file.seek(toOffset: 0)
                    try file.write(contentsOf: good)
                    try file.close()
                }
                return []
            }
            group.addTask {
                var digests: Set<String> = []
                for _ in 0..<100 {
                    let entry = try #require(try place.registry().scan().entries.first)
                    if entry.state == .available { digests.insert(entry.digest ?? "") }
                    #expect(entry.state == .available || entry.reason?.isEmpty == false)
                }
                return digests
            }
            return try await group.reduce(Set()) { $0.union($1) }
        }
        let entry = try #require(try place.registry().scan().entries.first)
        #expect(entry.state == .available && entry.id == "one-001", "\(entry)")
        // Whatever was found sound had exactly the bytes that the file had at one moment: those of its beginning. A file that
        // is cut behind its last segment is sound.
        let folder = try Sample.Folder()
        let cuts = Set((1...7).map { good.count / $0 } + Array(stride(from: 0, to: good.count, by: 4096)))
        let beginnings = try cuts.map { count in
            let part = "\(folder.path)/\(count)"
            try good.prefix(count).write(to: URL(fileURLWithPath: part))
            return try PluginScanner(path: part).digest()
        }
        #expect(beginnings.contains(entry.digest ?? "") && digests.isSubset(of: beginnings))
    }

    @Test("that may not be read is named", .enabled(if: geteuid() != 0, "root may read every folder"))
    func unreadable() throws {
        let place = try RegistryPlace()
        unsafe chmod(place.plugins, 0)
        defer { unsafe chmod(place.plugins, 0o700) }
        let scan = try place.registry().scan()
        #expect(scan.folderProblems.first?.problem == "it may not be read by this user")
    }

    private static func socket(at path: String) throws -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8) + [0]
        try #require(bytes.count <= 108)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        return descriptor
    }
}
