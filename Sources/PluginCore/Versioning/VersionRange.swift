/// The versions that a dependency takes, in the grammar of npm's ranges: `^1.2`, `~1.2.3`, `1.x`, `>=1 <3`,
/// `1.2 - 2.3`, `1 || 3`.
///
/// Meaning and desugaring are node-semver's (its documentation, "Ranges" and "Prerelease Tags"), loose mode off. What
/// differs: numbers may be as large as those of a ``SemanticVersion``; a star glued to a number, `1.2.3*`, is refused,
/// where npm drops the star; build metadata has no effect in the lower end of a hyphen range either; and `>=v0.0.0` is
/// `*`, as `>=0.0.0` is.
public struct VersionRange: Sendable {
    /// As its author wrote it, without space around it; what people are shown.
    public let text: String
    /// Does a prerelease fit as any other version does? If not, it fits only beside a bound that is a prerelease of the
    /// same major, minor and patch.
    public let includesPrereleases: Bool
    /// One of these must hold. An empty list takes every version.
    let alternatives: [[Comparator]]

    /// Every version that is not a prerelease.
    public static let any = VersionRange(text: "*", includesPrereleases: false, alternatives: [[]])

    private init(text: String, includesPrereleases: Bool, alternatives: [[Comparator]]) {
        self.text = text
        self.includesPrereleases = includesPrereleases
        self.alternatives = alternatives
    }

    /// - Throws: ``PluginError`` with code `validation`, which says at which character the text is wrong.
    public init(_ text: String, includesPrereleases: Bool = false) throws(PluginError) {
        var parser = VersionRangeParser(text, includesPrereleases: includesPrereleases)
        do throws(VersionRangeParser.Failure) {
            let alternatives = try parser.range()
            self.init(
                text: text.split(whereSeparator: \.isWhitespace).joined(separator: " "),
                includesPrereleases: includesPrereleases, alternatives: alternatives)
        } catch {
            let place = String(decoding: text.utf8.prefix(error.offset), as: UTF8.self).count + 1
            throw PluginError(
                .validation, "the version range \"\(text)\" is wrong at character \(place): \(error.reason)",
                remedy: "Write a range such as ^1.2.3, ~1.2, 1.x, >=1.2 <3 or 1.2 - 2.3, several with ||")
        }
    }

    /// Build metadata takes no part.
    public func contains(_ version: SemanticVersion) -> Bool {
        alternatives.contains { comparators in
            guard comparators.allSatisfy({ $0.contains(version) }) else { return false }
            return version.prerelease.isEmpty || includesPrereleases
                || comparators.contains { !$0.version.prerelease.isEmpty && $0.version.hasSameNumbers(as: version) }
        }
    }

    /// Only comparisons with whole versions, such as ">=1.2.0 <2.0.0-0"; "*" takes every version.
    public var canonicalText: String {
        let texts = alternatives.map { comparators in comparators.map(\.description).joined(separator: " ") }
        return texts == [""] ? "*" : texts.joined(separator: "||")
    }

    /// Is it `*`, in whatever spelling?
    var isAny: Bool { alternatives == [[]] }
}

extension VersionRange: CustomStringConvertible {
    public var description: String { text }
}

extension VersionRange: Hashable {
    /// Equal comparisons; spelling takes no part, so that `^1` equals `1.x`.
    public static func == (left: Self, right: Self) -> Bool {
        left.alternatives == right.alternatives && left.includesPrereleases == right.includesPrereleases
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(alternatives)
        hasher.combine(includesPrereleases)
    }
}

extension VersionRange {
    /// A comparison with one version.
    struct Comparator: Sendable, Hashable, CustomStringConvertible {
        enum Relation: String, Sendable {
            case less = "<"
            case lessOrEqual = "<="
            case equal = ""
            case greaterOrEqual = ">="
            case greater = ">"
        }

        let relation: Relation
        let version: SemanticVersion

        init(_ relation: Relation, _ version: SemanticVersion) {
            (self.relation, self.version) = (relation, version)
        }

        func contains(_ other: SemanticVersion) -> Bool {
            switch relation {
            case .less: other < version
            case .lessOrEqual: !(version < other)
            case .equal: other.hasSameNumbers(as: version) && other.prerelease == version.prerelease
            case .greaterOrEqual: !(other < version)
            case .greater: version < other
            }
        }

        var description: String { relation.rawValue + version.description }
    }
}

extension SemanticVersion {
    /// Equal major, minor and patch.
    func hasSameNumbers(as other: Self) -> Bool {
        major == other.major && minor == other.minor && patch == other.patch
    }
}
