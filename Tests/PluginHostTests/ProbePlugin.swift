import Foundation
import PluginHost
import TestPrograms
import Testing

/// Builds the plugins of Tests/Fixtures/probes.
enum ProbePlugin {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// - Parameter macros: as `probe.c` knows them, such as "IN_ENTRY=call_exit".
    static func build(_ id: String, _ macros: [String] = [], link: [String] = [], in folder: Sample.Folder) throws
        -> String
    {
        let path = "\(folder.path)/\(id).so"
        try compile(
            [
                "-std=gnu11", "-Wall", "-Wextra", "-Wno-infinite-recursion", "-O0", "-fPIC", "-shared",
                "-fvisibility=hidden", "-pthread", "-DPROBE_ID=\"\(id)\"", "-I\(repository)/PluginABI/include", "-o",
                path,
                "\(repository)/Tests/Fixtures/probes/probe.c",
                "-Wl,--version-script=\(repository)/PluginABI/plugin.map", "-Wl,-z,relro,-z,now",
            ] + macros.map { "-D\($0)" } + link)
        return path
    }

    static func compile(_ arguments: [String], with compiler: String? = Programs.compiler) throws {
        try Programs.succeed(#require(compiler), arguments)
    }

    /// A plugin that behaves, made once.
    static let good: Result<(path: String, folder: Sample.Folder), any Error> = Result {
        let folder = try Sample.Folder()
        return (try build("good", in: folder), folder)
    }

    static let host = PluginHost()

    /// One that lets plugins leave traces.
    static func scannerWithoutSandbox() throws -> PluginScanner {
        var scanner = try PluginScanner.locate()
        scanner.isSandboxed = false
        return scanner
    }

    static func prepare(_ path: String) throws -> PreparedPlugin { try host.prepare(path) }

    /// The misbehaving plugin's result, when it is tried between two good ones, which have to pass.
    static func blame(
        _ id: String, _ macros: [String], deadline: Duration = .seconds(20), parallel: Int = 3,
        isSandboxed: Bool = true, in folder: Sample.Folder, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ProbeResult {
        let good = try prepare(Self.good.get().path)
        let bad = try prepare(build(id, macros, in: folder))
        var scanner = try PluginScanner.locate()
        scanner.parallel = parallel
        scanner.isSandboxed = isSandboxed
        let results = try await scanner.probe([good, bad, good], deadline: deadline)
        try #require(results.count == 3, sourceLocation: sourceLocation)
        #expect(results[0].hasPassed, "\(results[0])", sourceLocation: sourceLocation)
        #expect(results[2].hasPassed, "\(results[2])", sourceLocation: sourceLocation)
        #expect(results[1].plugin == id && results[1].path == bad.path, sourceLocation: sourceLocation)
        #expect(!results[1].hasPassed == (results[1].error != nil), sourceLocation: sourceLocation)
        return results[1]
    }

    /// Which of the processes that wrote their numbers to a file still run. A zombie does not.
    static func survivors(_ witness: String) throws -> [String] {
        let numbers = try String(contentsOfFile: witness, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(!numbers.isEmpty)
        return numbers.filter { number in
            let status = try? String(contentsOfFile: "/proc/\(number)/status", encoding: .utf8)
            guard let status else { return false }
            return !status.contains("State:\tZ") && !status.contains("State:\tX")
        }
    }
}
