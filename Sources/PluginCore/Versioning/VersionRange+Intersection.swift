extension VersionRange {
    /// Is there no version that it could contain, as in `>2 <1`?
    public var isImpossible: Bool { isDisjoint(with: self) }

    /// Can no version, installed or not, fit both?
    ///
    /// The least version of an intersection stands at a lower bound, just behind one, or is the least of all, the least
    /// release or the least prerelease of some bound's numbers. So these few versions decide.
    public func isDisjoint(with other: VersionRange) -> Bool {
        let bounds = (alternatives + other.alternatives).joined().map(\.version)
        let witnesses = bounds.flatMap(\.leastVersionsAround) + SemanticVersion(0, 0, 0).leastVersionsAround
        return !witnesses.contains { contains($0) && other.contains($0) }
    }
}

extension SemanticVersion {
    /// Itself, its release and first prerelease, and what follows it at once: behind a prerelease one with a further
    /// identifier 0, behind a release the next patch and its first prerelease.
    fileprivate var leastVersionsAround: [SemanticVersion] {
        var versions = [
            self, SemanticVersion(major, minor, patch), SemanticVersion(major, minor, patch, prerelease: ["0"]),
        ]
        if !prerelease.isEmpty {
            versions.append(SemanticVersion(major, minor, patch, prerelease: prerelease + ["0"]))
        } else if patch < .max {
            versions.append(SemanticVersion(major, minor, patch + 1))
            versions.append(SemanticVersion(major, minor, patch + 1, prerelease: ["0"]))
        }
        return versions
    }
}
