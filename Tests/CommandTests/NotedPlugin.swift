import Foundation
import TestPrograms
import Testing

/// A plugin that says no more than its notes, and cannot be loaded.
enum NotedPlugin {
    /// - Parameters:
    ///   - members: further members of the manifest, after a comma.
    ///   - name: of the file; id and version unless said otherwise.
    @discardableResult
    static func build(
        _ id: String, _ version: String, _ members: String = "", in folder: TemporaryFolder, name: String? = nil
    ) throws -> String {
        let manifest = #"{"id":"\#(id)","version":"\#(version)"\#(members)}"#.replacing("\"", with: "\\\"")
        let name = name ?? "\(id)-\(version)"
        let source = try folder.write(
            """
            #include <keyway/plugin.h>
            KW_NOTE_ABI(1, 1, 0, KW_LANG_C);
            KW_NOTE_MANIFEST("\(manifest)");
            KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
            KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out)
            { (void)host; (void)sdk; (void)out; return KW_INTERNAL; }
            """, to: "\(name).c"
        ).path
        let file = folder.url.appendingPathComponent("\(name).so").path
        let root = Command.root.path
        try Programs.succeed(
            "cc",
            [
                "-shared", "-fPIC", "-fvisibility=hidden", "-I\(root)/PluginABI/include",
                "-Wl,--version-script=\(root)/PluginABI/plugin.map", "-Wl,-z,relro,-z,now", "-o", file, source,
            ])
        return file
    }
}
