import Foundation
import PluginHost
import Testing

/// Builds of the plugin of Tests/Fixtures/swap, and a host for them.
struct SwapPlugin {
    let folder: Sample.Folder
    /// What the instances tell: c created, s started, m configured, w handed over, z suspended, q stopped, d destroyed.
    let told = Pipe()

    init() throws { folder = try Sample.Folder() }

    /// - Parameters:
    ///   - build: the number that it answers calls with.
    ///   - macros: as `swap.c` knows them.
    @discardableResult
    func build(_ build: Int, as name: String? = nil, _ macros: [String] = []) throws -> String {
        let path = "\(folder.path)/\(name ?? "build\(build)").so"
        let temporary = "\(path).new"
        try ProbePlugin.compile(
            [
                "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared",
                "-fvisibility=hidden", "-DBUILD=\(build)", "-DVERSION=\"1.0.\(build)\"",
            ] + macros.map { "-D\($0)" } + [
                "-I\(ProbePlugin.repository)/PluginABI/include", "-o", temporary,
                "\(ProbePlugin.repository)/Tests/Fixtures/swap/swap.c",
                "-Wl,--version-script=\(ProbePlugin.repository)/PluginABI/plugin.map", "-Wl,-z,relro,-z,now",
            ])
        try #require(unsafe rename(temporary, path) == 0)
        return path
    }

    /// - Parameter change: of the usual configuration.
    func host(_ change: (inout PluginHost.Configuration) -> Void = { _ in }) -> PluginHost {
        var configuration = PluginHost.Configuration()
        configuration.searchPaths = [folder.path]
        // Hundreds of tests share the processors; only those that are about a limit have a short one.
        configuration.supervision.loadTimeout = .seconds(240)
        configuration.supervision.stepTimeout = .seconds(240)
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        change(&configuration)
        return PluginHost(configuration)
    }

    var configuration: JSON { ["told": .int(Int64(told.fileHandleForWriting.fileDescriptor))] }

    /// So many letters of what was told; waits for them.
    func told(_ count: Int) async throws -> String {
        String(decoding: try await told.read(count), as: UTF8.self)
    }

    /// Which build answers, and which of its calls this was.
    static func ask(_ embedder: NativeEmbedder) throws -> (build: Int, call: Int) {
        var matrix = Matrix(rows: 1, dims: 2)
        try embedder.embed("?", into: &matrix)
        let row = matrix.row(0)
        return (Int(row[0]), Int(row[1]))
    }

    /// A call that stays in the plugin until it is let go.
    struct Held {
        let inside = Pipe()
        let leave = Pipe()
        let task: Task<(build: Int, call: Int), any Error>

        init(_ embedder: NativeEmbedder) async throws {
            let text =
                "hold:\(inside.fileHandleForWriting.fileDescriptor):\(leave.fileHandleForReading.fileDescriptor)"
            task = Task {
                let row = try await embedder.embed(EmbedRequest([text])).matrix.row(0)
                return (Int(row[0]), Int(row[1]))
            }
            _ = try await inside.read(1)
        }

        func end() async throws -> (build: Int, call: Int) {
            try leave.fileHandleForWriting.write(contentsOf: [1])
            return try await task.value
        }
    }
}

extension Pipe {
    /// So many bytes. Waits for them on a thread that is none of Swift's pool: what is waited for may need those.
    func read(_ count: Int) async throws -> Data {
        let handle = fileHandleForReading
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    var data = Data()
                    while data.count < count, let more = try handle.read(upToCount: count - data.count), !more.isEmpty {
                        data += more
                    }
                    continuation.resume(returning: data)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}
