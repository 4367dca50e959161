import PluginCore
import PluginELF

/// More of the zoo: manifests beside the plugin.
extension RuleTests {
    private static let digest = String(repeating: "0a", count: 32)
    private static let path = "plugins/witness.plugin.json"

    /// A sidecar of the plugin that the fixture builds, with members that are added or replaced; JSON null removes one.
    private static func sidecar(_ members: [String: JSON] = [:]) -> SidecarManifest {
        var all: [String: JSON] = [
            "id": "witness", "version": "1.2.3", "type": "embedder", "sha256": .string(digest),
        ]
        for (key, value) in members { all[key] = value }
        all = all.filter { $0.value != .null }
        return SidecarManifest(path: path, document: .object(all), fileDigest: digest)
    }

    private static let withoutNote = PluginFixture(manifest: "")

    static let sidecars: [RuleCase] = [
        RuleCase(name: "manifest beside the plugin", plugin: withoutNote, sidecar: sidecar()),
        RuleCase(
            name: "digest in capitals, with its kind", plugin: withoutNote,
            sidecar: sidecar(["sha256": .string("SHA256:" + digest.uppercased())])),
        RuleCase(
            name: "manifest beside the plugin without a digest", plugin: withoutNote,
            sidecar: sidecar(["sha256": .null]), errors: ["M003"], words: [path, "has no sha256"]),
        RuleCase(
            name: "manifest beside the plugin with a digest that is no text", plugin: withoutNote,
            sidecar: sidecar(["sha256": 7]), errors: ["M003", "N005"], words: [path]),
        RuleCase(
            name: "manifest of another build", plugin: withoutNote,
            sidecar: sidecar(["sha256": .string(String(repeating: "1", count: 64))]), errors: ["M003"],
            words: [path, "1111", digest]),
        RuleCase(
            name: "manifest beside the plugin that is none", plugin: withoutNote,
            sidecar: sidecar(["version": .null]), errors: ["N005"], words: [path, "/version is missing"]),
        RuleCase(
            name: "manifest beside the plugin with a member that nobody knows", plugin: withoutNote,
            sidecar: sidecar(["teapot": true]), warnings: ["M001"], words: [path, "teapot"]),
        RuleCase(
            name: "manifest beside the plugin with a reserved name", plugin: withoutNote,
            sidecar: sidecar(["id": "keyway.core"]), errors: ["M001"], words: [path, "reserved"]),
        RuleCase(
            name: "manifest beside the plugin of another type", plugin: withoutNote,
            sidecar: sidecar(["type": "provider"]), errors: ["M002"], words: [path, "of type provider"]),
        RuleCase(
            name: "manifest beside the plugin of another build id", plugin: withoutNote,
            sidecar: sidecar(["buildID": "00ff"]), errors: ["S047"], words: [path, "00ff"]),
        RuleCase(
            name: "permissions of the manifest beside the plugin",
            plugin: {
                var plugin = calling("fork()", "unistd.h")
                plugin.manifest = ""
                return plugin
            }(), sidecar: sidecar(["permissions": ["process.exec"]])),
        RuleCase(
            name: "manifest beside what is no plugin",
            plugin: PluginFixture(
                abi: "", manifest: "", interfaces: "", entry: "KW_EXPORT int answer(void) { return 42; }", script: ""),
            sidecar: sidecar(), errors: ["N001"], words: ["not a Keyway plugin"]),
        RuleCase(name: "manifest beside a plugin that has one", sidecar: sidecar(["sha256": .null, "type": .null])),
        RuleCase(
            name: "another id beside a plugin that has one", sidecar: sidecar(["id": "other"]), errors: ["M002"],
            words: [path, "other", "the manifest note says \"witness\""]),
        RuleCase(
            name: "another version beside a plugin that has one", sidecar: sidecar(["version": "1.2.4"]),
            errors: ["M002"], words: [path, "1.2.4"]),
        RuleCase(
            name: "no version beside a plugin that has one", sidecar: sidecar(["version": .null]), errors: ["M002"],
            words: [path, "does not say its version"]),
    ]
}
