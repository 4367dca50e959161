import PluginCore
import Testing

@Suite("Access to files") struct FileAccessPolicyTests {
    private static let policy = FileAccessPolicy([
        SandboxPolicy.FileGrant(path: "/data", access: .read),
        SandboxPolicy.FileGrant(path: "/data/out", access: [.read, .write]),
        SandboxPolicy.FileGrant(path: "/data/out/log", access: .write),
        SandboxPolicy.FileGrant(path: "/etc/one", access: .read),
    ])

    @Test(
        "each right is given by the innermost grant that has it",
        arguments: [
            ("/data", "/data", nil), ("/data/x/y", "/data", nil), ("/data/out/x", "/data/out", "/data/out"),
            ("/data/out/log/x", "/data/out", "/data/out/log"), ("/etc/one", "/etc/one", nil),
            ("/etc/one/x", "/etc/one", nil), ("/etc/oneself", nil, nil), ("/data-evil", nil, nil), ("/dat", nil, nil),
            ("/", nil, nil), ("/data/../etc/passwd", nil, nil), ("/data/out/..", nil, nil), ("/data/...", "/data", nil),
            // A slash and this are one character.
            ("/data/\u{301}e", "/data", nil),
        ] as [(String, String?, String?)])
    func innermost(_ path: String, _ read: String?, _ write: String?) {
        typealias Verdict = FileAccessPolicy.Verdict
        #expect(
            Self.policy.verdicts(on: path, [.read, .write]) == [
                Verdict(access: .read, grant: read), Verdict(access: .write, grant: write),
            ])
        #expect(Self.policy.verdicts(on: path, .read) == [Verdict(access: .read, grant: read)])
        #expect(Self.policy.verdicts(on: path, []).isEmpty)
    }

    @Test("a grant of everything covers everything, and no grant nothing") func extremes() {
        let everything = FileAccessPolicy([SandboxPolicy.FileGrant(path: "/", access: .read)])
        for path in ["/", "/etc/passwd"] {
            #expect(everything.verdicts(on: path, [.read, .write]).map(\.grant) == ["/", nil])
            #expect(FileAccessPolicy([]).verdicts(on: path, .read).map(\.grant) == [nil])
        }
    }
}
