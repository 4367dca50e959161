import Foundation
import PluginHost
import TestPrograms
import Testing

/// The clients of HTTP of Tests/Fixtures: one in Swift, with URLSession, and one in C, with libcurl.
enum WebPlugin {
    private static let build = "\(ProbePlugin.repository)/.build/debug"

    struct Built: Sendable {
        let folder: Sample.Folder
        let path: String
    }

    /// With URLSession, from this build's own objects of the SDK.
    static let swift = Result { () throws -> Built in
        let folder = try Sample.Folder()
        let (path, notes, source) = (
            "\(folder.path)/web.so", "\(folder.path)/notes.o", "\(ProbePlugin.repository)/Tests/Fixtures/web"
        )
        let headers = "\(ProbePlugin.repository)/PluginABI/include"
        try ProbePlugin.compile([
            "-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-I\(headers)", "-c", "-o", notes,
            "\(source)/plugin_notes.c",
        ])
        var arguments = [
            "-emit-library", "-parse-as-library", "-module-name", "WebPlugin", "-swift-version", "6",
            "-strict-memory-safety", "-warnings-as-errors", "-I", "\(build)/Modules", "-I", headers, "-o", path,
            "\(source)/WebPlugin.swift", notes, "-use-ld=lld", "-no-toolchain-stdlib-rpath",
        ]
        for word in ["--version-script=\(ProbePlugin.repository)/PluginABI/plugin.map", "-z", "nodelete", "-z", "now"] {
            arguments += ["-Xlinker", word]
        }
        for module in ["PluginCore", "PluginBridge", "PluginSDK"] {
            let objects = try FileManager.default.contentsOfDirectory(atPath: "\(build)/\(module).build")
            arguments += objects.filter { $0.hasSuffix(".o") }.map { "\(build)/\(module).build/\($0)" }
        }
        try Programs.succeed("swiftc", arguments)
        return Built(folder: folder, path: path)
    }

    /// With libcurl.
    static let curl = Result { () throws -> Built in
        let folder = try Sample.Folder()
        return Built(folder: folder, path: try UnrulyPlugin.build(["WEB"], link: ["-lcurl"], build: 1, in: folder.path))
    }

    /// Are libcurl's headers and its library here?
    static let hasCurl: Bool = {
        guard let folder = try? Sample.Folder() else { return false }
        let source = "\(folder.path)/probe.c"
        do {
            try Data("#include <curl/curl.h>\n".utf8).write(to: URL(fileURLWithPath: source))
            try ProbePlugin.compile(["-shared", "-fPIC", "-o", "\(folder.path)/probe.so", source, "-lcurl"])
            return true
        } catch {
            return false
        }
    }()

    /// What a row says.
    struct Answer: Equatable {
        let status: Int
        let size: Int
        let count: Int
    }

    /// Not on a thread of concurrency's own, for which others wait meanwhile.
    static func ask(_ plugin: NativePlugin, _ text: String) async throws -> Answer {
        var matrix = Matrix(rows: 1, dims: 3)
        _ = try await #require(plugin.embedder).embed(EmbedRequest([text]), into: &matrix, CallContext())
        let row = matrix.row(0)
        return Answer(status: Int(row[0]), size: Int(row[1]), count: Int(row[2]))
    }

    static func failure(_ plugin: NativePlugin, _ text: String) async throws -> PluginError {
        do {
            throw Sample.Failure(description: "\(text) was answered: \(try await ask(plugin, text))")
        } catch let error as PluginError {
            return error
        }
    }

    /// A host whose plugins are granted this, with one worker each; nil: they are in no sandbox.
    static func load(
        _ built: Built, _ grants: [String]?, names: [String: [String]] = [:], limits: [String] = []
    ) async throws -> (host: PluginHost, plugin: NativePlugin) {
        let host = try UnrulyPlugin.host(["workers=1"] + limits) { configuration in
            configuration.workers.isSandboxed = grants != nil
            configuration.workers.allowed = try (grants ?? []).map { text in try Permission(parsing: text) }
            configuration.workers.resolver = NetworkResolver { name throws(NetworkResolver.Failure) in
                guard let found = names[name] else { throw NetworkResolver.Failure(code: EAI_NONAME) }
                return found.compactMap { NetworkAddress($0) }
            }
        }
        return (host, try await host.load(built.path))
    }
}
