public import PluginCore
public import PluginELF

extension Resolution {
    /// A warning for every library that a manifest names and this machine does not have. Whether a plugin is linked with
    /// one is seen from its file; what it only opens while it runs is known from its manifest alone.
    public func missingLibraries(by resolver: LibraryResolver = LibraryResolver()) -> [DependencyConflict] {
        var warnings: [DependencyConflict] = []
        for plugin in plugins {
            let folder = plugin.file.map { file in file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "." }
            for library in plugin.relations.dependencies
            where library.kind == .library && library.scope != .development
                && resolver.path(ofLibrary: library.name, in: [folder].compactMap(\.self)) == nil
            {
                let title = "\(plugin.id) \(plugin.version)"
                warnings.append(
                    DependencyConflict(
                        plugin1: plugin.id, plugin2: nil, dependency: library.name, version1: nil, version2: nil,
                        severity: .warning,
                        message: "\(title) \(library.isOptional ? "may use" : "needs") the library \(library.name),"
                            + " which this machine does not have",
                        resolution: "Install the package that has it, or put it beside the plugin",
                        chain: [title, library.name]))
            }
        }
        return warnings
    }
}
