internal import CPluginLinux
internal import Glibc
package import PluginCore
internal import PluginELF

/// The program that a host starts to run plugins in, or to try them, and where it is.
package enum WorkerProgram {
    package static let name = "keyway-worker"
    /// The variable that can name it.
    private static let variable = "KEYWAY_WORKER"

    /// Finds it: the one that is named, else that of the variable (ignored in a privileged process), else the first of:
    /// beside this program, in `../libexec/keyway` of its folder, `/usr/local/libexec/keyway`, `/usr/libexec/keyway`.
    /// - Throws: ``PluginError`` with code `notFound`, or `permissionDenied` if others can write it. One that is named is not
    ///   replaced by another, nor is the first that is there.
    package static func locate(_ named: String? = nil) throws(PluginError) -> String {
        // One that is set to nothing says nothing.
        let fromVariable = unsafe kwl_secure_getenv(variable).map { unsafe String(cString: $0) } ?? ""
        let candidates = (named ?? (fromVariable.isEmpty ? nil : fromVariable)).map { [$0] } ?? usualPlaces
        guard let path = candidates.first(where: { unsafe access($0, X_OK) == 0 }) else {
            throw missing("there is no \(candidates.joined(separator: ", no "))", candidates)
        }
        try requireTrusted(path)
        return path
    }

    /// - Throws: `permissionDenied` if it is another user's, or can be written by others.
    package static func requireTrusted(_ path: String) throws(PluginError) {
        var status = stat()
        // One that is not there says so when it is started.
        guard unsafe stat(path, &status) == 0 else { return }
        func refused(_ problem: String, _ remedy: String) -> PluginError {
            PluginError(
                .permissionDenied, "\(path) is not run: it \(problem)", remedy: remedy, facts: .file(path: path),
                stage: .load)
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw refused("belongs to user \(status.st_uid)", "Take one that belongs to root or to you")
        }
        let isOpen = PrivateGroup.isWritableByOthers(
            mode: UInt32(status.st_mode), group: UInt32(status.st_gid), hasAccessList: PrivateGroup.hasAccessList(path))
        guard !isOpen else {
            throw refused(
                "can be written by other users",
                "See that it is the one that was built, then run `\(ShellWord.command(["chmod", "go-w", path]))`")
        }
    }

    static func missing(_ why: String, _ paths: [String]) -> PluginError {
        PluginError(
            .notFound, "plugins cannot run in processes of their own: \(why)",
            remedy:
                "Build it from Keyway's source with make build, or swift build --product \(name), and put it beside this program or name it in \(variable)",
            facts: .names(paths), stage: .load)
    }

    private static var usualPlaces: [String] {
        var places: [String] = []
        if let program = unsafe realpath("/proc/self/exe", nil) {
            let path = unsafe String(cString: program)
            unsafe free(program)
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
            places = ["\(folder)/\(name)", "\(folder)/../libexec/keyway/\(name)"]
        }
        return places + ["/usr/local/libexec/keyway/\(name)", "/usr/libexec/keyway/\(name)"]
    }
}
