internal import Glibc

/// Where an open file or folder lies, and who owns and may write what leads there.
///
/// The way is the one by which the kernel knows the open file, without links: a link that leads elsewhere by now changes
/// nothing.
public struct FileLocation: Sendable, Hashable {
    /// The file, or one of the folders above it.
    public struct Place: Sendable, Hashable {
        /// Absolute, without links.
        public var path: String
        /// User id of the owner.
        public var owner: UInt32
        /// Type and permission bits as `stat` gives them.
        public var mode: UInt32
        /// May its group or every user write it? So it looks also where an access control list lets somebody write. No, if
        /// the group is that of the process's user alone.
        public var isWritableByOthers: Bool

        /// - Parameter isWritableByOthers: nil: as the mode says, whatever group it is.
        public init(path: String, owner: UInt32, mode: UInt32, isWritableByOthers: Bool? = nil) {
            self.path = path
            self.owner = owner
            self.mode = mode
            self.isWritableByOthers = isWritableByOthers ?? (mode & 0o022 != 0)
        }

        /// Of a folder: may only owners take away or replace what is in it, whoever may write it?
        public var isSticky: Bool { mode & UInt32(S_ISVTX) != 0 }
    }

    /// The file or folder itself, then the folder that it lies in, and so on; the root is last.
    public let places: [Place]

    public var path: String { places[0].path }

    /// - Parameter places: at least one.
    public init(places: [Place]) {
        precondition(!places.isEmpty, "a file has a name")
        self.places = places
    }

    /// nil if no name leads to the file any more, or one that is not valid text; or without /proc, where the name stands.
    init?(of descriptor: Int32) {
        var opened = stat()
        guard unsafe fstat(descriptor, &opened) == 0,
            let path = FileTree.target(of: "/proc/self/fd/\(descriptor)"), path.hasPrefix("/")
        else { return nil }
        var places: [Place] = []
        var here = "/"
        var status = stat()
        // From the root on: where nobody else may write a folder, nobody else can exchange the next one meanwhile.
        // By bytes: a name may begin with what would be one character with the slash.
        for name in [""] + path.utf8.split(separator: UInt8(ascii: "/")).map({ String(Substring($0)) }) {
            here += (places.count < 2 ? "" : "/") + name
            guard unsafe lstat(here, &status) == 0 else { return nil }
            let isOpen = PrivateGroup.isWritableByOthers(
                mode: UInt32(status.st_mode), group: UInt32(status.st_gid),
                hasAccessList: PrivateGroup.hasAccessList(here))
            places.append(
                Place(
                    path: here, owner: UInt32(status.st_uid), mode: UInt32(status.st_mode), isWritableByOthers: isOpen))
        }
        guard status.st_dev == opened.st_dev, status.st_ino == opened.st_ino else { return nil }
        self.places = places.reversed()
    }

    /// The folder at a path, links followed; nil if there is none, or it may not be read.
    public init?(folder path: String) {
        guard !path.utf8.contains(0) else { return nil }
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        self.init(of: descriptor)
    }
}

extension FileImage {
    /// Where the file lies now; nil if no name leads to it, see ``FileLocation``.
    public borrowing func location() -> FileLocation? { withDescriptor { FileLocation(of: $0) } }
}
