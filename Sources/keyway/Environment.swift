internal import CPluginLinux
internal import Glibc
internal import PluginHost

/// The environment and the places that follow from it.
enum Environment {
    /// A variable; nil in a privileged process (secure_getenv(3)), whose caller must not choose what is loaded.
    static func value(_ name: String) -> String? {
        guard let text = unsafe kwl_secure_getenv(name) else { return nil }
        return unsafe String(cString: text)
    }

    /// The user's home folder; nil if HOME is not set to an absolute path.
    static var home: String? { value("HOME").flatMap { $0.hasPrefix("/") ? $0 : nil } }

    /// Where plugins are looked for by name: named folders, then the environment's, then the usual places.
    static func pluginFolders(named: [String]) -> [String] {
        var folders = named
        folders += namedFolders
        if let program = executableFolder { folders.append("\(program)/plugins") }
        if let home { folders.append("\(home)/.local/share/keyway/plugins") }
        folders += ["/usr/local/lib/keyway/plugins", "/usr/lib/keyway/plugins"]
        return folders
    }

    /// Those of KEYWAY_PLUGIN_PATH.
    static var namedFolders: [String] {
        (value("KEYWAY_PLUGIN_PATH") ?? "").split(separator: ":").map(String.init)
    }

    /// The folder of this program, links resolved.
    static var executableFolder: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    /// Plugins that are turned off by name, and exceptions: lists with commas.
    static var pluginFilter: PluginFilter {
        func names(_ variable: String) -> Set<String> {
            let words = (value(variable) ?? "").split(separator: ",").map { $0.drop(while: \.isWhitespace) }
            return Set(
                words.map { word in
                    String(word[..<(word.lastIndex { !$0.isWhitespace }.map(word.index(after:)) ?? word.startIndex)])
                })
        }
        return PluginFilter(disabled: names("KEYWAY_PLUGINS_DISABLE"), allowed: names("KEYWAY_PLUGINS_ALLOW"))
    }

    /// The user's state folder for keyway (XDG Base Directory Specification).
    static var stateFolder: String? {
        if let state = value("XDG_STATE_HOME"), state.hasPrefix("/") { return "\(state)/keyway" }
        return home.map { "\($0)/.local/state/keyway" }
    }

    /// The user's cache folder for keyway (XDG Base Directory Specification).
    static var cacheFolder: String? {
        if let cache = value("XDG_CACHE_HOME"), cache.hasPrefix("/") { return "\(cache)/keyway" }
        return home.map { "\($0)/.cache/keyway" }
    }
}
