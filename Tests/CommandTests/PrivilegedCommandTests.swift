import Foundation
import Glibc
import PluginCore
import TestPrograms
import Testing

/// A command that has more rights than who calls it, as a set-user or set-group file has.
@Suite("A privileged keyway", .timeLimit(.minutes(10)))
struct PrivilegedCommandTests {
    private static let group = 65534

    /// Programs of this folder can have their own rights.
    private static var canGiveRights: Bool {
        var facts = statvfs()
        guard getuid() == 0, let folder = try? TemporaryFolder(), unsafe statvfs(folder.url.path, &facts) == 0,
            facts.f_flag & UInt(ST_NOSUID) == 0,
            let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            status.contains("NoNewPrivs:\t0"), let file = try? folder.write("", to: "file").path
        else { return false }
        let manager = FileManager.default
        try? manager.setAttributes([.groupOwnerAccountID: group], ofItemAtPath: file)
        try? manager.setAttributes([.posixPermissions: 0o2755], ofItemAtPath: file)
        let given = try? manager.attributesOfItem(atPath: file)
        return given?[.groupOwnerAccountID] as? Int == group && given?[.posixPermissions] as? Int == 0o2755
    }

    /// A copy of the command that runs as another group, with the same plugin beside it and in the environment's folder.
    private struct Place {
        let folder: TemporaryFolder
        let environment: [String: String]
        var command: String { folder.url.appendingPathComponent("bin/keyway").path }
        var witness: String { folder.url.appendingPathComponent("witness").path }
        var plugin: String { folder.url.appendingPathComponent("chosen/chosen.so").path }

        init() throws {
            folder = try TemporaryFolder()
            try folder.write(
                Data(contentsOf: URL(fileURLWithPath: "\(Command.plugins)/hash-embedder.so")), to: "chosen/chosen.so")
            let script = try folder.write("#!/bin/sh\n: >'\(folder.url.path)/witness'\nexit 1\n", to: "script")
            let worker = folder.url.appendingPathComponent("chosen/keyway-worker")
            try Programs.install(script.path, at: worker.path)
            environment = [
                "KEYWAY_PLUGIN_PATH": "\(folder.url.path)/chosen", "KEYWAY_WORKER": worker.path,
                "KEYWAY_CONFIG_DIR": "\(folder.url.path)/chosen", "KEYWAY_PLUGINS_DISABLE": "other",
                "KEYWAY_TRUST": "development", "XDG_CACHE_HOME": "\(folder.url.path)/cache",
                "XDG_STATE_HOME": "\(folder.url.path)/state", "XDG_RUNTIME_DIR": folder.url.path,
            ]
            try Programs.install(Command.path, at: command)
        }

        /// The kernel takes such rights away from a file whose owner or group changes, so the group comes first.
        func become(privileged isPrivileged: Bool) throws {
            try FileManager.default.setAttributes(
                [.groupOwnerAccountID: isPrivileged ? PrivilegedCommandTests.group : 0], ofItemAtPath: command)
            try FileManager.default.setAttributes(
                [.posixPermissions: isPrivileged ? 0o2755 : 0o755], ofItemAtPath: command)
        }

        func run(_ words: String...) async throws -> Command.Output {
            try await Command.run(words, environment: environment, program: command)
        }
    }

    @Test(
        "takes nothing from the environment of who calls it: no plugin, no worker; the same file without rights does",
        .enabled(if: canGiveRights, "only root can give a file another group, where files may have rights"))
    func environment() async throws {
        let place = try Place()
        for isPrivileged in [false, true] {
            try place.become(privileged: isPrivileged)
            // It works, and loads what it is told to.
            let named = try await place.run("call-adapter", "embed", "--plugin", place.plugin, "--text", "x", "--json")
            #expect(named.status == 0, "\(named.stderr)")
            let found = try await place.run("call-adapter", "embed", "--plugin", "chosen", "--text", "x", "--json")
            #expect(found.status == (isPrivileged ? 1 : 0), "\(found.stdout)")
            if isPrivileged { #expect(try found.json()["error"]?["code"] == "notFound") }
            try? FileManager.default.removeItem(atPath: place.witness)
            let apart = try await place.run(
                "call-adapter", "embed", "--plugin", place.plugin, "--text", "x", "--isolate", "--json")
            #expect(apart.status == 1)
            #expect(FileManager.default.fileExists(atPath: place.witness) == !isPrivileged)
            let checks = try #require(try await place.run("doctor", "--json").json()["checks"]?.arrayValue)
            let ignored = checks.filter { $0["name"] == "environment" }.compactMap { $0["detail"]?.stringValue }
            for variable in place.environment.keys {
                #expect(ignored.contains { $0.hasPrefix("\(variable) is ignored") } == isPrivileged, "\(variable)")
            }
        }
    }
}
