internal import PluginCore

/// What operators call plugins by: an id, or a glob for several.
package enum PluginName {
    package static func isGlob(_ name: String) -> Bool { name.utf8.contains { "*?[".utf8.contains($0) } }

    /// Why no plugin can have the name as its id, as the rest of a sentence; nil if one can.
    package static func fault(_ name: String, mayBeGlob: Bool) -> String? {
        guard mayBeGlob, isGlob(name) else {
            guard PluginIdentifier.isReadable(name) else {
                return "is no id: an id has letters, digits and _-. in it, and at most "
                    + "\(PluginIdentifier.maximumLength) of them"
            }
            return PluginIdentifier.fault(name)
        }
        // What is not a wildcard has to be in the ids that it stands for.
        var (fixed, rest) = ("", name[...])
        while let open = rest.firstIndex(of: "["), let close = rest[open...].dropFirst(2).firstIndex(of: "]") {
            fixed += rest[..<open]
            rest = rest[rest.index(after: close)...]
        }
        fixed = (fixed + rest).filter { !"*?".contains($0) }
        return fixed.isEmpty || PluginIdentifier.isReadable(fixed) ? nil : "matches no id: it holds what no id has"
    }
}
