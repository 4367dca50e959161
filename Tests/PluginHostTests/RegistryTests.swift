import Foundation
import PluginHost
import TestPrograms
import Testing

@Suite("The registry", .needsCompiler, .timeLimit(.minutes(10)))
struct RegistryTests {
    @Test("tells what each file is, and why it is refused")
    func describes() throws {
        let place = try RegistryPlace()
        try place.add("good", id: "good-01")
        try Data("text".utf8).write(to: URL(fileURLWithPath: place.plugins + "/text.so"))
        try Sample.build(in: place.folder, name: "new", macros: ["NOTE_MIN=2", "NOTE_MAX=2"])
        try FileManager.default.moveItem(atPath: place.folder.path + "/new.so", toPath: place.plugins + "/new.so")
        try Data("not looked at".utf8).write(to: URL(fileURLWithPath: place.plugins + "/notes.txt"))
        let scan = try place.registry().scan()
        let entries = scan.entries
        #expect(entries.map { FileManager.default.displayName(atPath: $0.file) } == ["good.so", "new.so", "text.so"])
        let good = entries[0]
        #expect(good.id == "good-01" && good.version?.description == "1.2.3" && good.type == "embedder")
        #expect(good.state == .available && good.isLoadable && good.reason == nil && good.error == nil)
        #expect(good.language == "C" && good.sdk == SDKRange(minimum: 1, maximum: 1))
        #expect(good.interfaces.contains("keyway.embedder/1") && good.digest?.count == 64)
        #expect(good.manifest?.id == "good-01")
        #expect(entries[1].state == .refused && entries[1].rules.contains("N003"))
        #expect(entries[2].state == .refused && entries[2].id == nil && entries[2].name == "text")
        #expect(entries[2].reason?.isEmpty == false && entries[2].error?.code == .validation)
        #expect(scan.hits == 0 && scan.misses == 3)
    }

    @Test("a second scan judges nothing, and says the same")
    func cached() throws {
        let place = try RegistryPlace()
        for number in 0..<20 { try place.add("p\(number)", id: PluginCopies.id(number)) }
        try Data("text".utf8).write(to: URL(fileURLWithPath: place.plugins + "/text.so"))
        try place.settle()
        let first = try place.registry().scan()
        let second = try place.registry().scan()
        #expect(first.misses == 21 && second.misses == 0 && second.hits == 21)
        #expect(first.entries == second.entries && second.cacheProblem == nil)
        #expect(Set(first.missReasons.values) == ["it is new"] && second.missReasons.isEmpty)
    }

