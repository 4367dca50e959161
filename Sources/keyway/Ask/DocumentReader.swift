internal import Glibc
internal import PluginHost
internal import Retrieval

/// Reads a folder of Markdown and text: every file once, in the order of its path, whatever links lead where.
struct DocumentReader {
    struct Result {
        var documents: [Document] = []
        /// What was left out, and why; for the person who asked.
        var notes: [String] = []
    }

    /// Larger files are data, not documentation.
    private static let fileLimit = 4 << 20
    /// Bytes that are read in all; beyond it memory and time are no longer those of a question.
    private static let totalLimit = 256 << 20
    private static let depthLimit = 64
    private static let filesLimit = 50_000
    /// Names that are looked at, documents or not.
    private static let entriesLimit = 500_000
    private static let extensions: Set<String> = [
        "md", "markdown", "mdown", "mkd", "mdx", "txt", "text", "rst", "adoc", "asciidoc", "asc", "org", "pod",
    ]
    /// Folders of programs, not of documents.
    private static let skippedFolders: Set<String> = ["node_modules", "__pycache__", "target", "vendor"]

    /// Text that programs read.
    private static let skippedFiles: Set<String> = ["CMakeLists.txt", "requirements.txt", "robots.txt"]

    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private struct File {
        /// Relative to the folder that was named.
        let path: String
        let absolute: String
        let size: Int
    }

    /// The folder that was named, links resolved.
    private let root: String
    private var entries = 0
    private var seen: Set<Identity> = []
    private var files: [File] = []
    private var skipped: [String: [String]] = [:]

    private init(root: String) { self.root = root }

    /// - Parameter root: a folder, or one file; links resolved.
    static func read(_ root: String) throws(PluginError) -> Result {
        var reader = DocumentReader(root: root)
        var status = stat()
        guard unsafe stat(root, &status) == 0 else { throw InputFile.failure(root, errno) }
        if status.st_mode & S_IFMT == S_IFDIR {
            guard unsafe access(root, R_OK | X_OK) == 0 else { throw InputFile.failure(root, errno) }
            try reader.walk(root, prefix: "", depth: 0)
        } else {
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw PluginError(
                    .invalidArgument, "\(root) is neither a folder nor a file", remedy: "Name a folder of documents",
                    facts: .file(path: root))
            }
            let name = root.split(separator: "/").last.map(String.init) ?? root
            reader.files = [File(path: name, absolute: root, size: Int(status.st_size))]
        }
        return try reader.load(root)
    }

    private mutating func walk(_ folder: String, prefix: String, depth: Int) throws(PluginError) {
        guard !Task.isCancelled else { throw PluginError(.cancelled, "interrupted while documents were read") }
        var status = stat()
        guard unsafe stat(folder, &status) == 0,
            seen.insert(Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))).inserted
        else {
            note("a folder that links back to one already read", prefix)
            return
        }
        guard depth < Self.depthLimit else {
            note("nested more than \(Self.depthLimit) folders deep", prefix)
            return
        }
        guard let names = Self.names(in: folder) else {
            note("not readable", prefix)
            return
        }
        for name in names where !name.hasPrefix(".") {
            let (path, absolute) = ("\(prefix)\(name)", "\(folder)/\(name)")
            entries += 1
            guard entries <= Self.entriesLimit else {
                note("beyond the \(Self.entriesLimit) names that are looked at for one question", path)
                return
            }
            guard unsafe lstat(absolute, &status) == 0 else {
                note("a name that is not UTF-8", path)
                continue
            }
            if status.st_mode & S_IFMT == S_IFLNK, leadsOut(absolute) {
                note("a link that leads out of the folder", path)
                continue
            }
            guard unsafe stat(absolute, &status) == 0 else {
                note("a link that leads nowhere", path)
                continue
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                if !Self.skippedFolders.contains(name) {
                    try walk(absolute, prefix: "\(path)/", depth: depth + 1)
                }
            case S_IFREG where Self.isDocument(name):
                let identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
                guard files.count < Self.filesLimit else {
                    note("beyond the \(Self.filesLimit) files that are read for one question", path)
                    return
                }
                if seen.insert(identity).inserted {
                    files.append(File(path: path, absolute: absolute, size: Int(status.st_size)))
                }
            default: break
            }
        }
    }

    /// A link to a place outside would hand files to the provider that nobody named.
    private func leadsOut(_ link: String) -> Bool {
        guard let resolved = unsafe realpath(link, nil) else { return false }
        defer { unsafe free(resolved) }
        let target = unsafe String(cString: resolved)
        return target != root && !target.hasPrefix(root.hasSuffix("/") ? root : "\(root)/")
    }

    private static func names(in folder: String) -> [String]? {
        guard let directory = unsafe opendir(folder) else { return nil }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// By its extension; a file without one is taken if it is named as READMEs and the like are.
    private static func isDocument(_ name: String) -> Bool {
        guard !skippedFiles.contains(name) else { return false }
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else {
            return name.allSatisfy { $0.isUppercase || $0 == "_" || $0 == "-" }
        }
        return extensions.contains(name[name.index(after: dot)...].lowercased())
    }

    private mutating func note(_ reason: String, _ path: String) { skipped[reason, default: []].append(path) }

    private mutating func load(_ root: String) throws(PluginError) -> Result {
        var result = Result()
        var total = 0
        for file in files {
            guard file.size <= Self.fileLimit else {
                note("larger than \(Self.fileLimit >> 20) MiB", file.path)
                continue
            }
            guard total + file.size <= Self.totalLimit else {
                note("beyond the \(Self.totalLimit >> 20) MiB that are read for one question", file.path)
                continue
            }
            let bytes: [UInt8]
            do throws(PluginError) {
                bytes = try InputFile.read(file.absolute, limit: Self.fileLimit)
            } catch {
                note("not readable", file.path)
                continue
            }
            total += bytes.count
            if bytes.prefix(8192).contains(0) {
                note("binary", file.path)
                continue
            }
            let document = DocumentSplitter.split(path: file.path, bytes: bytes, number: result.documents.count)
            if !document.passages.isEmpty { result.documents.append(document) }
        }
        result.notes = skipped.sorted { $0.key < $1.key }.map { reason, paths in
            let shown = paths.prefix(3).joined(separator: ", ")
            return "left out, \(reason): \(shown)\(paths.count > 3 ? " and \(paths.count - 3) more" : "")"
        }
        return result
    }
}
