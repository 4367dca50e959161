import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("The registry's cache", .needsCompiler, .timeLimit(.minutes(10)))
struct RegistryCacheTests {
    /// A scanned folder of two plugins and a file that is none.
    private func scanned() throws -> (place: RegistryPlace, entries: [RegistryEntry], cache: URL) {
        let place = try RegistryPlace()
        try place.add("one", id: "one-001")
        try place.add("two", id: "two-002")
        try Data("text".utf8).write(to: URL(fileURLWithPath: place.plugins + "/text.so"))
        try place.settle()
        let scan = try place.registry().scan()
        return (place, scan.entries, URL(fileURLWithPath: try #require(scan.cacheFile)))
    }

    private func same(_ left: [RegistryEntry], _ right: [RegistryEntry]) -> Bool {
        left.map(\.file) == right.map(\.file) && left.map(\.id) == right.map(\.id)
            && left.map(\.state) == right.map(\.state) && left.map(\.digest) == right.map(\.digest)
    }

    @Test("belongs to the user alone, in a folder of the user alone")
    func modes() throws {
        let (place, _, cache) = try scanned()
        defer { withExtendedLifetime(place) {} }
        let mode = { (path: String) in
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(cache.path) == 0o600 && mode(cache.deletingLastPathComponent().path) == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: cache.deletingLastPathComponent().path)
        #expect(names == [cache.lastPathComponent])
    }

    @Test("cut at any byte is made anew")
    func truncated() throws {
        let (place, entries, cache) = try scanned()
        let whole = try Data(contentsOf: cache)
        for length in 0..<whole.count {
            try whole.prefix(length).write(to: cache)
            unsafe chmod(cache.path, 0o600)
            let scan = try place.registry().scan()
            #expect(same(scan.entries, entries), "cut at \(length)")
            #expect(scan.misses == 3 && scan.cacheProblem?.contains("not used") == true, "cut at \(length)")
        }
        #expect(try place.registry().scan().hits == 3)
    }

    @Test("with any byte changed is made anew")
    func damaged() throws {
        let (place, entries, cache) = try scanned()
        let whole = try Data(contentsOf: cache)
        for place_ in stride(from: 0, to: whole.count, by: 7) {
            var bytes = whole
            bytes[place_] ^= 0x41
            try bytes.write(to: cache)
            unsafe chmod(cache.path, 0o600)
            let scan = try place.registry().scan()
            #expect(same(scan.entries, entries) && scan.misses == 3, "byte \(place_)")
        }
    }

    @Test("that lies with the right checksum cannot trap, and never makes a plugin of a file that is none")
    func forged() throws {
        let (place, entries, cache) = try scanned()
        let whole = [UInt8](try Data(contentsOf: cache))
        var random = SplitMix(seed: 7)
        for round in 0..<500 {
            var bytes = whole
            for _ in 0...Int(random.next() % 4) {
                let index = 24 + Int(random.next() % UInt64(bytes.count - 25))
                bytes[index] = random.next() % 3 == 0 ? 0xFF : UInt8(truncatingIfNeeded: random.next())
            }
            let sum = Checksum.crc32c(bytes[16...])
            for byte in 0..<4 { bytes[12 + byte] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(byte))) }
            try Data(bytes).write(to: cache)
            unsafe chmod(cache.path, 0o600)
            let scan = try place.registry().scan()
            // Whoever can write the cache can lie in it; what must hold is that reading it ends.
            for entry in scan.entries { _ = (entry.json, entry.manifest, entry.candidate) }
            _ = (scan.entries(named: "one-001"), scan.entries(offering: "keyway.embedder/1"), scan.missReasons)
            #expect(scan.entries.count <= whole.count, "round \(round)")
        }
        try Data(whole).write(to: cache)
        unsafe chmod(cache.path, 0o600)
        #expect(same(try place.registry().scan().entries, entries))
    }

