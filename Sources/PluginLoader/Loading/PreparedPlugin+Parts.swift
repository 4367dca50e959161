internal import Glibc
package import PluginCore
internal import PluginELF

extension PreparedPlugin {
    /// What another process needs to load the plugin as this one would.
    @safe
    package struct Parts: ~Copyable {
        /// Libraries of the host's own that the dynamic linker might find elsewhere, or not at all; they are loaded first.
        package fileprivate(set) var hostLibraries: [String] = []
        /// The plugin's private libraries in the order of loading, then the plugin: the bytes that were judged. Closed with
        /// this value.
        package fileprivate(set) var descriptors: [Int32] = []

        deinit { descriptors.forEach { close($0) } }
    }

    /// The SDKs that the host serves for which it was judged.
    package var hostSDK: SDKRange { loader.verifier.hostSDK }

    /// - Throws: ``PluginError`` if a library is gone, or descriptors have run out.
    package func parts() throws(PluginError) -> Parts {
        var parts = Parts()
        // The list is in the order of discovery; what a library needs itself has to be there before it.
        for library in libraries.reversed() {
            switch library.origin {
            case .hostRuntime(let path): parts.hostLibraries.append(path)
            // Another plugin's private library of the same name and bytes, or the copy of a file that is gone.
            case .alreadyLoaded(let path) where path.hasPrefix("/proc/self/fd/"):
                parts.descriptors.append(try Self.seal(path, as: library.name))
            case .alreadyLoaded(let path) where path.hasPrefix("/"): parts.hostLibraries.append(path)
            case .besidePlugin(let path): parts.descriptors.append(try Self.seal(path, as: library.name))
            case .alreadyLoaded, .system, .missing: break
            }
        }
        parts.descriptors.append(try image.duplicate())
        return parts
    }

    private static func seal(_ path: String, as name: String) throws(PluginError) -> Int32 {
        try SealedImage(of: FileImage(opening: path), limit: .max, name: name).duplicate()
    }
}
