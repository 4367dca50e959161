/// A library that a file needs, directly or through another, and where the dynamic linker would take it from.
public struct ResolvedLibrary: Sendable, Hashable {
    public enum Origin: Sendable, Hashable {
        /// This process has it already; a library of the same name is never loaded twice.
        case alreadyLoaded(path: String)
        /// Part of the host's own Swift runtime, not loaded yet. Load it by this path before the plugin, so that
        /// the plugin gets the host's copy whatever its own search path says.
        case hostRuntime(path: String)
        /// Found through `$ORIGIN`: a private library of the plugin.
        case besidePlugin(path: String)
        /// Found by the rest of the search: search paths, LD_LIBRARY_PATH, ld.so.cache, default folders.
        case system(path: String)
        case missing
    }

    /// The name as the needing file spells it.
    public let name: String
    public let origin: Origin
    /// Name of the file that needs it: the verified file, or another library.
    public let neededBy: String
    /// Files of that name that were passed over, and why.
    public let rejected: [String]
    /// The places that were looked at, in order, the library's own last. Another file at one of them could change the
    /// answer. Empty if this process has the library loaded.
    public let tried: [String]

    /// One that was found through `$ORIGIN`, by the path without links on which it lies now; others as they are. A link on the
    /// way that leads elsewhere later changes nothing then.
    package var withoutLinks: ResolvedLibrary {
        guard case .besidePlugin(let path) = origin, let image = try? FileImage(opening: path),
            let location = image.location()
        else { return self }
        return ResolvedLibrary(
            name: name, origin: .besidePlugin(path: location.path), neededBy: neededBy, rejected: rejected,
            tried: tried)
    }

    /// nil if the library is missing. Below another root it is the path there, which ``LibraryResolver/locate(_:)``
    /// turns into one that can be opened.
    public var path: String? {
        switch origin {
        case .alreadyLoaded(let path), .hostRuntime(let path), .besidePlugin(let path), .system(let path): path
        case .missing: nil
        }
    }
}
