internal import Crypto
internal import Glibc
internal import PluginCore
internal import PluginELF
internal import Synchronization

/// Libraries that have to be in the process before a plugin, because the dynamic linker would not find them from a memory
/// image: the host's own Swift runtime, and what lies beside the plugin's file (`$ORIGIN`).
///
/// The linker then takes them by their SONAME. One name is one library for the whole process, so a second one of the same
/// name and other bytes is refused: it would silently get the first.
final class PrivateLibraries: Sendable {
    static let shared = PrivateLibraries()

    private struct Library {
        let digest: String
        let path: String
        /// Its descriptor stays open: the dynamic linker's name for the library is the descriptor's path, and whoever judges
        /// the next plugin reads the library's symbols there.
        let image: SealedImage
    }

    /// By SONAME.
    private let loaded = Mutex<[String: Library]>([:])

    /// - Parameter searchPath: the plugin's own, as it stands in the file.
    func load(_ libraries: [ResolvedLibrary], for plugin: String, searchPath: [String]) throws(PluginError) {
        // One load at a time, constructors included: two plugins may bring different libraries of one name at once.
        try loaded.withLock { loaded throws(PluginError) in
            try load(libraries, plugin, searchPath, &loaded)
        }
    }

    private typealias Loaded = [String: Library]

    private func load(
        _ libraries: [ResolvedLibrary], _ plugin: String, _ searchPath: [String], _ loaded: inout Loaded
    ) throws(PluginError) {
        // The list is in the order of discovery; what a library needs itself has to be there before it.
        for library in libraries.reversed() {
            switch library.origin {
            case .hostRuntime(let path):
                _ = unsafe try SealedImage.open(path, flags: RTLD_NODELETE, path: plugin)
            case .besidePlugin(let path): try load(library.name, at: path, for: plugin, &loaded)
            case .alreadyLoaded: try checkSame(library.name, of: plugin, searchPath, loaded)
            case .system, .missing: break
            }
        }
    }

    private func load(_ name: String, at path: String, for plugin: String, _ loaded: inout Loaded) throws(PluginError) {
        let image = try SealedImage(of: FileImage(opening: path), limit: .max, name: name)
        let object = try image.inspect()
        guard object.soname == name else {
            throw PluginError(
                .dependency,
                "its private library \(path) has the SONAME \(object.soname ?? "(none)"), and is needed as \(name)",
                remedy: "Link the library with -Wl,-soname,\(name)", facts: .names([name]), plugin: plugin, stage: .load
            )
        }
        let digest = image.digest()
        if let other = loaded[name] {
            guard other.digest == digest else { throw conflict(name, path, other.path, plugin) }
            return
        }
        _ = unsafe try image.open(flags: RTLD_NODELETE)
        loaded[name] = Library(digest: digest, path: path, image: image)
    }

    /// A name that is in the process already is fine, unless the plugin brings its own library of that name.
    private func checkSame(_ name: String, of plugin: String, _ searchPath: [String], _ loaded: Loaded)
        throws(PluginError)
    {
        guard let first = loaded[name] else { return }
        guard let origin = Self.folder(of: plugin) else { return }
        let candidates = searchPath.filter { $0.contains("ORIGIN") }.map { folder in
            folder.replacing("${ORIGIN}", with: origin).replacing("$ORIGIN", with: origin) + "/" + name
        }
        guard let own = candidates.first(where: { unsafe access($0, R_OK) == 0 }), own != first.path else { return }
        let image = try SealedImage(of: FileImage(opening: own), limit: .max, name: name)
        guard image.digest() == first.digest else { throw conflict(name, own, first.path, plugin) }
    }

    /// What `$ORIGIN` stands for: the folder of the file itself, links resolved.
    private static func folder(of path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        let text = unsafe String(cString: resolved)
        return text.lastIndex(of: "/").map { String(text[..<$0]) }
    }

    private func conflict(_ name: String, _ path: String, _ other: String, _ plugin: String) -> PluginError {
        PluginError(
            .dependency, "its private library \(name) (\(path)) differs from the one already loaded from \(other)",
            remedy: "Give one of the two another SONAME, or run the plugin in another process", facts: .names([name]),
            plugin: plugin, stage: .load)
    }
}
