import Foundation
import PluginHost
import Testing

@Suite("A state file", .timeLimit(.minutes(10)))
struct StateFileTests {
    private func failure(_ body: () throws(PluginError) -> Void) -> PluginError? {
        do throws(PluginError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("keeps a document for this user alone, and leaves nothing beside it but its lock")
    func keeps() throws {
        let folder = try Sample.Folder()
        let file = StateFile("\(folder.path)/a/b/state.json")
        #expect(try file.read() == nil)
        try file.update { old throws(PluginError) in
            #expect(old == nil)
            return ["x": 1]
        }
        #expect(try file.read() == ["x": 1])
        try file.update { old throws(PluginError) in ["x": 2, "old": old ?? .null] }
        #expect(try file.read() == ["x": 2, "old": ["x": 1]])
        #expect(try mode(file.path) == 0o600 && mode("\(folder.path)/a/b") == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/a/b")
        #expect(names.sorted() == ["state.json", "state.json.lock"])
    }

    @Test("stays as it was when the change fails, or changes nothing")
    func unchanged() throws {
        let folder = try Sample.Folder()
        let file = StateFile("\(folder.path)/s/state.json")
        try file.update { _ throws(PluginError) in ["x": 1] }
        let before = try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? Int
        let error = failure { () throws(PluginError) in
            try file.update { _ throws(PluginError) in throw PluginError(.conflict, "no") }
        }
        #expect(error?.code == .conflict)
        try file.update { old throws(PluginError) in old ?? .null }
        let after = try FileManager.default.attributesOfItem(atPath: file.path)[.systemFileNumber] as? Int
        #expect(before != nil && before == after)
        #expect(try file.read() == ["x": 1])
    }

    @Test("loses no change of many that come at once")
    func together() async throws {
        let folder = try Sample.Folder()
        let path = "\(folder.path)/s/state.json"
        try await withThrowingTaskGroup { group in
            for writer in 0..<8 {
                group.addTask {
                    for number in 0..<20 {
                        try StateFile(path).update { old throws(PluginError) in
                            .array((old?.arrayValue ?? []) + [.string("\(writer)-\(number)")])
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let written = try StateFile(path).read()?.arrayValue ?? []
        #expect(written.count == 160 && Set(written).count == 160)
    }

    @Test("that was cut anywhere is an error that says what to do, and is not replaced")
    func cut() throws {
        let folder = try Sample.Folder()
        let file = StateFile("\(folder.path)/s/state.json")
        try file.update { _ throws(PluginError) in ["name": "value", "list": [1, 2.5, nil, true]] }
        let whole = try Data(contentsOf: URL(fileURLWithPath: file.path))
        for count in 0..<(whole.count - 1) {
            let cut = whole.prefix(count)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file.path))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: cut)
            try handle.close()
            let reading = failure { () throws(PluginError) in _ = try file.read() }
            #expect(reading?.code == .dataLoss && reading?.remedy != nil, "\(count) bytes: \(reading as Any)")
            let writing = failure { () throws(PluginError) in try file.update { _ throws(PluginError) in ["new": 1] } }
            #expect(writing?.code == .dataLoss)
            #expect(try Data(contentsOf: URL(fileURLWithPath: file.path)) == cut)
        }
    }

    @Test("that others can write is refused, and so is a folder", arguments: [0o620, 0o602, 0o666])
    func writable(mode: Int) throws {
        let folder = try Sample.Folder()
        let file = StateFile("\(folder.path)/s/state.json")
        try file.update { _ throws(PluginError) in ["x": 1] }
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        let reading = failure { () throws(PluginError) in _ = try file.read() }
        #expect(reading?.code == .permissionDenied && reading?.message.contains("chmod go-w") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        try FileManager.default.setAttributes([.posixPermissions: mode | 0o100], ofItemAtPath: "\(folder.path)/s")
        let writing = failure { () throws(PluginError) in try file.update { _ throws(PluginError) in ["x": 2] } }
        #expect(writing?.code == .permissionDenied)
        // Whoever can write the folder can take the document away, which would say that nothing is known.
        #expect(failure { () throws(PluginError) in _ = try file.read() } == writing)
        try FileManager.default.removeItem(atPath: file.path)
        #expect(failure { () throws(PluginError) in _ = try file.read() } == writing)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: "\(folder.path)/s")
        #expect(try file.read() == nil)
    }

    @Test("may lie below folders that all can write, such as that of temporary files")
    func openParent() throws {
        let folder = try Sample.Folder()
        try FileManager.default.setAttributes([.posixPermissions: 0o1777], ofItemAtPath: folder.path)
        let file = StateFile("\(folder.path)/s/state.json")
        try file.update { _ throws(PluginError) in ["x": 1] }
        #expect(try file.read() == ["x": 1])
        // The folder itself would not do, and what is no folder has no document.
        let inside = failure { () throws(PluginError) in _ = try StateFile("\(folder.path)/state.json").read() }
        #expect(inside?.code == .permissionDenied)
        #expect(try StateFile("\(file.path)/x").read() == nil)
    }

    @Test(
        "of another user, or in another user's folder, is refused",
        .enabled(if: geteuid() == 0, "only root can give a file away"))
    func foreign() throws {
        let folder = try Sample.Folder()
        let file = StateFile("\(folder.path)/s/state.json")
        try file.update { _ throws(PluginError) in ["x": 1] }
        for path in [file.path, "\(folder.path)/s"] {
            #expect(unsafe chown(path, 1, 1) == 0)
            let error = failure { () throws(PluginError) in _ = try file.read() }
            #expect(error?.code == .permissionDenied && error?.what.contains("\(path) belongs to user 1") == true)
            #expect(unsafe chown(path, 0, 0) == 0)
        }
        #expect(try file.read() == ["x": 1])
    }

    @Test("that is a link, a pipe, a folder or too long is refused, and nothing waits for it")
    func kinds() throws {
        let folder = try Sample.Folder()
        let path = "\(folder.path)/state.json"
        #expect(unsafe symlink("/dev/null", path) == 0)
        #expect(failure { () throws(PluginError) in _ = try StateFile(path).read() }?.code == .conflict)
        #expect(unsafe unlink(path) == 0 && mkfifo(path, 0o600) == 0)
        #expect(failure { () throws(PluginError) in _ = try StateFile(path).read() }?.code == .conflict)
        #expect(unsafe unlink(path) == 0 && mkdir(path, 0o700) == 0)
        #expect(failure { () throws(PluginError) in _ = try StateFile(path).read() }?.code == .conflict)
        let file = StateFile("\(folder.path)/s/state.json", limit: 100)
        let long = JSON.string(String(repeating: "x", count: 100))
        let error = failure { () throws(PluginError) in try file.update { _ throws(PluginError) in long } }
        #expect(error?.code == .resourceExhausted)
        try StateFile(file.path).update { _ throws(PluginError) in long }
        #expect(failure { () throws(PluginError) in _ = try file.read() }?.code == .resourceExhausted)
    }

    @Test("stays as it was when the disk is full")
    func diskFull() async throws {
        // A process of its own: the limit on the length of files, which stands in for the disk, is for the whole process.
        await #expect(processExitsWith: .success) {
            let folder = try Sample.Folder()
            let file = StateFile("\(folder.path)/s/state.json")
            try file.update { _ throws(PluginError) in ["x": 1] }
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            do throws(PluginError) {
                try file.update { _ throws(PluginError) in .string(String(repeating: "x", count: 100_000)) }
                Issue.record("the document was written")
            } catch {
                #expect(error.code == .resourceExhausted && error.message.contains("is kept"))
            }
            #expect(try file.read() == ["x": 1])
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/s")
            #expect(names.sorted() == ["state.json", "state.json.lock"])
        }
    }
}
