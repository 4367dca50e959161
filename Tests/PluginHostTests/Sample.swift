import Foundation
import TestPrograms
import Testing

/// Builds the plugin of Tests/Fixtures.
enum Sample {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameters:
    ///   - macros: as `fixture.c` knows them.
    ///   - link: further words for the linker.
    @discardableResult
    static func build(in folder: Folder, name: String, macros: [String] = [], link: [String] = []) throws -> String {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let path = "\(folder.path)/\(name).so"
        try Programs.succeed(
            #require(Programs.compiler),
            ["-std=gnu11", "-O0", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread"] + macros.map { "-D\($0)" }
                + ["-I\(repository)/PluginABI/include", "-o", path]
                + ["fixture", "embedder", "provider", "echo", "json"].map { "\(repository)/Tests/Fixtures/\($0).c" }
                + ["-Wl,--version-script=\(repository)/PluginABI/plugin.map", "-Wl,-z,relro", "-Wl,-z,now"] + link)
        return path
    }

    /// A folder that is removed with its contents when nobody uses it any more.
    final class Folder: Sendable {
        let path: String

        init() throws {
            let url = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent(
                "keyway-host-\(UUID().uuidString)")
            // Whatever the umask: what others can write is not trusted. Compilers go by it.
            umask(0o022)
            try FileManager.default.createDirectory(
                at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            path = url.path
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }
}
