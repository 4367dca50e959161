import Foundation
import PluginHost
import TestPrograms
import Testing

/// The program itself: found, false, or of another version; and what it leaves of itself.
@Suite("A scanner", .needsCompiler, .timeLimit(.minutes(10)))
struct ProbeScannerTests {
    private func failure(
        _ scanner: PluginScanner, _ plugins: [PreparedPlugin]? = nil
    ) async throws -> PluginError? {
        let plugins = try plugins ?? [ProbePlugin.prepare(ProbePlugin.good.get().path)]
        do throws(PluginError) {
            _ = try await scanner.probe(plugins, deadline: .seconds(60))
            return nil
        } catch {
            return error
        }
    }

    /// A program that has a socket at descriptor 3 and does something else with it than a scanner would.
    private func falseScanner(_ body: String, in folder: Sample.Folder) throws -> PluginScanner {
        let (source, path) = ("\(folder.path)/false.c", "\(folder.path)/false")
        try """
        #include <CPluginWorker.h>
        #include <string.h>
        #include <sys/socket.h>
        #include <unistd.h>
        static char packet[300000];
        static kww_frame frame = { KWW_MAGIC, KWW_PROTOCOL, KWW_HELLO, 0 };
        static void say(size_t size)
        {
            memcpy(packet, &frame, sizeof frame);
            send(3, packet, sizeof frame + size, 0);
        }
        static void answer(uint32_t kind, size_t size)
        {
            recv(3, &frame, sizeof frame, 0);
            frame.kind = kind;
            say(size);
            pause();
        }
        int main(void) { \(body) return 0; }
        """.write(toFile: source, atomically: true, encoding: .utf8)
        try ProbePlugin.compile([
            "-I\(ProbePlugin.repository)/Sources/CPluginWorker/include",
            "-I\(ProbePlugin.repository)/Sources/CPluginMarshal/include",
            "-I\(ProbePlugin.repository)/PluginABI/include", "-o", path, source,
        ])
        return PluginScanner(path: path)
    }

    @Test("that is missing is an error that says how to build one, and no plugin is tried without it")
    func missing() async throws {
        let folder = try Sample.Folder()
        let witness = "\(folder.path)/witness"
        let plugin = try ProbePlugin.prepare(
            ProbePlugin.build("told", ["IN_CONSTRUCTOR=witness", "WITNESS=\"\(witness)\""], in: folder))
        let error = try await failure(PluginScanner(path: "\(folder.path)/none"), [plugin])
        #expect(error?.code == .notFound && error?.message.contains("make build") == true)
        #expect(!FileManager.default.fileExists(atPath: witness))
        let scanner = try ProbePlugin.scannerWithoutSandbox()
        #expect(try await scanner.probe([plugin], deadline: .seconds(60)).first?.hasPassed == true)
        #expect(FileManager.default.fileExists(atPath: witness))
        do throws(PluginError) {
            _ = try PluginScanner.locate("\(folder.path)/none")
            Issue.record("a scanner that was named and is missing was replaced by another")
        } catch {
            #expect(error.code == .notFound && error.facts == .names(["\(folder.path)/none"]))
        }
    }

    @Test("that others can write, or own, is not run", arguments: [0o757, 0o777, 0o775])
    func untrusted(mode: Int) async throws {
        let folder = try Sample.Folder()
        let path = "\(folder.path)/keyway-worker"
        try Programs.install(PluginScanner.locate().path, at: path, mode: mode)
        // Who has a group for itself makes builds that it can write; every other group is somebody else.
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        let isOwnGroup = mode == 0o775 && status.st_gid == PrivateGroup.id
        let error = try await failure(PluginScanner(path: path))
        #expect(error?.code == (isOwnGroup ? nil : .permissionDenied), "\(error?.message ?? "")")
        #expect(isOwnGroup || error?.remedy?.contains("chmod go-w \(path)`") == true)
        if geteuid() == 0 {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            #expect(unsafe chown(path, 65534, 0) == 0)
            let owned = try await failure(PluginScanner(path: path))
            #expect(owned?.code == .permissionDenied && owned?.what.contains("belongs to user 65534") == true)
            #expect(throws: PluginError.self) { try PluginScanner.locate(path) }
        }
    }