    @Test("of another user, open to others, a link or no file at all is not read")
    func foreign() throws {
        let (place, entries, cache) = try scanned()
        let whole = try Data(contentsOf: cache)
        func check(_ what: String, _ reason: String) throws {
            let scan = try place.registry().scan()
            #expect(same(scan.entries, entries) && scan.misses == 3, "\(what)")
            #expect(scan.cacheProblem?.contains(reason) == true, "\(what): \(scan.cacheProblem ?? "")")
        }
        unsafe chmod(cache.path, 0o666)
        try check("writable by all", "others may write it")
        let other = place.folder.path + "/elsewhere.bin"
        try whole.write(to: URL(fileURLWithPath: other))
        try FileManager.default.removeItem(at: cache)
        try FileManager.default.createSymbolicLink(atPath: cache.path, withDestinationPath: other)
        try check("a link", "cannot be opened")
        try FileManager.default.removeItem(at: cache)
        try #require(unsafe mkfifo(cache.path, 0o600) == 0)
        try check("a pipe", "not a regular file")
        try FileManager.default.removeItem(at: cache)
        try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: false)
        try check("a folder", "cannot be")
    }

    @Test("of another owner is not read", .enabled(if: geteuid() == 0, "only root can give a file away"))
    func otherOwner() throws {
        let (place, entries, cache) = try scanned()
        try #require(unsafe chown(cache.path, 65534, 65534) == 0)
        let scan = try place.registry().scan()
        #expect(same(scan.entries, entries) && scan.cacheProblem?.contains("belongs to user 65534") == true)
    }

    @Test("of another version is made anew, also by that version")
    func otherVersion() throws {
        let (place, entries, cache) = try scanned()
        var bytes = [UInt8](try Data(contentsOf: cache))
        bytes[8] += 1
        try Data(bytes).write(to: cache)
        unsafe chmod(cache.path, 0o600)
        let scan = try place.registry().scan()
        #expect(same(scan.entries, entries) && scan.cacheProblem?.contains("another version") == true)
        #expect(try place.registry().scan().hits == 3)
    }

    @Test("replaced, cut or removed while a scan is held harms nobody")
    func replacedWhileHeld() throws {
        let (place, entries, cache) = try scanned()
        let held = try place.registry().scan()
        try FileHandle(forWritingTo: cache).truncate(atOffset: 0)
        #expect(same(held.entries, entries))
        try FileManager.default.removeItem(at: cache)
        #expect(held.entries(named: "one-001").first?.digest == entries.first { $0.id == "one-001" }?.digest)
    }

    @Test("that finds no room leaves the old one, and the scan stands")
    func diskFull() async throws {
        // A process of its own: the limit on the length of files, which stands in for the disk, is for the whole process.
        await #expect(processExitsWith: .success) {
            let place = try RegistryPlace()
            try place.add("one", id: "one-001")
            try place.settle()
            let before = try place.registry().scan()
            let cache = URL(fileURLWithPath: try #require(before.cacheFile))
            let old = try Data(contentsOf: cache)
            try place.add("two", id: "two-002")
            // What was just written is judged from a copy in memory, and the limit is on that as well.
            try place.settle()
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 700, rlim_max: 700)
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let scan = try place.registry().scan()
            #expect(scan.entries.map(\.id) == ["one-001", "two-002"])
            #expect(scan.cacheProblem?.contains("cannot be written") == true)
            #expect(try Data(contentsOf: cache) == old)
            let names = try FileManager.default.contentsOfDirectory(atPath: place.cache)
            #expect(names == [cache.lastPathComponent])
        }
    }

    @Test("of a folder that cannot be made costs the cache, not the scan")
    func noFolder() throws {
        let place = try RegistryPlace()
        try place.add("one")
        try Data().write(to: URL(fileURLWithPath: place.cache))
        let scan = try place.registry().scan()
        #expect(scan.entries.count == 1 && scan.cacheProblem != nil)
    }

    @Test("is shared by many at once, while plugins come and go")
    func concurrent() async throws {
        let place = try RegistryPlace()
        for number in 0..<10 { try place.add("p\(number)", id: PluginCopies.id(number)) }
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<15 {
                        let entries = try place.registry().scan().entries
                        // The ones that stay are always there.
                        #expect(entries.filter { $0.state == .available && $0.id! < PluginCopies.id(10) }.count == 10)
                    }
                }
            }
            group.addTask {
                for number in 10..<40 {
                    let path = try place.add("q\(number)", id: PluginCopies.id(number))
                    if number % 2 == 0 { try FileManager.default.removeItem(atPath: path) }
                }
            }
            try await group.waitForAll()
        }
        let entries = try place.registry().scan().entries
        #expect(entries.count == 25 && entries.allSatisfy { $0.state == .available })
        let names = try FileManager.default.contentsOfDirectory(atPath: place.cache)
        #expect(names.count == 1)
    }

    @Test("takes away what no scan has used for thirty days, and nothing that is locked, or not a cache of this user")
    func unused() throws {
        let place = try RegistryPlace()
        try place.add("one", id: "one-001")
        try FileManager.default.createDirectory(atPath: place.cache, withIntermediateDirectories: false)
        let day = 86400.0
        func make(_ name: String, days: Double) throws {
            let path = "\(place.cache)/\(name)"
            try Data("old".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -days * day)], ofItemAtPath: path)
        }
        let old = "registry-x86_64-0123456789abcdef.bin"
        let locked = "registry-aarch64-0123456789abcdef.bin"
        let others = ["registry-x86_64-notes.bin", "registry.bin", "x-\(old)", "\(old).txt", "passages.bin", locked]
        for name in others + [old, "\(old).12.ab.new"] { try make(name, days: 31) }
        try make("registry-x86_64-0123456789abcdee.bin", days: 29)
        try FileManager.default.createSymbolicLink(
            atPath: "\(place.cache)/registry-x86_64-0123456789abcded.bin", withDestinationPath: "passages.bin")
        let lock = try FileHandle(forReadingFrom: URL(fileURLWithPath: "\(place.cache)/\(locked)"))
        try #require(flock(lock.fileDescriptor, LOCK_EX | LOCK_NB) == 0)
        let own = URL(fileURLWithPath: try #require(try place.registry().scan().cacheFile)).lastPathComponent
        let kept = ["registry-x86_64-0123456789abcdee.bin", "registry-x86_64-0123456789abcded.bin", own]
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: place.cache)) == Set(others + kept))
    }

    @Test("that is used stays as if it were new")
    func used() throws {
        let (place, _, cache) = try scanned()
        func modified() throws -> Date? {
            try FileManager.default.attributesOfItem(atPath: cache.path)[.modificationDate] as? Date
        }
        let long = Date(timeIntervalSinceNow: -40 * 86400)
        try FileManager.default.setAttributes([.modificationDate: long], ofItemAtPath: cache.path)
        #expect(try place.registry().scan().misses == 0)
        #expect(try #require(try modified()) > Date(timeIntervalSinceNow: -86400))
    }

    @Test("is cleared, and only that")
    func clear() throws {
        let (place, _, cache) = try scanned()
        try Data().write(to: URL(fileURLWithPath: place.cache + "/other.bin"))
        #expect(try Registry.clearCache(place.cache) == [cache.path])
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.cache) == ["other.bin"])
        #expect(try Registry.clearCache(place.cache) == [] && Registry.clearCache(place.cache + "/none") == [])
    }
}
