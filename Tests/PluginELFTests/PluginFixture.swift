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
    /// Libraries beside the plugin that it needs.
    var companions: [Companion] = []
    /// Changes the finished file.
    var edit: (@Sendable (inout ELFBytes) throws -> Void)?
    /// Permission bits of the finished file.
    var mode: Int?

    /// A library in C.
    struct Companion: Sendable {
        /// Its file name and its SONAME.
        var name: String
        var source = "int companion(void) { return 1; }"
        /// nil for none.
        var script: String?
        /// Version script with which it is built again once the plugin is linked; nil to leave it, "" to remove it.
        var replacement: String?
    }

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
        for companion in companions {
            try build(companion, companion.script, in: folder)
            arguments += [folder.file(companion.name), "-Wl,-rpath,$ORIGIN"]
        }
        let compiler = try #require(Toolchain.compiler)
        try Toolchain.run(compiler, ["-Wl,--no-as-needed"] + arguments + link + flags)
        let path = folder.file("\(name).so")
        for companion in companions {
            guard let replacement = companion.replacement else { continue }
            try FileManager.default.removeItem(atPath: folder.file(companion.name))
            if !replacement.isEmpty { try build(companion, replacement, in: folder) }
        }
        if let edit {
            var bytes = ELFBytes(bytes: try contents(path))
            try edit(&bytes)
            _ = try folder.write(bytes.bytes, to: "\(name).so")
        }
        if let mode { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path) }
        return path
    }

    private func build(_ companion: Companion, _ script: String?, in folder: TemporaryFolder) throws {
        let compiler = try #require(Toolchain.compiler)
        var arguments = [
            "-shared", "-fPIC", "-Wl,-soname,\(companion.name)", "-o", folder.file(companion.name),
            try folder.write(companion.source.utf8, to: "\(companion.name).c"),
        ]
        if let script {
            arguments.append("-Wl,--version-script=\(try folder.write(script.utf8, to: "\(companion.name).map"))")
        }
        try Toolchain.run(compiler, arguments)
    }

    /// Builds, reads and verifies.
    func verify(with verifier: Verifier = sharedVerifier, sidecar: SidecarManifest? = nil) throws -> Verification {
        let folder = try TemporaryFolder()
        return verifier.verify(try SharedObject(opening: build(in: folder)), sidecar: sidecar)
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
