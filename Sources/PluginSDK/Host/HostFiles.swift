internal import PluginABI
internal import PluginBridge
public import PluginCore

extension HostContext {
    /// Files, of which the host decides which the plugin may have: `keyway.host.fs/1`.
    /// - Throws: `permissionDenied` if the plugin was not granted it.
    public func files() throws(PluginError) -> HostFiles {
        HostFiles(service: try HostService(self, "keyway.host.fs/1", permission: "fs.read or fs.write"))
    }
}

/// Files by the host's hand. A path is relative to ``HostContext/dataFolder``, or absolute.
///
/// Every function throws what the host says; `permissionDenied` for a path that was not granted.
public struct HostFiles: Sendable {
    /// How a file is opened or written.
    public struct Options: OptionSet, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }
        public static let read = Options(rawValue: 1)
        public static let write = Options(rawValue: 2)
        public static let create = Options(rawValue: 4)
        public static let truncate = Options(rawValue: 8)
        public static let append = Options(rawValue: 16)
        /// The file must not exist.
        public static let exclusive = Options(rawValue: 32)
    }

    public struct Information: Sendable, Hashable {
        public enum Kind: Sendable, Hashable { case file, folder, link, other }

        /// Last component of the path.
        public var name: String
        public var kind: Kind
        /// Permission bits.
        public var mode: UInt32
        /// Bytes.
        public var size: Int
        /// Nanoseconds of the Unix clock.
        public var modified: Int64
    }

    let service: HostService<kw_host_fs>

    /// A whole file.
    public func read(_ path: String, for call: borrowing PluginCall) throws(PluginError) -> [UInt8] {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(\.read, "fs.read", call, writer.path(path), reply: kw_contents.self) {
            reply, reader throws(PluginError) in try unsafe reader.bytes(reply.bytes, "a file")
        }
    }

    /// Writes a file; without `append` it appears whole or not at all.
    /// - Parameter options: `append`, `exclusive`.
    /// - Returns: bytes written.
    @discardableResult
    public func write(
        _ path: String, _ bytes: [UInt8], options: Options = [], for call: borrowing PluginCall
    ) throws(PluginError) -> Int {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        let input = unsafe kw_write_in(
            h: .of(kw_write_in.self), path: writer.string(path), bytes: writer.bytes(bytes), flags: options.rawValue)
        return try unsafe service.ask(\.write, "fs.write", call, input, reply: kw_count.self) {
            reply, _ throws(PluginError) in Int(clamping: reply.count)
        }
    }

    /// A descriptor that the host opened; the caller closes it.
    public func open(_ path: String, _ options: Options, for call: borrowing PluginCall) throws(PluginError) -> Int32 {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(
            \.open, "fs.open", call, writer.path(path, options.rawValue), reply: kw_file_out.self
        ) { reply, _ throws(PluginError) in reply.descriptor }
    }

    /// Does not follow a link at the end.
    public func information(_ path: String, for call: borrowing PluginCall) throws(PluginError) -> Information {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(\.stat, "fs.stat", call, writer.path(path), reply: kw_file_info.self) {
            reply, reader throws(PluginError) in try unsafe Information(reply, reader)
        }
    }

    /// What is in a folder, by name.
    public func list(_ path: String, for call: borrowing PluginCall) throws(PluginError) -> [Information] {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        return try unsafe service.ask(\.list, "fs.list", call, writer.path(path), reply: kw_file_list.self) {
            reply, reader throws(PluginError) in
            try unsafe reader.elements(reply.files, of: kw_file_info.self, "files") { file throws(PluginError) in
                try unsafe Information(file, reader)
            }
        }
    }

    /// Makes a folder and those above it; it may exist.
    public func makeFolder(_ path: String, for call: borrowing PluginCall) throws(PluginError) {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        try unsafe service.tell(\.make_folder, "fs.make_folder", call, writer.path(path))
    }

    /// Removes a file or an empty folder.
    public func remove(_ path: String, for call: borrowing PluginCall) throws(PluginError) {
        var writer = ABIWriter()
        defer { extendLifetime(writer) }
        try unsafe service.tell(\.remove, "fs.remove", call, writer.path(path))
    }
}

extension HostFiles.Information {
    fileprivate init(_ info: borrowing kw_file_info, _ reader: ABIReader) throws(PluginError) {
        let kind: Kind
        switch unsafe info.kind {
        case UInt32(KW_FILE_REGULAR): kind = .file
        case UInt32(KW_FILE_FOLDER): kind = .folder
        case UInt32(KW_FILE_LINK): kind = .link
        default: kind = .other
        }
        self.init(
            name: try unsafe reader.text(info.name, "a file's name"), kind: kind, mode: unsafe info.mode,
            size: unsafe Int(clamping: info.size), modified: unsafe info.modified_unix_ns)
    }
}

extension ABIWriter {
    fileprivate mutating func path(_ path: String, _ flags: UInt64 = 0) -> kw_path_in {
        unsafe kw_path_in(h: .of(kw_path_in.self), path: string(path), flags: flags)
    }
}
