/// A version that a library defines for its symbols.
public struct DefinedVersion: Sendable, Hashable {
    public let name: String
    /// The version that stands for the library itself, named after it.
    public let isBase: Bool
    /// Versions that this one continues.
    public let parents: [String]
}

/// The versions that a file needs of one library.
public struct NeededVersions: Sendable, Hashable {
    public struct Version: Sendable, Hashable {
        public let name: String
        /// Only weak references need it: its absence is no error.
        public let isWeak: Bool
    }

    /// The library as DT_NEEDED spells it.
    public let library: String
    public let versions: [Version]
}

/// The numbers of a symbol version such as GLIBC_2.34 or GLIBCXX_3.4.30, which compare as numbers do.
public struct VersionNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let components: [UInt32]

    /// nil if the text is not one to six decimal numbers with dots between them.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt32(part) : nil
        }
        guard numbers.count == parts.count, (1...6).contains(numbers.count) else { return nil }
        components = numbers
    }

    public var description: String { components.map(String.init).joined(separator: ".") }

    /// What is not said is 0: 2.2 comes before 2.2.5, and 2.2 is no later than 2.2.0.
    public static func < (left: VersionNumber, right: VersionNumber) -> Bool {
        left.significant.lexicographicallyPrecedes(right.significant)
    }

    public static func == (left: VersionNumber, right: VersionNumber) -> Bool {
        left.significant.elementsEqual(right.significant)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(Array(significant)) }

    private var significant: ArraySlice<UInt32> {
        let end = components.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
        return components[..<end]
    }
}

extension SharedObject {
    /// The versions that the file defines, in its order.
    public var definedVersions: [DefinedVersion] {
        symbolTable.versions.definitionRecords.map { record in
            DefinedVersion(
                name: symbolTable.strings.string(UInt64(record.name)) ?? "", isBase: record.isBase,
                parents: record.parents.map { symbolTable.strings.string(UInt64($0)) ?? "" })
        }
    }

    /// The versions that the file needs, by library, in its order.
    public var neededVersions: [NeededVersions] {
        symbolTable.versions.needRecords.map { record in
            NeededVersions(
                library: symbolTable.strings.string(UInt64(record.library)) ?? "",
                versions: record.versions.map {
                    NeededVersions.Version(name: symbolTable.strings.string(UInt64($0.name)) ?? "", isWeak: $0.isWeak)
                })
        }
    }

    /// The oldest C library (glibc) that has every version which the file needs of it; nil if it needs none.
    public var minimumGlibc: VersionNumber? { minimumVersions["GLIBC"] }

    /// The newest version that the file needs of each family of versions: "GLIBC", "GLIBCXX", "CXXABI", "GCC", ...
    public var minimumVersions: [String: VersionNumber] {
        let needed = neededVersions.flatMap(\.versions).compactMap { TargetProfile.requirement(of: $0.name) }
        return Dictionary(needed.map { ($0.family, $0.number) }, uniquingKeysWith: max)
    }
}
