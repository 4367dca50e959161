import Foundation
import PluginCore
import PluginELF
import Testing

/// A plugin in C that is built as the test wants it: sound unless a part is replaced.
struct PluginFixture {
    var abi = "KW_NOTE_ABI(1, 1, KW_CAP_CONCURRENT, KW_LANG_C);"
    var manifest = #"KW_NOTE_MANIFEST("{\"id\":\"witness\",\"version\":\"1.2.3\",\"type\":\"embedder\"}");"#
    var interfaces = #"KW_NOTE_IFACE(embedder, "keyway.embedder/1");"#
    var entry = """
        KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
        {
            (void)host;
            (void)sdk;
            *out = 0;
            return KW_OK;
        }
        """
    var extra = ""
    /// nil for the SDK's own version script.
    var script: String?
    var flags: [String] = []
    var link = ["-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Words of an ABI note, for notes that the SDK's macro cannot write.
    static func abiNote(_ words: [UInt32], symbol: String = "raw_note_") -> String {
        """
        KW_NOTE_ATTRIBUTE(".note.keyway.abi")
        static const struct { kw_note_header header; uint32_t words[\(words.count)]; } \(symbol) = { { 4, \(words.count * 4), KW_NOTE_TYPE_ABI, { 'K', 'W', 'Y', 0 } },
                      { \(words.map { "\($0)u" }.joined(separator: ", ")) } };
        """
    }

    /// Builds the plugin and returns its path.
    func build(in folder: TemporaryFolder, name: String = "witness") throws -> String {
        let source = [
            "#include <keyway/plugin.h>", "#include <stddef.h>", abi, manifest, interfaces, extra, entry, "",
        ].joined(separator: "\n")
        let sourcePath = try folder.write(source.utf8, to: "\(name).c")
        var arguments = ["-std=gnu11", "-O1", "-fPIC", "-shared", "-fvisibility=hidden"]
        arguments += ["-I\(Self.repository)/PluginABI/include", "-o", folder.file("\(name).so"), sourcePath]
        if let script {
            if !script.isEmpty {
                arguments.append("-Wl,--version-script=\(try folder.write(script.utf8, to: "\(name).map"))")
            }
        } else {
            arguments.append("-Wl,--version-script=\(Self.repository)/PluginABI/plugin.map")
        }
        let compiler = try #require(Toolchain.compiler)
        try Toolchain.run(compiler, arguments + link + flags)
        return folder.file("\(name).so")
    }

    /// Builds, reads and verifies.
    func verify(with verifier: Verifier = sharedVerifier) throws -> Verification {
        let folder = try TemporaryFolder()
        return verifier.verify(try SharedObject(opening: build(in: folder)))
    }
}

/// One for all tests, as a host has one.
let sharedVerifier = Verifier()

extension Verification {
    var errorIDs: [String] { errors.map(\.id) }
    var warningIDs: [String] { findings.filter { $0.severity == .warning }.map(\.id) }

    func finding(_ id: String) -> Finding? { findings.first { $0.id == id } }
}

/// The error that opening and reading a file ends with.
func readingError(_ path: String) -> PluginError? {
    do throws(PluginError) {
        _ = try SharedObject(opening: path)
        return nil
    } catch {
        return error
    }
}

extension PluginError {
    var findings: [Finding] {
        if case .findings(let findings) = facts { findings } else { [] }
    }
}
