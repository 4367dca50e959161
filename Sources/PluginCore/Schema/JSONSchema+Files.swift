/// Files as URIs (RFC 8089), for schemas that refer to other files.
extension JSONSchema {
    /// The URI of a file, with escapes for what has a meaning in URIs.
    /// - Parameter path: absolute.
    package static func uri(ofFile path: String) -> String {
        "file://"
            + SchemaURI.escaped(path) { byte in
                !SchemaURI.isLetter(byte) && !(0x30...0x39).contains(byte) && !"/-._~!$&'()*+,;=:@".utf8.contains(byte)
            }
    }

    /// The path of the file on this machine that a URI names; nil for other URIs and for damaged escapes.
    package static func file(at uri: String) -> String? {
        let uri = SchemaURI(uri)
        guard uri.scheme == "file", ["", "localhost"].contains(uri.authority ?? ""), uri.query == nil,
            uri.path.hasPrefix("/"), let path = SchemaURI.decoded(uri.path), !path.utf8.contains(0)
        else { return nil }
        return path
    }
}
