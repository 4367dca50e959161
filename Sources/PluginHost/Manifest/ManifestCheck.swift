internal import Glibc
public import PluginCore
internal import PluginELF

/// Everything that can be said of a manifest without its plugin: for authors, who want to see all of it at once.
///
/// Beyond reading, the schemas are compiled, the defaults are held against theirs, files that are named are opened, and
/// the plugin's file, if it is there, is held against its digest.
public struct ManifestCheck: Sendable {
    /// A problem and its place in the text.
    public struct Finding: Sendable, Hashable {
        public var problem: ManifestProblem
        public var position: TextPosition
    }

    public let path: String
    /// Of the text; for a note, lines and columns are those of its text.
    public let format: ManifestFile.Format
    /// nil if there is an error.
    public let manifest: Manifest?
    /// In the order of the text.
    public let findings: [Finding]
    /// As far as they could be read, also of a manifest that is wrong.
    public let (id, name, version): (String?, String?, String?)

    public var isValid: Bool { !findings.contains { $0.problem.severity == .error } }

    /// Checks a `.json` or `.toml` file, or the note of a shared object.
    /// - Throws: ``PluginError`` if the file cannot be read, or is a shared object without a manifest note.
    public init(_ path: String) throws(PluginError) {
        self.path = path
        let source: ManifestSource
        do throws(PluginError) {
            source = try Self.source(path)
        } catch {
            guard let fault = error.underlying as? SyntaxFault else { throw error }
            let problem = ManifestProblem(.error, "", "is not valid: \(fault.reason)")
            findings = [Finding(problem: problem, position: fault.position)]
            (manifest, id, name, version) = (nil, nil, nil, nil)
            format = ManifestFile.Format(ofFile: path) ?? .note
            return
        }
        format = source.format
        let reading = Manifest.read(source.document)
        var problems = reading.problems
        if let manifest = reading.manifest {
            // A note has no folder: its plugin may be copied anywhere.
            let folder = source.format == .note ? nil : Self.folder(of: path)
            problems += Self.contents(of: manifest, folder: folder)
            if let folder { problems += Self.file(of: manifest, at: path, in: folder) }
        }
        let positions = source.positions(of: problems.map(\.pointer))
        findings = zip(problems, positions).map(Finding.init).sorted {
            ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column)
        }
        manifest = problems.contains { $0.severity == .error } ? nil : reading.manifest
        let identity = source.document["plugin"]?.objectValue == nil ? source.document : source.document["plugin"]
        func text(_ key: String) -> String? { source.document[key]?.stringValue ?? identity?[key]?.stringValue }
        (id, name, version) = (text("id") ?? text("name"), text("name") ?? text("id"), text("version"))
    }

    private static func source(_ path: String) throws(PluginError) -> ManifestSource {
        guard isObject(path) else { return try ManifestSource(reading: path) }
        let object = try SharedObject(opening: path)
        guard let text = object.notes.manifestText else {
            throw PluginError(
                .validation, "\(path) has no manifest note",
                remedy: "Put the manifest into the plugin with its SDK's macro, or beside it as NAME.plugin.json",
                facts: .file(path: path), plugin: path, stage: .inspect)
        }
        return try ManifestSource(Array(text.utf8), .note, what: "the manifest note of \(path)")
    }

    /// Does the file begin as every ELF file does?
    private static func isObject(_ path: String) -> Bool {
        guard ManifestFile.Format(ofFile: path) == nil, let image = try? FileImage(opening: path) else { return false }
        return image.bytes(at: 0, count: 4) == [0x7F, 0x45, 0x4C, 0x46]
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }
}
