public import PluginCore

/// A system that a plugin shall run on, by the oldest versions of the libraries that every system has.
///
///     let profile = try TargetProfile(parsing: "glibc=2.28")
///     for newer in profile.newerVersions(in: object) { print(newer.version, newer.symbols) }
public struct TargetProfile: Sendable, Hashable {
    /// Newest version that the system has, by the word that symbol versions begin with: "GLIBC", "GLIBCXX", "CXXABI"
    /// or "GCC". What is not said is not judged.
    public let limits: [String: VersionNumber]

    /// A version that the system lacks, and what needs it.
    public struct NewerVersion: Sendable, Hashable {
        /// Such as GLIBC_2.34.
        public let version: String
        /// The library that promised it.
        public let library: String
        /// The symbols that a file wants in this version, in its order; empty if it wants the version as such.
        public let symbols: [String]
    }

    public init(limits: [String: VersionNumber]) { self.limits = limits }

    /// - Parameter text: one or more limits with commas between them, such as "glibc=2.28,glibcxx=3.4.25".
    /// - Throws: ``PluginError`` with code `invalidArgument` that says which word is wrong and which are known.
    public init(parsing text: String) throws(PluginError) {
        var limits: [String: VersionNumber] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "=", omittingEmptySubsequences: false)
            guard words.count == 2,
                let family = Self.families.first(where: { $0.lowercased() == words[0].lowercased() }),
                let number = VersionNumber(words[1])
            else {
                throw PluginError(
                    .invalidArgument, "\"\(part)\" is not a target such as glibc=2.28",
                    remedy: "Name glibc, glibcxx, cxxabi or gcc, an equals sign, and the newest version there")
            }
            limits[family] = number
        }
        self.limits = limits
    }

    private static let families = ["GLIBC", "GLIBCXX", "CXXABI", "GCC"]

    /// The versions that a file needs and the system lacks, in the order of the file.
    public func newerVersions(in object: SharedObject) -> [NewerVersion] {
        var newer: [NewerVersion] = []
        for need in object.neededVersions {
            for version in need.versions where isNewer(version.name) {
                newer.append(NewerVersion(version: version.name, library: need.library, symbols: []))
            }
        }
        guard !newer.isEmpty else { return [] }
        var symbols: [String: [String]] = [:]
        for symbol in object.imports {
            if let version = symbol.version, let library = symbol.library {
                symbols["\(library)/\(version)", default: []].append(symbol.name)
            }
        }
        return newer.map {
            NewerVersion(
                version: $0.version, library: $0.library, symbols: symbols["\($0.library)/\($0.version)"] ?? [])
        }
    }

    private func isNewer(_ version: String) -> Bool {
        guard let (family, number) = Self.requirement(of: version), let limit = limits[family] else { return false }
        return number > limit
    }

    /// "GLIBC_2.34" as word and number; nil for a version without a number, such as GLIBC_PRIVATE.
    static func requirement(of version: String) -> (family: String, number: VersionNumber)? {
        // Packed relocations are announced by a version of this name, which came with this C library.
        if version == "GLIBC_ABI_DT_RELR" { return VersionNumber("2.36").map { ("GLIBC", $0) } }
        guard let bar = version.lastIndex(of: "_"), let number = VersionNumber(version[version.index(after: bar)...])
        else { return nil }
        return (String(version[..<bar]), number)
    }
}
