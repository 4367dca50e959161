import Foundation
import PluginHost
import TestPrograms
import Testing

/// Folders of a test: plugins, cache and state, and one built plugin.
struct RegistryPlace {
    let folder: Sample.Folder
    let plugins: String
    let built: String

    init() throws {
        folder = try Sample.Folder()
        plugins = folder.path + "/plugins"
        try FileManager.default.createDirectory(atPath: plugins, withIntermediateDirectories: true)
        built = try Sample.build(in: folder, name: "built")
    }

    var cache: String { folder.path + "/cache" }
    var state: String { folder.path + "/state" }

    func registry(depth: Int = 2) -> Registry {
        Registry(searchPaths: [plugins], depth: depth, cacheFolder: cache, stateFolder: state)
    }

    @discardableResult
    func add(_ name: String, id: String? = nil) throws -> String {
        try PluginCopies.copy(built, to: "\(plugins)/\(name).so", id: id ?? "fixture")
    }

    /// Returns when everything is old enough for its stamp to count. The times that count cannot be set: the clock of the
    /// file system has to come to them.
    func settle() throws {
        let probe = folder.path + "/clock"
        let newest = try Self.changed(plugins)
        repeat {
            try Data().write(to: URL(fileURLWithPath: probe))
        } while try Self.changed(probe)
            < newest + 0.05
    }

    private static func changed(_ path: String) throws -> Double {
        var status = stat()
        // A link may lead nowhere.
        try #require(unsafe lstat(path, &status) == 0)
        var newest = Double(status.st_ctim.tv_sec) + Double(status.st_ctim.tv_nsec) / 1e9
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
            newest = max(newest, try changed("\(path)/\(name)"))
        }
        return newest
    }

    static func compile(_ source: String, to path: String, _ options: [String] = []) throws {
        let file = path + ".c"
        try Data(source.utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Programs.succeed(#require(Programs.compiler), ["-shared", "-fPIC", "-o", path, file] + options)
    }
}
