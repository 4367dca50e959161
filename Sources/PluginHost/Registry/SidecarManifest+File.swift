public import PluginCore
public import PluginELF

extension SidecarManifest {
    /// The manifest in a file beside a plugin's; see ``ManifestFile/beside(pluginFile:)``.
    ///
    /// - Parameter digest: SHA-256 of the plugin's bytes that are judged; asked for only if there is a sidecar.
    /// - Throws: ``PluginError`` with code `validation` and a finding of N005 if there is one that cannot be read.
    public static func beside(
        _ path: String, digest: () -> String
    ) throws(PluginError) -> SidecarManifest? {
        do throws(PluginError) {
            guard let file = try ManifestFile.beside(pluginFile: path) else { return nil }
            return SidecarManifest(path: file.path, document: file.document, fileDigest: digest())
        } catch {
            let why = RuleCatalogue.entries.first { $0.id == "N005" }?.why ?? ""
            let finding = Finding(
                id: "N005", severity: .error, risk: .high, place: error.plugin ?? path, why: why, message: error.what,
                remedy: error.remedy ?? "Correct the manifest beside the plugin")
            throw PluginError(
                .validation, error.what, remedy: error.remedy, facts: .findings([finding]), plugin: path,
                stage: .inspect, underlying: error)
        }
    }
}
