internal import PluginCore

/// What differs between two builds of a plugin for those who load, call and grant: not how the code changed.
///
/// Read from the two files; nothing of them runs.
public struct PluginComparison: Sendable {
    public struct Change: Sendable, Hashable {
        /// What a change means for hosts and callers that work with the old build.
        public enum Effect: String, Sendable, CaseIterable, Comparable {
            /// Everybody goes on as before.
            case compatible
            /// Goes on, but somebody should look.
            case notable
            /// Something that worked with the old build does not work with the new one.
            case breaking

            public static func < (left: Self, right: Self) -> Bool {
                let order: [Self] = [.compatible, .notable, .breaking]
                return order.firstIndex(of: left)! < order.firstIndex(of: right)!
            }
        }

        public enum Subject: String, Sendable, CaseIterable {
            case identity, version, sdk, interface, capability, permission, configuration, export, library
            case `import`, platform, hardening
        }

        public let subject: Subject
        public let effect: Effect
        /// What changed, such as an interface's id or a symbol.
        public let name: String
        /// What it was and what it is; nil where it was not, or is no more.
        public let old: String?
        public let new: String?
        /// A sentence without a final full stop.
        public let message: String
    }

    /// The most serious first; within an effect by subject, in the order of ``Change/Subject``.
    public let changes: [Change]

    /// Does everything that worked with the old build work with the new one?
    public var isCompatible: Bool { changes.first?.effect != .breaking }

    /// Is the old build's version below 1.0.0? Then a minor number may break what was (semver.org, 4).
    private let isInitialDevelopment: Bool

    /// How the version has to rise at least, by the rules of semantic versioning; nil if nothing that shows changed.
    public var leastVersionChange: VersionChange? {
        if !isCompatible { return isInitialDevelopment ? .minor : .major }
        let shown = changes.filter { $0.subject != .version }
        if shown.contains(where: { $0.old == nil && [.interface, .export, .capability].contains($0.subject) }) {
            return .minor
        }
        return shown.isEmpty ? nil : .patch
    }

    public enum VersionChange: String, Sendable, CaseIterable { case patch, minor, major }

    /// - Parameters:
    ///   - old: the build that is in use.
    ///   - new: the build that would take its place.
    public init(from old: SharedObject, to new: SharedObject) {
        isInitialDevelopment = old.statedManifest?.version.major == 0
        var changes = ChangeList()
        changes.platform(old, new)
        changes.manifests(old.statedManifest, new.statedManifest)
        changes.notes(old.notes, new.notes)
        changes.symbols(old, new)
        changes.hardening(old.hardening, new.hardening)
        self.changes = changes.sorted
    }
}

extension SharedObject {
    /// nil if there is no manifest note, or none that can be read; the rules say which.
    var statedManifest: Manifest? {
        guard let text = notes.manifestText else { return nil }
        do throws(PluginError) {
            return try Manifest(JSON(parsing: text, what: "the manifest note"))
        } catch {
            return nil
        }
    }
}
