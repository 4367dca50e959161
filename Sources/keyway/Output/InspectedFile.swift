internal import PluginHost

/// A file that was read once, judged, and linked on paper.
struct InspectedFile {
    let path: String
    let object: SharedObject
    let verification: Verification
    /// SHA-256, lower-case hexadecimal; nil for a file above the limit of size.
    let digest: String?
    /// nil for a file that has nothing to link, or is damaged.
    let linkage: Linkage?

    /// - Throws: ``PluginError`` if it cannot be opened, or is not ELF.
    init(_ path: String, verifier: Verifier) throws(PluginError) {
        let image = try FileImage(opening: path)
        self.path = path
        object = try SharedObject(reading: image)
        // What is too large to be loaded is not worth minutes of reading.
        let digest = image.size <= verifier.policy.sizeLimit ? image.digest() : nil
        self.digest = digest
        verification = verifier.verify(
            object,
            sidecar: try digest.flatMap { digest throws(PluginError) in try SidecarManifest.beside(path) { digest } })
        linkage = object.isDynamic && object.defects.isEmpty ? verifier.resolver.linkage(of: object) : nil
    }

    var libraries: [ResolvedLibrary] { linkage?.libraries ?? [] }

    /// The libraries that the file itself names, with the place where each is found.
    var needed: [(name: String, path: String?)] {
        object.needed.map { name in (name, libraries.first { $0.name == name }?.path) }
    }
}
