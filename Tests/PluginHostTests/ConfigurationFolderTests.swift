import Foundation
import PluginHost
import Testing

@Suite("A folder of configurations", .timeLimit(.minutes(10)))
struct ConfigurationFolderTests {
    private let place: Sample.Folder
    private let folder: ConfigurationFolder

    init() throws {
        place = try Sample.Folder()
        folder = ConfigurationFolder("\(place.path)/plugins")
    }

    private func failure<Value>(_ body: () throws(PluginError) -> Value) -> PluginError? {
        do throws(PluginError) {
            _ = try body()
            return nil
        } catch {
            return error
        }
    }

    private func path(_ text: String) throws -> ConfigurationPath { try ConfigurationPath(parsing: text) }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @discardableResult
    private func write(_ text: String, _ name: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let file = "\(folder.path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        return file
    }

    @Test("keeps values by id, for this user alone, and leaves what else is said")
    func sets() throws {
        #expect(try folder.read("web") == nil && folder.plugins() == [])
        try folder.set(80, at: path("server.port"), of: "web")
        try folder.set("h", at: path("/server/host"), of: "web")
        try folder.set(["$secret": "env:KEY"], at: path("key"), of: "@acme/web")
        let file = try #require(try folder.read("web"))
        #expect(file.value == ["server": ["port": 80, "host": "h"]] && file.format == .json)
        #expect(try mode(file.path) == 0o600 && mode(folder.path) == 0o700)
        #expect(folder.file("@acme/web") == "\(folder.path)/@acme+web.json")
        #expect(try folder.plugins() == ["@acme/web", "web"])
        #expect(try folder.unset(path("server.port"), of: "web") && !folder.unset(path("server.port"), of: "web"))
        #expect(try folder.unset(path("server.host"), of: "web") && !folder.unset(path("a"), of: "none"))
        #expect(try folder.read("web")?.value == [:] && folder.read("none") == nil)
        #expect(try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: file.path)), what: "it") == [:])
    }

