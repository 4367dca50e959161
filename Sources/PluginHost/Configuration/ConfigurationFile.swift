internal import Glibc
public import PluginCore
internal import PluginELF

/// What an operator says of one plugin's configuration, in a JSON or TOML file.
public struct ConfigurationFile: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        case json, toml
    }

    public let path: String
    public let format: Format
    /// An object. Secrets are references in it, unless somebody wrote them out.
    public let value: JSON
    private let text: [UInt8]

    /// Largest file in bytes.
    public static let sizeLimit = 1 << 20

    /// Reads a file: TOML if its name ends in `.toml`, else JSON.
    ///
    /// A regular file; links are followed, and pipes are not waited for.
    /// - Parameter isTrusted: whether it decides what a plugin gets. Then it has to be this user's or root's, and nobody else may
    ///   be able to write it.
    /// - Throws: ``PluginError``: `notFound`; `permissionDenied` if it may not be read, or others can write it; `configuration`
    ///   with line and column if it holds no object; `resourceExhausted` if it is too large.
    public init(reading path: String, isTrusted: Bool = true) throws(PluginError) {
        let bytes = try Self.bytes(of: path, isTrusted: isTrusted)
        try self.init(bytes, Self.isTOML(path) ? .toml : .json, path: path)
    }

    /// - Parameter path: for messages.
    public init(_ text: [UInt8], _ format: Format, path: String) throws(PluginError) {
        guard text.count <= Self.sizeLimit else { throw Self.tooLarge(path) }
        do throws(PluginError) {
            value =
                switch format {
                case .json: try JSON(parsing: text, what: path)
                case .toml: try TOMLDocument.json(text, what: path)
                }
        } catch {
            throw PluginError(
                .configuration, error.what, remedy: "Correct it there; nothing of the file is used until then",
                facts: .file(path: path), underlying: error.underlying)
        }
        guard value.objectValue != nil else {
            throw PluginError(
                .configuration, "\(path) must hold an object of keys and values, but holds \(value.typeName)",
                remedy: "Write {} around them", facts: .file(path: path))
        }
        self.path = path
        self.format = format
        self.text = text
    }

    /// Where values stand in the text; of what is not there, where what would hold it stands.
    public func positions(of pointers: [String]) -> [TextPosition] {
        switch format {
        case .json: pointers.map { JSON.position(of: $0, in: text) ?? TextPosition(line: 1, column: 1) }
        case .toml: TOMLDocument.positions(of: pointers, in: text)
        }
    }

    private static func isTOML(_ path: String) -> Bool { path.lowercased().hasSuffix(".toml") }

    private static func bytes(of path: String, isTrusted: Bool) throws(PluginError) -> [UInt8] {
        let file: FileImage
        do throws(PluginError) {
            file = try FileImage(opening: path)
        } catch {
            let code = error.code == .validation ? PluginError.Code.conflict : error.code
            throw PluginError(
                code, "the configuration \(path) cannot be read: \(error.what)",
                remedy: code == .conflict ? "Put a file there" : error.remedy, facts: .file(path: path))
        }
        if isTrusted { try requireTrusted(file.withDescriptor { FileStamp(of: $0) }, path) }
        guard file.size <= UInt64(sizeLimit) else { throw tooLarge(path) }
        guard let bytes = file.bytes(at: 0, count: Int(file.size)) else {
            throw PluginError(
                .unavailable, "the configuration \(path) changed while it was read", remedy: "Try again",
                facts: .file(path: path), retryable: true)
        }
        return bytes
    }

    /// For files, and for the folder they are in: whoever can write there decides what plugins get.
    static func requireTrusted(_ stamp: FileStamp, _ path: String) throws(PluginError) {
        guard stamp.owner == geteuid() || stamp.owner == 0 else {
            throw PluginError(
                .permissionDenied,
                "the configuration \(path) belongs to user \(stamp.owner), and this is user \(geteuid())",
                remedy: "Make it root's or your own", facts: .file(path: path))
        }
        guard stamp.mode & 0o022 == 0 else {
            throw PluginError(
                .permissionDenied, "the configuration \(path) can be written by other users",
                remedy: "See that it holds what it should, then run chmod go-w on it", facts: .file(path: path))
        }
    }

    private static func tooLarge(_ path: String) -> PluginError {
        PluginError(
            .resourceExhausted, "the configuration \(path) has more than \(sizeLimit >> 20) MiB",
            remedy: "Keep data in files of its own, and name them in the configuration",
            facts: .limit(name: "configuration", value: Int64(sizeLimit), unit: "bytes", source: "host"))
    }
}
