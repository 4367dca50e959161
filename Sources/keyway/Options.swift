internal import ArgumentParser
internal import Glibc
internal import PluginHost

struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON document on standard output.")
    var json = false
}

struct HostOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A folder of plugins; may be repeated.", valueName: "folder"))
    var path: [String] = []

    @Flag(name: .shortAndLong, help: "Show what plugins log.")
    var verbose = false

    /// - Parameter onlyNamed: where folders are named, no others are searched.
    func host(dataFolder: String? = nil, onlyNamed: Bool = false) -> PluginHost {
        PluginHost(configuration(dataFolder: dataFolder, onlyNamed: onlyNamed))
    }

    func configuration(dataFolder: String? = nil, onlyNamed: Bool = false) -> PluginHost.Configuration {
        var configuration = PluginHost.Configuration()
        configuration.searchPaths = onlyNamed && !path.isEmpty ? path : Environment.pluginFolders(named: path)
        configuration.dataFolder = dataFolder
        configuration.cacheFolder = Environment.cacheFolder
        configuration.stateFolder = Environment.stateFolder
        configuration.filter = Environment.pluginFilter
        let level: Logger.Level = verbose ? .trace : .warning
        configuration.logger = Logger(label: "keyway") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        return configuration
    }
}

extension PluginHost {
    /// A file of that name if there is one, whatever its name looks like; else the plugin of that name.
    func file(_ fileOrName: String) throws(PluginError) -> String {
        if !fileOrName.isEmpty, unsafe access(fileOrName, F_OK) == 0 { return fileOrName }
        return try locate(fileOrName)
    }
}

/// An option's value that is a time: a number and ms, s, m or h.
struct TimeOption: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let units: [String: Double] = ["ms": 0.001, "s": 1, "m": 60, "h": 3600]
        guard let number = Double(digits), number > 0, let unit = units[String(argument.dropFirst(digits.count))],
            number * unit <= 86400 * 365
        else { return nil }
        duration = .seconds(number * unit)
    }

    var defaultValueDescription: String { duration.short }
}

/// An option's value that is JSON, or `@FILE`.
enum JSONOption {
    static func parse(_ text: String, what: String) throws(PluginError) -> JSON {
        guard text.hasPrefix("@") else { return try JSON(parsing: text, what: what) }
        let file = String(text.dropFirst())
        return try JSON(parsing: try InputFile.read(file), what: "\(what) (\(file))")
    }

    /// Which items: all of them if nothing is said.
    static func filter(_ text: String?) throws(PluginError) -> Filter {
        guard let text else { return .all }
        return try Filter(parse(text, what: "the filter"))
    }
}

/// Files that a person names.
enum InputFile {
    /// The bytes of a file, or of standard input for "-".
    static func read(_ path: String, limit: Int = 256 << 20) throws(PluginError) -> [UInt8] {
        let descriptor = unsafe path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { if path != "-" { close(descriptor) } }
        if path != "-" { try requireFile(descriptor, path) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, errno) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw PluginError(
                    .resourceExhausted, "\(path) has more than \(limit >> 20) MiB",
                    remedy: "Split it into smaller files",
                    facts: .file(path: path))
            }
        }
    }

    /// A named pipe or a device could keep us waiting for ever. A shell's `<(...)` is a pipe on purpose.
    private static func requireFile(_ descriptor: Int32, _ path: String) throws(PluginError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: throw failure(path, EISDIR)
        case S_IFIFO where path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/"):
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        default:
            throw PluginError(
                .invalidArgument, "\(path) is no regular file", remedy: "Name a file, or - for standard input",
                facts: .file(path: path))
        }
    }

    /// Absolute, with links resolved. The file or folder has to exist.
    static func resolved(_ path: String) throws(PluginError) -> String {
        guard let resolved = unsafe realpath(path, nil) else { throw failure(path, errno) }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Absolute, with links of the folder resolved, but not of the file: what it leads to may turn. It has to exist.
    static func absolute(_ path: String) throws(PluginError) -> String {
        guard unsafe access(path, F_OK) == 0 else { throw failure(path, errno) }
        guard let slash = path.lastIndex(of: "/") else { return try resolved(".") + "/" + path }
        let folder = try resolved(String(path[...slash]))
        return (folder == "/" ? "" : folder) + path[slash...]
    }

    static func failure(_ path: String, _ number: Int32) -> PluginError {
        let (code, what, remedy): (PluginError.Code, String, String) =
            switch number {
            case ENOENT: (.notFound, "there is no \(path)", "Check the spelling of the path")
            case EACCES: (.permissionDenied, "\(path) may not be read", "Change its permissions")
            case EISDIR: (.invalidArgument, "\(path) is a folder", "Name a file")
            default: (.unavailable, "\(path) cannot be read (error \(number))", "Check the file")
            }
        return PluginError(code, what, remedy: remedy, facts: .errno(number, call: "open"))
    }
}
