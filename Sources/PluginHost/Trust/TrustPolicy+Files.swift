internal import Glibc
public import PluginCore
internal import PluginELF
internal import PluginLoader

extension TrustPolicy {
    /// The verdict on a file that was read, and on the libraries that it would load, as they lie now.
    /// - Throws: `configuration` if a listed folder is not there, or not fit to be one.
    func verdict(on prepared: PreparedPlugin) throws(PluginError) -> TrustVerdict {
        let user = UInt32(geteuid())
        var listed: [FileLocation] = []
        for folder in folders {
            guard let location = FileLocation(folder: folder) else {
                throw PluginError(
                    .configuration,
                    "\(folder) cannot be a trusted folder: there is no such folder, or it may not be read",
                    remedy: "Make it, or take it from the list", facts: .file(path: folder))
            }
            try Self.requireSound(location, user: user)
            listed.append(location)
        }
        return verdict(
            on: prepared.location, Self.libraries(of: prepared) + Self.searched(by: prepared, user), folders: listed,
            user: user)
    }

    /// What this process has loaded already, or as part of its own runtime, is not asked: it is what it is.
    private static func libraries(of prepared: PreparedPlugin) -> [Library] {
        prepared.libraries.compactMap { library in
            switch library.origin {
            case .besidePlugin(let path):
                // By this path it will be opened. Has it come to have a link in it, nobody knows what will be found.
                Library(
                    name: library.name, location: location(of: path).flatMap { $0.path == path ? $0 : nil },
                    isOwn: true)
            case .system(let path): Library(name: library.name, location: location(of: path), isOwn: false)
            case .alreadyLoaded, .hostRuntime, .missing: nil
            }
        }
    }

    /// The places where the dynamic linker looks before it finds what is there now: it looks again when the plugin is loaded, and
    /// a file that somebody has put there since would be taken. So each counts as if such a file were in its folder, or in
    /// the nearest one that is there.
    private static func searched(by prepared: PreparedPlugin, _ user: UInt32) -> [Library] {
        var folders: [String: String] = [:]
        for library in prepared.libraries {
            switch library.origin {
            case .besidePlugin, .alreadyLoaded, .hostRuntime: continue
            case .system, .missing: break
            }
            for path in library.tried where path.hasPrefix("/") {
                guard let end = path.lastIndex(of: "/") else { continue }
                folders[String(path[..<end])] = folders[String(path[..<end])] ?? library.name
            }
        }
        return folders.sorted { $0.key < $1.key }.map { folder, name in
            var nearest = folder
            var status = stat()
            while !nearest.isEmpty, unsafe lstat(nearest, &status) != 0 {
                nearest = nearest.lastIndex(of: "/").map { String(nearest[..<$0]) } ?? ""
            }
            let place = FileLocation(folder: nearest.isEmpty ? "/" : nearest).map { found in
                FileLocation(
                    places: [FileLocation.Place(path: "\(found.path)/\(name)", owner: user, mode: 0o600)] + found.places
                )
            }
            return Library(name: name, location: place, isOwn: false)
        }
    }

    private static func location(of path: String) -> FileLocation? {
        guard let image = try? FileImage(opening: path) else { return nil }
        return image.location()
    }

    /// What operators have written into these files, merged; nil if there is none of them.
    ///
    ///     {"version": 1, "preset": "strict", "folders": ["/srv/plugins"]}
    ///
    /// - Throws: ``PluginError`` with code `dataLoss` and the JSON pointer of what is wrong, `permissionDenied` if one may
    ///   not be read or other users can write it.
    public static func reading(_ files: [String]) throws(PluginError) -> TrustPolicy? {
        var policy: TrustPolicy?
        for path in files {
            guard let document = try OperatorFile(path: path, what: "the policy of trust").read() else { continue }
            let next = try TrustPolicy(document, source: path)
            policy = policy?.merged(with: next) ?? next
        }
        return policy
    }

    private init(_ document: JSON, source: String) throws(PluginError) {
        func damaged(_ pointer: String, _ problem: String) -> PluginError {
            PluginError(
                .dataLoss, "\(source): \(pointer.isEmpty ? "the document" : pointer) \(problem)",
                remedy: OperatorFile.remedy, facts: .pointer(pointer))
        }
        guard let members = document.objectValue else { throw damaged("", "must be an object") }
        let known: Set<String> = ["version", "preset", "folders"]
        if let other = members.keys.filter({ !known.contains($0) }).min() {
            throw damaged("/\(JSON.escapedForPointer(other))", "is unknown; there are folders, preset, version")
        }
        guard members["version"] == 1 else { throw damaged("/version", "must be 1") }
        guard let preset = members["preset"]?.stringValue.flatMap(Preset.init) else {
            throw damaged("/preset", "must be \"development\" or \"strict\"")
        }
        self.init(preset)
        guard let folders = (members["folders"] ?? []).arrayValue else {
            throw damaged("/folders", "must be an array of folders")
        }
        for (index, folder) in folders.enumerated() {
            guard let path = folder.stringValue, path.hasPrefix("/") else {
                throw damaged("/folders/\(index)", "must be an absolute path")
            }
            self.folders.append(path)
        }
    }
}

extension PluginHost {
    /// Whether a plugin is trusted, why, and where it would run. Nothing of it runs. Blocks while files are looked at.
    /// - Throws: `configuration` if a folder of ``Configuration/trust`` is not there, or not fit to be trusted.
    public func trust(of prepared: PreparedPlugin) throws(PluginError) -> TrustVerdict {
        try tiers.verdict(on: prepared)
    }
}