    @Test("is taken from KEYWAY_WORKER, and nothing else if that is wrong")
    func variable() async throws {
        await #expect(processExitsWith: .success) {
            let there = try PluginScanner.locate().path
            unsafe setenv("KEYWAY_WORKER", "/bin/true", 1)
            #expect(try PluginScanner.locate().path == "/bin/true" && there != "/bin/true")
            unsafe setenv("KEYWAY_WORKER", "/nowhere", 1)
            #expect(throws: PluginError.self) { try PluginScanner.locate() }
        }
    }

    private static let impostors: [(String, PluginError.Code)] = [
        ("", .protocolViolation),
        ("say(1);", .protocolViolation),
        ("frame.magic = 1; say(0);", .protocolViolation),
        ("frame.kind = KWW_EXITED; say(0);", .protocolViolation),
        ("frame.protocol = KWW_PROTOCOL + 1; say(0);", .unsupported),
        ("send(3, packet, 3, 0);", .protocolViolation),
        ("send(3, packet, sizeof packet / 2, 0);", .protocolViolation),
        ("say(0);", .workerLost),
        ("say(0); answer(KWW_STARTED, 0);", .protocolViolation),
        ("say(0); answer(KWW_EXITED, sizeof(kww_exited) + 1);", .protocolViolation),
        ("say(0); answer(KWW_HELLO, 0);", .protocolViolation),
        (
            "say(0); frame.kind = KWW_STARTED; frame.tag = UINT32_MAX; say(sizeof(kww_started)); pause();",
            .protocolViolation
        ),
    ]

    @Test("that is another program, another version or a liar is found out", arguments: impostors.indices)
    func impostor(_ index: Int) async throws {
        let folder = try Sample.Folder()
        let (body, code) = Self.impostors[index]
        let error = try await failure(falseScanner(body, in: folder))
        if code == .workerLost {
            // Gone before or after it was asked: that is for the clock to say.
            #expect(error == nil || error?.code == .workerLost, "\(body): \(error as Any)")
        } else {
            #expect(error?.code == code && error?.remedy != nil, "\(body): \(error as Any)")
        }
    }

    @Test("is not given a plugin that the checks refuse")
    func refused() async throws {
        let folder = try Sample.Folder()
        let plugin = try ProbePlugin.prepare(
            ProbePlugin.build("refused", ["IN_CONSTRUCTOR=call_abort", "MISSING"], in: folder))
        let error = try await failure(PluginScanner.locate(), [plugin])
        #expect(error?.message.contains("function_that_nobody_has") == true && error?.plugin != nil, "\(error as Any)")
    }

    @Test("started by hand says what it is for")
    func byHand() throws {
        let result = try Programs.run(PluginScanner.locate().path, [])
        #expect(result.ending == .exited(2) && result.errors.contains("a Keyway host starts this program"))
    }

    private static var childSignalIsDefault: Bool {
        var action = sigaction()
        return unsafe sigaction(SIGCHLD, nil, &action) == 0 && action.__sigaction_handler.sa_handler == nil
    }

    @Test("leaves no process, no descriptor and no signal handler behind")
    func leavesNothing() async throws {
        // A process of its own: other tests open files and start programs.
        await #expect(processExitsWith: .success) {
            let folder = try Sample.Folder()
            let plugins = try ["write_to_null", "call_exit", "kill_scanner", "wait_for_ever", "print", "fork_many"].map
            {
                try ProbePlugin.prepare(ProbePlugin.build($0, ["IN_CONSTRUCTOR=\($0)"], in: folder))
            }
            let scanner = try PluginScanner.locate()
            _ = try await scanner.probe(plugins, deadline: .milliseconds(300))
            let before = Self.childSignalIsDefault
            let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            for _ in 0..<3 {
                let results = try await scanner.probe(plugins, deadline: .milliseconds(300))
                #expect(results.allSatisfy { !$0.hasPassed })
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count == descriptors)
            var status: Int32 = 0
            let child = unsafe waitpid(-1, &status, WNOHANG)
            #expect(child == -1)
            #expect(before && Self.childSignalIsDefault)
        }
    }

    @Test("gives plugins none of the host's descriptors, and no variable that is its own affair")
    func descriptors() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try Sample.Folder()
            // Inheritable, as a careless host leaves them.
            let secret = unsafe open("/dev/null", O_RDONLY)
            let high = fcntl(secret, F_DUPFD, 100)
            unsafe setenv("KEYWAY_TEST_SECRET", "secret", 1)
            let plugin = try ProbePlugin.prepare(
                ProbePlugin.build(
                    "limits", ["IN_CONSTRUCTOR=check_limits", "SECRET_DESCRIPTOR=\(high)"], in: folder))
            #expect(try await PluginScanner.locate().probe([plugin], deadline: .seconds(60)).first?.outcome == .passed)
        }
    }
}
