internal import ArgumentParser
internal import Glibc
internal import PluginHost

/// Where operators keep what they grant.
struct PermissionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The file of what plugins are granted; $XDG_CONFIG_HOME/keyway/permissions.json and /etc/keyway/permissions.json unless \
            said otherwise.
            """, valueName: "file"))
    var permissions: String?

    private static let systemFile = "/etc/keyway/permissions.json"

    var files: PermissionFiles {
        if let permissions { return PermissionFiles(own: permissions) }
        guard let folder = Environment.configurationFolder else { return PermissionFiles(own: Self.systemFile) }
        return PermissionFiles(own: "\(folder)/permissions.json", system: Self.systemFile)
    }

    /// The file that grants are written to. The administrator's is for the administrator's editor.
    /// - Throws: if there is no home folder and no file is named.
    func filesForWriting() throws(PluginError) -> PermissionFiles {
        guard permissions != nil || Environment.configurationFolder != nil else {
            throw PluginError(
                .configuration,
                "there is no folder for what plugins are granted: neither XDG_CONFIG_HOME nor HOME is set",
                remedy: "Name a file with --permissions")
        }
        return files
    }

    /// A file that is named has to be there: without it nobody would be asked.
    var filesForLoading: PermissionFiles {
        var files = files
        files.isRequired = permissions != nil
        return files
    }
}

extension Environment {
    /// The user's configuration folder for keyway (XDG Base Directory Specification).
    static var configurationFolder: String? {
        if let folder = value("XDG_CONFIG_HOME"), folder.hasPrefix("/") { return "\(folder)/keyway" }
        return home.map { "\($0)/.config/keyway" }
    }

    /// The name of this process's user, or its number.
    static var userName: String {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 1 << 14)
        return unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            let status = unsafe getpwuid_r(geteuid(), &entry, buffer.baseAddress!, buffer.count, &found)
            guard status == 0, unsafe found != nil, let name = unsafe entry.pw_name else { return "uid \(geteuid())" }
            return unsafe String(cString: name)
        }
    }
}
