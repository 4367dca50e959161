import Foundation
import PluginHost
import Testing

@Suite("Secrets of the machine", .timeLimit(.minutes(10)))
struct SystemSecretsTests {
    private let place: Sample.Folder

    init() throws { place = try Sample.Folder() }

    private func file(_ bytes: [UInt8], mode: Int = 0o400, _ name: String = "key") throws -> String {
        let path = "\(place.path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    private func code(_ place: SecretReference.Place) -> PluginError.Code? {
        do throws(PluginError) {
            _ = try SystemSecrets().secret(SecretReference(place))
            return nil
        } catch {
            #expect(!error.description.contains("hunter2") && error.facts == .names([SecretReference(place).name]))
            #expect(error.remedy != nil)
            return error.code
        }
    }

    @Test(
        "in files are their text without the last line end",
        arguments: [
            ("hunter2", "hunter2"), ("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), ("a\nb\n\n", "a\nb\n"),
            (" x ", " x "),
        ])
    func text(contents: String, secret: String) throws {
        let path = try file(Array(contents.utf8))
        #expect(try SystemSecrets().secret(SecretReference(.file(path))) == secret)
        let link = "\(place.path)/link"
        #expect(unsafe symlink(path, link) == 0)
        #expect(try SystemSecrets().secret(SecretReference(.file(link))) == secret)
    }

    @Test("that others could read are refused", arguments: [0o404, 0o440, 0o620, 0o666, 0o601])
    func rights(mode: Int) throws {
        #expect(try code(.file(file(Array("hunter2".utf8), mode: mode))) == .permissionDenied)
    }

    @Test("that are not there, empty, no text, too long, or no file are errors that name them")
    func unusable() throws {
        #expect(code(.file("\(place.path)/none")) == .notFound && code(.file("/etc/passwd/x")) == .notFound)
        #expect(try code(.file(file([]))) == .notFound && code(.file(file([0x0A], "empty"))) == .notFound)
        #expect(try code(.file(file([0xFF, 0xFE], "bytes"))) == .invalidArgument)
        let long = [UInt8](repeating: 0x61, count: SystemSecrets.sizeLimit + 1)
        #expect(try code(.file(file(long, "long"))) == .resourceExhausted)
        let most = try file(Array(long.dropFirst()), "most")
        #expect(try SystemSecrets().secret(SecretReference(.file(most))).utf8.count == SystemSecrets.sizeLimit)
        let pipe = "\(place.path)/pipe"
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        #expect(
            code(.file(pipe)) == .conflict && code(.file(place.path)) == .conflict
                && code(.file("/dev/zero")) == .conflict)
        #expect(code(.environment("KEYWAY_TEST_NO_SUCH_SECRET")) == .notFound)
    }

    @Test("of another user are refused", .enabled(if: geteuid() == 0, "only root can give a file away"))
    func foreign() throws {
        let path = try file(Array("hunter2".utf8))
        #expect(unsafe chown(path, 1, 1) == 0)
        #expect(code(.file(path)) == .permissionDenied)
    }

    @Test("that may not be read are refused", .enabled(if: geteuid() != 0, "root may read everything"))
    func unreadable() throws {
        #expect(try code(.file(file(Array("hunter2".utf8), mode: 0))) == .permissionDenied)
    }

    @Test("in variables are there for this process; an empty one is none")
    func variables() async throws {
        // A process of its own, because the environment is for all of it.
        await #expect(processExitsWith: .success) {
            unsafe setenv("KEYWAY_TEST_SECRET", "hunter2", 1)
            unsafe setenv("KEYWAY_TEST_EMPTY", "", 1)
            unsafe setenv("KEYWAY_ENV", "production", 1)
            unsafe setenv("KEYWAY_CONFIG_WEB__PORT", "a=b", 1)
            let secrets = SystemSecrets()
            let secret = try secrets.secret(SecretReference(.environment("KEYWAY_TEST_SECRET")))
            #expect(secret == "hunter2")
            #expect(throws: PluginError.self) {
                _ = try secrets.secret(SecretReference(.environment("KEYWAY_TEST_EMPTY")))
            }
            let configurator = PluginConfigurator.system(folder: nil)
            #expect(configurator.environment == "production")
            #expect(configurator.variables == ["KEYWAY_CONFIG_WEB__PORT": "a=b"])
            #expect(PluginConfigurator.system(folder: nil, environment: "test").environment == "test")
        }
    }
}
