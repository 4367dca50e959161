import Foundation
import PluginHost
import Testing

/// Control groups of workers, where this user can make some, and what is said where not.
@Suite("Control groups", .timeLimit(.minutes(10))) struct ControlGroupTests {
    private static let unruly = try? UnrulyPlugin()

    /// A folder of files that are memory.
    private final class SharedFolder {
        let path = "/dev/shm/keyway-groups-\(UUID().uuidString)"

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// The folders of a process's groups that have a part of the name. Read while it lives.
    private func groups(of process: Int32) throws -> [String] {
        let own = try String(contentsOfFile: "/proc/\(process)/cgroup", encoding: .utf8)
        return own.split(separator: "\n").compactMap { line in
            line.contains("/keyway-") ? line.split(separator: ":").last.map(String.init) : nil
        }
    }

    /// Does a group of this path exist in any hierarchy?
    private func exists(_ group: String) throws -> Bool {
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        return mounts.split(separator: "\n").filter { $0.contains(" - cgroup") }.contains { line in
            FileManager.default.fileExists(atPath: line.split(separator: " ")[4] + group)
        }
    }

    @Test("memory that is shared counts where a group can be made, and is told as the kernel's word") func memory()
        async throws
    {
        let folder = try SharedFolder()
        let host = try UnrulyPlugin.host(["memory=96M", "workers=1"]) {
            $0.workers.allowed = [
                try Permission(.readFiles, folder.path), try Permission(.writeFiles, folder.path),
            ]
        }
        let plugin = try await host.load(try #require(Self.unruly).path)
        let first = try UnrulyPlugin.ask(plugin, "share 16 \(folder.path)/file")
        let guarantee = try #require(plugin.sandbox?[.memory])
        guard guarantee.state == .enforced else {
            #expect(guarantee.state == .partial && guarantee.by == "RLIMIT_DATA")
            #expect(guarantee.reason?.contains("no control group of memory here") == true, "\(guarantee)")
            #expect(try groups(of: first.process).isEmpty)
            _ = try UnrulyPlugin.ask(plugin, "share 400 \(folder.path)/file")
            return await host.shutdown()
        }
        #expect(guarantee.by?.contains("cgroup version") == true, "\(guarantee)")
        let before = try groups(of: first.process)
        #expect(try !before.isEmpty && before.allSatisfy(exists))
        let error = try UnrulyPlugin.failure(plugin, "share 400 \(folder.path)/file")
        #expect(error.code == .memoryLimit, "\(error)")
        #expect(
            error.facts
                == .resourceLimit(kind: "memory", value: 96 << 20, unit: "bytes", source: "cgroup", setBy: "call"))
        // The next worker has a group of its own, and a limit that changes while it lives.
        let second = try UnrulyPlugin.ask(plugin)
        let after = try groups(of: second.process)
        #expect(second.process != first.process && after != before)
        try host.setLimits(LimitSet(["memory=600M"]), of: plugin.id)
        #expect(try UnrulyPlugin.ask(plugin, "share 400 \(folder.path)/file").process == second.process)
        await host.shutdown()
        #expect(try !(before + after).contains(where: exists))
    }

    @Test("memory that is required is limited whole, or no code of the plugin runs") func required() async throws {
        let folder = try Sample.Folder()
        let witness = folder.path + "/ran"
        let marked = try UnrulyPlugin(["CONSTRUCTOR=close(open(\"\(witness)\",O_WRONLY|O_CREAT,0600))"])
        let host = try UnrulyPlugin.host {
            $0.workers.required = [.memory]
            $0.workers.allowed = [try Permission(.writeFiles, folder.path)]
        }
        do {
            let plugin = try await host.load(marked.path)
            #expect(plugin.sandbox?[.memory]?.state == .enforced)
            #expect(FileManager.default.fileExists(atPath: witness))
        } catch {
            #expect(error.code == .sandboxUnavailable && error.facts == .names(["memory"]), "\(error)")
            #expect(error.what.contains("no control group of memory here"), "\(error)")
            #expect(!FileManager.default.fileExists(atPath: witness))
        }
        await host.shutdown()
    }

    @Test("processes of a plugin that may start programs are counted") func processes() async throws {
        let host = try UnrulyPlugin.host(["processes=40", "workers=1"]) {
            $0.workers.allowed = [try Permission(.execute, "/bin/true")]
        }
        let bomb = try UnrulyPlugin(["BOMB"])
        let plugin = try await host.load(bomb.path)
        let guarantee = try #require(plugin.sandbox?[.processes])
        #expect(guarantee.state == .partial)
        #expect(guarantee.reason?.contains("not limited") == false, "\(guarantee)")
        _ = try UnrulyPlugin.ask(plugin, "bomb 4")
        #expect(try UnrulyPlugin.failure(plugin, "bomb 100").code == .resourceExhausted)
        await host.shutdown()
    }
}