    @Test("a swap with the old size and times of modification is seen, and only that file is judged")
    func swapped() throws {
        let place = try RegistryPlace()
        let path = try place.add("one", id: "one-001")
        try place.add("two", id: "two-002")
        try place.settle()
        _ = try place.registry().scan()
        let times = try FileManager.default.attributesOfItem(atPath: path)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let range = try #require(bytes.range(of: Data("one-001".utf8)))
        bytes.replaceSubrange(range, with: Data("new-001".utf8))
        // In place: neither the folder nor the inode changes.
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.write(contentsOf: bytes)
        try handle.close()
        try FileManager.default.setAttributes(
            [.modificationDate: try #require(times[.modificationDate])], ofItemAtPath: path)
        let scan = try place.registry().scan()
        #expect(scan.entries.map(\.id) == ["new-001", "two-002"])
        #expect(scan.misses == 1 && scan.missReasons[path] == "the file changed")
    }

    @Test("a file that was only touched keeps its verdict")
    func touched() throws {
        let place = try RegistryPlace()
        let path = try place.add("one")
        try place.settle()
        _ = try place.registry().scan()
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 5)], ofItemAtPath: path)
        let scan = try place.registry().scan()
        #expect(scan.hits == 1 && scan.misses == 0)
    }

    @Test("plugins that come, go and move are seen")
    func folderChanges() throws {
        let place = try RegistryPlace()
        try place.add("one", id: "one-001")
        try place.settle()
        let registry = place.registry()
        #expect(try registry.scan().entries.map(\.id) == ["one-001"])
        try place.add("two", id: "two-002")
        #expect(try registry.scan().entries.map(\.id) == ["one-001", "two-002"])
        try FileManager.default.removeItem(atPath: place.plugins + "/one.so")
        #expect(try registry.scan().entries.map(\.id) == ["two-002"])
        try FileManager.default.createDirectory(atPath: place.plugins + "/pack", withIntermediateDirectories: false)
        try PluginCopies.copy(place.built, to: place.plugins + "/pack/three.so", id: "three-3")
        #expect(try registry.scan().entries.map(\.id) == ["two-002", "three-3"])
        #expect(try place.registry(depth: 1).scan().entries.map(\.id) == ["two-002"])
        try FileManager.default.moveItem(atPath: place.plugins, toPath: place.plugins + "-gone")
        let gone = try registry.scan()
        #expect(gone.entries.isEmpty && gone.folderProblems.first?.problem == "there is no such folder")
    }

    @Test("a plugin refused for a missing library is judged again when the library appears")
    func missingLibrary() throws {
        let place = try RegistryPlace()
        let library = place.folder.path + "/libneeded-for-test.so"
        try RegistryPlace.compile("int needed(void) { return 1; }", to: library, ["-Wl,-soname,libneeded-for-test.so"])
        try Sample.build(
            in: place.folder, name: "needs", macros: [],
            link: ["-Wl,--no-as-needed", library, "-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags"])
        try FileManager.default.moveItem(atPath: place.folder.path + "/needs.so", toPath: place.plugins + "/needs.so")
        try place.settle()
        let before = try place.registry().scan()
        #expect(before.entries[0].state == .refused && before.entries[0].rules.contains("S030"))
        let again = try place.registry().scan()
        #expect(again.misses == 0)
        try FileManager.default.moveItem(atPath: library, toPath: place.plugins + "/libneeded-for-test.so")
        let after = try place.registry().scan()
        let needs = try #require(after.entries.first { $0.name == "fixture" })
        #expect(needs.state == .available)
        #expect(after.missReasons[needs.file]?.contains("libneeded-for-test.so changed") == true)
    }

    @Test("libraries beside a plugin in a folder of its own are no plugins")
    func privateLibraries() throws {
        let place = try RegistryPlace()
        let pack = place.plugins + "/pack"
        try FileManager.default.createDirectory(atPath: pack, withIntermediateDirectories: false)
        try PluginCopies.copy(place.built, to: pack + "/one.so", id: "one-001")
        try RegistryPlace.compile("int helper(void) { return 1; }", to: pack + "/libhelper.so")
        try RegistryPlace.compile("int helper(void) { return 1; }", to: place.plugins + "/libother.so")
        let scan = try place.registry().scan()
        #expect(scan.entries.map(\.name) == ["libother", "fixture"] || scan.entries.map(\.id) == [nil, "one-001"])
        #expect(scan.entries.map(\.state) == [.refused, .available])
    }

    @Test("another policy, or other search folders, have verdicts of their own")
    func environment() throws {
        let place = try RegistryPlace()
        try place.add("one")
        try place.settle()
        #expect(try place.registry().scan().misses == 1)
        var strict = place.registry()
        strict.verifier.policy.deniedLibraries = ["libc.so.6"]
        let judged = try strict.scan()
        #expect(judged.misses == 1 && judged.entries[0].state == .refused)
        #expect(judged.missReasons.values.first == "the host, its policy or its environment changed")
        #expect(try place.registry().scan().entries[0].state == .available)
        var other = place.registry()
        other.searchPaths.append(place.folder.path)
        #expect(try other.scan().entries.count == 2)
    }

    @Test("of two files of one id and version the first answers to the id, the other to its file's name")
    func shadowed() throws {
        let place = try RegistryPlace()
        try place.add("a")
        try place.add("b")
        let scan = try place.registry().scan()
        #expect(scan.entries.map(\.state) == [.available, .shadowed])
        #expect(scan.entries(named: "fixture").map { $0.file } == ["a", "b"].map { "\(place.plugins)/\($0).so" })
        #expect(scan.entries(named: "b").first?.file == place.plugins + "/b.so")
        #expect(scan.entries(named: "b").first?.isLoadable == true)
    }

    @Test("look-ups by interface, type and name find what offers them, and nothing else")
    func lookUp() throws {
        let place = try RegistryPlace()
        for number in 0..<50 { try place.add("p\(number)", id: PluginCopies.id(number)) }
        try Data("text".utf8).write(to: URL(fileURLWithPath: place.plugins + "/text.so"))
        let scan = try place.registry().scan()
        #expect(scan.entries(offering: "keyway.embedder/1").count == 50)
        #expect(scan.entries(offering: "keyway.embedder/2").isEmpty && scan.entries(offering: "").isEmpty)
        #expect(scan.entries(ofType: "embedder").count == 50 && scan.entries(ofType: "embed").isEmpty)
        for number in 0..<50 {
            #expect(scan.entries(named: PluginCopies.id(number)).map(\.file) == ["\(place.plugins)/p\(number).so"])
            #expect(scan.entries(named: "p\(number)").count == 1)
        }
        #expect(scan.entries(named: "text").map(\.state) == [.refused])
        #expect(scan.entries(named: "p").isEmpty && scan.entries(named: "p500000").isEmpty)
    }

    @Test("of different plugins the first by file name answers, whatever their versions; of one plugin the newest")
    func versions() throws {
        let place = try RegistryPlace()
        let folder = try Sample.Folder()
        for (name, id, version) in [
            ("a", "acme-one", "1.0.0"), ("b", "other", "9.0.0"), ("c", "acme-one", "2.0.0"), ("d", "acme-one", "1.5.0"),
        ] {
            let path = try Sample.build(in: folder, name: name, id: id, version: version)
            try FileManager.default.moveItem(atPath: path, toPath: "\(place.plugins)/\(name).so")
        }
        let scan = try place.registry().scan()
        let order = ["c", "d", "a", "b"].map { "\(place.plugins)/\($0).so" }
        #expect(scan.entries(offering: "keyway.embedder/1").map(\.file) == order)
        #expect(scan.entries(named: "acme-one").map(\.file) == order.dropLast())
        // What cannot be loaded does not hold a place for its other versions.
        try DisabledPlugins(stateFolder: place.state).disable(.init(name: "a", reason: nil, since: 0))
        try DisabledPlugins(stateFolder: place.state).disable(.init(name: "c", reason: nil, since: 0))
        #expect(
            try place.registry().scan().entries(offering: "keyway.embedder/1").map(\.file)
                == ["b", "d", "c", "a"].map { "\(place.plugins)/\($0).so" })
    }

    @Test("what is disabled stays off in other processes and later, with its reason, until it is enabled")
    func disabled() async throws {
        let place = try RegistryPlace()
        let path = try place.add("one", id: "one-001")
        try place.add("two", id: "two-002")
        let disabled = DisabledPlugins(stateFolder: place.state)
        try disabled.disable(.init(name: "one-*", reason: "it leaks", since: 100))
        let registry = place.registry()
        let scan = try registry.scan()
        #expect(scan.entries.map(\.state) == [.disabled, .available])
        #expect(scan.entries[0].reason == "it is disabled: it leaks")
        #expect(scan.entries[0].remedy?.contains("enable 'one-*'") == true)
        var configuration = PluginHost.Configuration()
        configuration.stateFolder = place.state
        let refused = await PluginHost(configuration).tryLoad(path)
        #expect(refused.error?.code == .disabled && refused.manifest?.id == "one-001" && refused.plugin == nil)
        #expect(try disabled.enable("one-*") && disabled.enable("one-*") == false)
        #expect(try registry.scan().entries.map(\.state) == [.available, .available])
    }

    @Test("a filter turns off by glob, and what it allows stays on")
    func filter() throws {
        let place = try RegistryPlace()
        for number in 0..<3 { try place.add("p\(number)", id: PluginCopies.id(number)) }
        var registry = place.registry()
        registry.filter = PluginFilter(disabled: ["*"], allowed: [PluginCopies.id(1), "p2"])
        #expect(try registry.scan().entries.map(\.state) == [.disabled, .available, .available])
        registry.filter = PluginFilter(disabled: ["p00000[01]"])
        #expect(try registry.scan().entries.map(\.state) == [.disabled, .disabled, .available])
    }
}
