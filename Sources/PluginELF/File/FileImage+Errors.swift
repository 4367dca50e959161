internal import Glibc
internal import PluginCore

extension FileImage {
    static func notRegular(_ path: String, _ kind: String) -> PluginError {
        let finding = Finding(
            id: "S001", severity: .error, risk: .high, place: path,
            why: "Only a regular file has contents that can be judged first and loaded later",
            message: "is \(kind), not a regular file", remedy: "Pass the path of the plugin's shared object, a .so file"
        )
        return PluginError(
            .validation, finding.message, remedy: finding.remedy, facts: .findings([finding]), plugin: path,
            stage: .open)
    }

    static func openError(_ path: String, _ number: Int32) -> PluginError {
        let (code, what, remedy): (PluginError.Code, String, String) =
            switch number {
            case ENOENT:
                isLink(path)
                    ? (.notFound, "is a symbolic link to a file that does not exist", "Correct or remove the link")
                    : (.notFound, "no such file", "Check the spelling of the path, and that the plugin was built")
            case ENOTDIR:
                (.notFound, "a part of the path is a file, not a folder", "Check the spelling of the path")
            case ELOOP:
                (.validation, "its symbolic links lead in a circle", "Correct or remove the links")
            case EACCES, EPERM:
                (
                    .permissionDenied, "may not be read by this user",
                    "Give the host's user read permission on the file and search permission on its folders"
                )
            case ENXIO, ENODEV:
                (
                    .validation, "is a socket or a device without a driver, not a regular file",
                    "Pass the path of the plugin's shared object, a .so file"
                )
            case ENAMETOOLONG:
                (.invalidArgument, "the path is longer than the system allows", "Use a shorter path")
            case EMFILE, ENFILE:
                (.resourceExhausted, "no file descriptor is left to open it", "Raise the limit of open files")
            default:
                (.unavailable, "cannot be opened: \(describe(number))", "Check the file system that holds the file")
            }
        return PluginError(
            code, what, remedy: remedy, facts: .errno(number, call: "open"), plugin: path, stage: .open)
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && UInt32(status.st_mode) & UInt32(S_IFMT) == UInt32(S_IFLNK)
    }

    private static func describe(_ number: Int32) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, unsafe strerror_r(number, base, buffer.count) == 0 else {
                return "error \(number)"
            }
            return unsafe String(cString: base)
        }
    }
}
