import Foundation
import PluginCore
import Testing

@Suite("keyway where memory files must not be executable", .timeLimit(.minutes(10)))
struct MemoryFileTests {
    /// Runs a line of shell in a process namespace of its own, in which executable memory files are forbidden.
    private static func restricted(_ line: String) async throws -> Command.Output {
        try await Command.run(
            ["--pid", "--fork", "--mount-proc", "sh", "-ec", "echo 2 > /proc/sys/vm/memfd_noexec; \(line)"],
            program: "/usr/bin/unshare")
    }

    @Test(
        "a file without a name stands in, and doctor says so",
        .enabled("needs root and a kernel with vm.memfd_noexec") { (try? await restricted("true"))?.status == 0 })
    func standIn() async throws {
        let call = try await Self.restricted(
            "\(Command.path) call-adapter embed --plugin hash-embedder --path \(Command.plugins) --text x --dims 64 --json"
        )
        #expect(call.status == 0, "\(call.stderr)")
        #expect(try call.json()["dims"] == 64)
        let doctor = try await Self.restricted("\(Command.path) doctor --path \(Command.plugins) --json")
        let checks = try #require(try doctor.json()["checks"]?.arrayValue)
        #expect(checks.first { $0["name"] == "memory images" }?["state"] == "warning")
    }
}
