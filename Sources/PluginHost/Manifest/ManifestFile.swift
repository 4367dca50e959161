public import PluginCore

/// A manifest that stands in a file of its own, in JSON or in TOML.
public struct ManifestFile: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        case json, toml
        /// In the plugin's own file.
        case note

        /// By the ending of a file's name, in whatever case; nil if it says neither.
        init?(ofFile path: String) {
            let ending = path.suffix(5).lowercased()
            guard ending == ".json" || ending == ".toml" else { return nil }
            self = ending == ".toml" ? .toml : .json
        }
    }

    public let path: String
    public let format: Format
    /// TOML already turned into JSON.
    public let document: JSON
    public let manifest: Manifest

    /// What the file says that the plugin's file has: SHA-256 in lower-case hexadecimal.
    public var declaredDigest: String? { manifest.sha256 }
    public var warnings: [ManifestProblem] { manifest.warnings }

    /// Reads a manifest: TOML if the name ends in `.toml`, in whatever case, else JSON.
    ///
    /// Only a regular file of at most 1 MiB is read; the call never waits for a pipe or a device.
    /// - Throws: ``PluginError``: `invalidArgument` for what is no JSON or TOML, `validation` for what is no manifest;
    ///   both with the line and the column.
    public init(reading path: String) throws(PluginError) {
        let source = try ManifestSource(reading: path)
        let reading = Manifest.read(source.document)
        guard let manifest = reading.manifest else {
            let problem = reading.problems.first { $0.severity == .error } ?? ManifestProblem(.error, "", "is wrong")
            throw PluginError(
                .validation, "\(path): \(source.positions(of: [problem.pointer])[0]): the manifest's \(problem)",
                remedy: "Correct it; keyway manifest check \(path) lists everything that is wrong",
                facts: .pointer(problem.pointer), plugin: path, stage: .inspect, underlying: problem)
        }
        self.path = path
        format = source.format
        document = source.document
        self.manifest = manifest
    }
}

/// A document of a manifest with the text that it was made from.
struct ManifestSource {
    let format: ManifestFile.Format
    let text: [UInt8]
    let document: JSON

    /// - Throws: ``PluginError`` if the file cannot be read, or holds no document; then with a ``SyntaxFault`` beneath.
    init(reading path: String) throws(PluginError) {
        try self.init(ManifestText.read(path), ManifestFile.Format(ofFile: path) ?? .json, what: path)
    }

    init(_ text: [UInt8], _ format: ManifestFile.Format, what: String) throws(PluginError) {
        self.text = text
        self.format = format
        document =
            switch format {
            case .toml: try TOMLDocument.json(text, what: what)
            case .json, .note: try JSON(parsing: text, what: what)
            }
    }

    /// Where values stand in the text.
    func positions(of pointers: [String]) -> [TextPosition] {
        switch format {
        case .toml: return TOMLDocument.positions(of: pointers, in: text)
        case .json, .note: return pointers.map { JSON.position(of: $0, in: text) ?? TextPosition(line: 1, column: 1) }
        }
    }
}
