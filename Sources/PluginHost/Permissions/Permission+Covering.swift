internal import PluginCore

extension Permission {
    /// The permission as it takes effect for one plugin: a relative path of a file is below its data folder.
    ///
    /// Paths are compared by name. Which file a name leads to is seen when it is opened.
    /// - Parameter dataFolder: nil if it is not known; relative paths then stay relative.
    /// - Throws: ``PluginError`` with code `validation` if no host can grant it: it is about something that no host has,
    ///   its path leads out of the data folder, or is absolute with "..": what such a name means depends on links.
    func effective(in dataFolder: String?) throws(PluginError) -> Permission {
        guard kind.isGrantable else {
            throw PluginError(
                .validation, "\(kind.rawValue) is nothing that a host can grant",
                remedy: "Take \(self) out of the manifest, or make it optional")
        }
        guard [.readFiles, .writeFiles, .execute].contains(kind), let resource else { return self }
        let parts = resource.split(separator: "/").filter { $0 != "." }
        guard !resource.hasPrefix("/"), kind != .execute else {
            guard !parts.contains("..") else { throw Self.refused(self, "has \"..\" in its path") }
            return resource.hasPrefix("/") ? try Permission(kind, "/" + parts.joined(separator: "/")) : self
        }
        var inside: [Substring] = []
        for part in parts {
            if part != ".." {
                inside.append(part)
            } else if inside.popLast() == nil {
                throw Self.refused(self, "leads out of the plugin's data folder")
            }
        }
        let path = inside.joined(separator: "/")
        guard let dataFolder else { return try Permission(kind, path.isEmpty ? "." : path) }
        let absolute = dataFolder.hasPrefix("/") ? dataFolder : "\(Folders.current)/\(dataFolder)"
        let folder = absolute.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return try Permission(kind, "/" + (path.isEmpty ? folder : "\(folder)/\(path)"))
    }

    /// Does whoever has this have the other one as well? Of two that are ``effective(in:)``.
    func covers(_ other: Permission) -> Bool {
        guard kind == other.kind else { return false }
        guard let resource else { return true }
        guard let wanted = other.resource else { return false }
        switch kind {
        case .readFiles, .writeFiles, .execute: return Self.path(resource, encloses: wanted)
        case .network:
            guard let pattern = NetworkPattern(resource), let other = NetworkPattern(wanted) else {
                return resource == wanted
            }
            return pattern.covers(other)
        // A port alone is that port of every address.
        case .listen: return resource == wanted || !resource.contains(":") && wanted.hasSuffix(":\(resource)")
        // A vendor alone is all its products.
        case .device:
            let (own, others) = (resource.lowercased(), wanted.lowercased())
            return own == others || others.hasPrefix(own + ":")
        case .endpoint: return Self.endpoint(resource, encloses: wanted)
        default: return resource == wanted
        }
    }

    /// By whole components: `/data` encloses `/data/x`, and not `/data-evil`.
    private static func path(_ folder: String, encloses path: String) -> Bool {
        guard folder.hasPrefix("/") == path.hasPrefix("/") else { return false }
        func parts(_ text: String) -> [Substring] { text.split(separator: "/").filter { $0 != "." } }
        let (own, others) = (parts(folder), parts(path))
        return !others.contains("..") && others.starts(with: own)
    }

    /// `/items` encloses `POST /items/new`; `POST /items` does not enclose `/items`.
    private static func endpoint(_ own: String, encloses other: String) -> Bool {
        func split(_ text: String) -> (method: Substring?, path: Substring) {
            let words = text.split(separator: " ", maxSplits: 1)
            return words.count == 2 ? (words[0], words[1]) : (nil, Substring(text))
        }
        let (own, other) = (split(own), split(other))
        guard own.method == nil || own.method == other.method else { return false }
        return path("/\(own.path)", encloses: "/\(other.path)")
    }

    private static func refused(_ permission: Permission, _ problem: String) -> PluginError {
        PluginError(
            .validation, "the permission \(permission) \(problem)",
            remedy: "Name the path without \"..\"; a relative one is below the plugin's data folder")
    }
}
