public import PluginCore

/// A manifest in a file beside the plugin, such as `NAME.plugin.json`.
///
/// It is the manifest of a plugin that has no manifest note, and then says by a digest which file it speaks of (M003).
/// Beside a plugin with a note it only has to agree with that.
public struct SidecarManifest: Sendable, Hashable {
    /// Of the sidecar; it stands in messages.
    public var path: String
    /// What the file says, whatever language it is written in.
    public var document: JSON
    /// SHA-256 of the plugin's file that the sidecar was written for: its member `sha256` in lower case, a prefix
    /// "sha256:" taken off. nil if it has none.
    public var declaredDigest: String?
    /// SHA-256 of the bytes that are judged, lower-case hexadecimal.
    public var fileDigest: String

    public init(path: String, document: JSON, fileDigest: String) {
        self.path = path
        self.document = document
        self.fileDigest = fileDigest
        declaredDigest = document["sha256"]?.stringValue.map { text in
            let digest = text.lowercased()
            return digest.hasPrefix("sha256:") ? String(digest.dropFirst("sha256:".count)) : digest
        }
    }
}