    @Test("changes nothing if the change fails")
    func unchanged() throws {
        let file = try write(#"{"a": {"b": 1}}"#, "web.json")
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        let inside = try path("a.b.c")
        #expect(failure { () throws(PluginError) in try folder.set(1, at: inside, of: "web") }?.code == .configuration)
        let refusal = failure { () throws(PluginError) in
            try folder.update("web") { _ throws(PluginError) in throw PluginError(.conflict, "no") }
        }
        #expect(refusal?.code == .conflict)
        for wrong: JSON in [[], 1, nil, ["$secret": "env:A"]] {
            let error = failure { () throws(PluginError) in try folder.update("web") { _ throws(PluginError) in wrong }
            }
            #expect(error?.code == .configuration)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    }

    @Test("reads TOML, does not write it and says how it becomes JSON; two files of one plugin are an error")
    func toml() throws {
        let file = try write("port = 1\n\n[server]\n# remark\nhost = \"h\"\n", "web.toml")
        let read = try #require(try folder.read("web"))
        #expect(read.value == ["port": 1, "server": ["host": "h"]] && read.format == .toml)
        #expect(read.positions(of: ["/server/host"]) == [TextPosition(line: 5, column: 1)])
        let port = try path("port")
        let error = failure { () throws(PluginError) in try folder.set(2, at: port, of: "web") }
        #expect(error?.code == .unsupported && error?.message.contains("keyway config export web") == true)
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("# remark"))
        #expect(try folder.plugins() == ["web"])
        try write("{}", "web.json")
        let both = failure { () throws(PluginError) in try folder.read("web") }
        #expect(both?.code == .conflict && both?.facts == .names(["\(folder.path)/web.json", file]))
        #expect(failure { () throws(PluginError) in try folder.set(2, at: port, of: "web") }?.code == .conflict)
    }

    @Test(
        "of wrong text says the line and the column",
        arguments: [
            ("web.json", "{\n \"a\": 1,,\n}", "line 2, column 9"), ("web.json", "", "line 1, column 1"),
            ("web.json", #"{"a": 1, "a": 2}"#, "line 1, column"), ("web.toml", "a = 1\nb = \n", "line 2"),
            ("web.json", "[]", "must hold an object"), ("web.json", "{}x", "line 1, column 3"),
            ("web.json", String(repeating: "{\"a\":", count: 600), "line 1"),
            ("web.json", String(repeating: "[", count: 100_000), "line 1"),
            ("web.toml", "a = " + String(repeating: "[", count: 100_000), "line 1"),
            ("web.json", "{\"a\": \"\u{0}\"}", "line 1"),
        ])
    func syntax(name: String, text: String, words: String) throws {
        let file = try write(text, name)
        let error = failure { () throws(PluginError) in try folder.read("web") }
        #expect(error?.code == .configuration && error?.message.contains(words) == true, "\(error as Any)")
        #expect(error?.message.contains(file) == true)
        let key = try path("k")
        #expect(failure { () throws(PluginError) in try folder.set(1, at: key, of: "web") } != nil)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }

    @Test("refuses what is no file, what is too large and what leads nowhere, and waits for nothing")
    func kinds() throws {
        let file = try write("{}", "web.json")
        func code() -> PluginError.Code? { failure { () throws(PluginError) in try folder.read("web") }?.code }
        #expect(unsafe unlink(file) == 0 && mkfifo(file, 0o600) == 0)
        #expect(code() == .conflict)
        #expect(unsafe unlink(file) == 0 && mkdir(file, 0o700) == 0)
        #expect(code() == .conflict)
        #expect(unsafe rmdir(file) == 0 && symlink("/nowhere/at/all", file) == 0)
        #expect(code() == .notFound)
        #expect(unsafe unlink(file) == 0 && symlink("/dev/zero", file) == 0)
        #expect(code() == .conflict)
        #expect(unsafe unlink(file) == 0)
        try write("{\"a\": \"\(String(repeating: "x", count: ConfigurationFile.sizeLimit))\"}", "web.json")
        #expect(code() == .resourceExhausted)
        #expect(unsafe unlink(file) == 0)
        let long = JSON.string(String(repeating: "x", count: ConfigurationFile.sizeLimit))
        let key = try path("k")
        let error = failure { () throws(PluginError) in try folder.set(long, at: key, of: "web") }
        #expect(error?.code == .resourceExhausted)
        #expect(try folder.read("web") == nil)
    }

    @Test("reads through a link, as mounted configurations are, and does not write through one")
    func links() throws {
        let target = try write(#"{"a": 1}"#, "target")
        #expect(unsafe symlink(target, "\(folder.path)/web.json") == 0)
        #expect(try folder.read("web")?.value == ["a": 1])
        let key = try path("a")
        #expect(failure { () throws(PluginError) in try folder.set(2, at: key, of: "web") }?.code == .conflict)
        #expect(try String(contentsOfFile: target, encoding: .utf8) == #"{"a": 1}"#)
    }

    @Test("refuses a file, or a folder, that others can write", arguments: [0o620, 0o602, 0o666])
    func writable(mode: Int) throws {
        let file = try write("{}", "web.json")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        let error = failure { () throws(PluginError) in try folder.read("web") }
        #expect(error?.code == .permissionDenied && error?.message.contains("chmod go-w") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
        #expect(try folder.read("web") != nil)
        try FileManager.default.setAttributes([.posixPermissions: mode | 0o110], ofItemAtPath: folder.path)
        #expect(failure { () throws(PluginError) in try folder.read("web") }?.code == .permissionDenied)
    }

    @Test("refuses a file of another user", .enabled(if: geteuid() == 0, "only root can give a file away"))
    func foreign() throws {
        let file = try write("{}", "web.json")
        #expect(unsafe chown(file, 1, 1) == 0)
        let error = failure { () throws(PluginError) in try folder.read("web") }
        #expect(error?.code == .permissionDenied && error?.what.contains("user 1") == true)
    }

    @Test("says that a folder or a file may not be read", .enabled(if: geteuid() != 0, "root may read everything"))
    func unreadable() throws {
        let file = try write("{}", "web.json")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file)
        #expect(failure { () throws(PluginError) in try folder.read("web") }?.code == .permissionDenied)
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: folder.path)
        #expect(failure { () throws(PluginError) in try folder.read("web") }?.code == .permissionDenied)
        #expect(failure { () throws(PluginError) in try folder.plugins() }?.code == .permissionDenied)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
    }

    @Test("loses no change of many that come at once")
    func together() async throws {
        let folder = folder
        try await withThrowingTaskGroup { group in
            for writer in 0..<8 {
                group.addTask {
                    for number in 0..<20 {
                        let path = ConfigurationPath(keys: ["writer\(writer)", "n\(number)"])
                        try folder.set(.int(Int64(number)), at: path, of: "web")
                    }
                }
            }
            try await group.waitForAll()
        }
        let members = try #require(try folder.read("web")?.value.objectValue)
        #expect(members.count == 8 && members.values.allSatisfy { $0.objectValue?.count == 20 })
    }
}
