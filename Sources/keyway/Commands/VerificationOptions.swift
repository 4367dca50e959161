internal import ArgumentParser
internal import Glibc
internal import PluginHost

/// What a file is held against: the rules, an operator's policy, another system.
struct VerificationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Judge for a system with these versions, such as glibc=2.28,glibcxx=3.4.25.", valueName: "family=version"))
    var target: String?

    @Option(
        help: ArgumentHelp(
            "Look for libraries below this folder as if it were /, such as an unpacked image.", valueName: "folder"))
    var root: String?

    @Option(help: ArgumentHelp("LD_LIBRARY_PATH of the process that would load the file.", valueName: "folders"))
    var libraryPath: String?

    @Option(
        help: ArgumentHelp(
            "The operator's policy: a JSON object, or @FILE with one.",
            discussion: """
                Members: allowedLibraries, deniedLibraries, allowedImports, deniedImports, allowedExports, \
                allowedSearchPaths, ignoredRules (arrays of names or globs), trustedOwners (user ids), constructors \
                (allow, warn or forbid), requiresPermissions, release (true or false), sizeLimit (bytes).
                """, valueName: "json"))
    var policy: String?

    /// - Throws: a usage error for a value that cannot be.
    func verifier() throws -> Verifier {
        do {
            return try makeVerifier()
        } catch let error as PluginError {
            throw ValidationError(error.message)
        }
    }

    private func makeVerifier() throws -> Verifier {
        var verifier = Verifier(policy: try policy.map { try VerificationPolicy(json: $0) } ?? VerificationPolicy())
        if let target { verifier.policy.target = try TargetProfile(parsing: target) }
        if root != nil || libraryPath != nil {
            verifier.resolver = try LibraryResolver(root: root ?? "/", libraryPath: libraryPath ?? "")
        }
        return verifier
    }
}

extension VerificationPolicy {
    /// - Throws: ``PluginError`` with the JSON pointer of the member that is wrong.
    fileprivate init(json text: String) throws(PluginError) {
        let document = try JSONOption.parse(text, what: "the policy")
        guard let members = document.objectValue else {
            throw Self.wrong("", "must be an object, but is \(document.typeName)")
        }
        self.init()
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "allowedLibraries": allowedLibraries = try Self.names(value, name)
            case "deniedLibraries": deniedLibraries = try Self.names(value, name)
            case "allowedImports": allowedImports = try Self.names(value, name)
            case "deniedImports": deniedImports = try Self.names(value, name)
            case "allowedExports": allowedExports = try Self.names(value, name)
            case "allowedSearchPaths": allowedSearchPaths = try Self.names(value, name)
            case "ignoredRules": ignoredRules = try Self.names(value, name)
            case "trustedOwners": trustedOwners = try Self.owners(value, name)
            case "requiresPermissions": requiresPermissions = try Self.flag(value, name)
            case "release": isRelease = try Self.flag(value, name)
            case "constructors":
                guard let word = value.stringValue, let constructors = Constructors(rawValue: word) else {
                    throw Self.wrong("/\(name)", "must be \"allow\", \"warn\" or \"forbid\"")
                }
                self.constructors = constructors
            case "sizeLimit":
                guard let limit = value.intValue, limit > 0 else {
                    throw Self.wrong("/\(name)", "must be a number of bytes")
                }
                sizeLimit = UInt64(limit)
            default: throw Self.wrong("/\(name)", "is no member of a policy; keyway help validate lists them")
            }
        }
    }

    private static func names(_ value: JSON, _ name: String) throws(PluginError) -> Set<String> {
        let names = value.arrayValue?.compactMap(\.stringValue)
        guard let names, names.count == value.arrayValue?.count else {
            throw wrong("/\(name)", "must be an array of strings")
        }
        return Set(names)
    }

    private static func owners(_ value: JSON, _ name: String) throws(PluginError) -> Set<UInt32> {
        let owners = value.arrayValue?.compactMap { $0.intValue.flatMap { UInt32(exactly: $0) } }
        guard let owners, owners.count == value.arrayValue?.count else {
            throw wrong("/\(name)", "must be an array of user ids")
        }
        return Set(owners)
    }

    private static func flag(_ value: JSON, _ name: String) throws(PluginError) -> Bool {
        guard let flag = value.boolValue else { throw wrong("/\(name)", "must be true or false") }
        return flag
    }

    private static func wrong(_ pointer: String, _ problem: String) -> PluginError {
        PluginError(
            .invalidArgument, "the policy is wrong: \(pointer.isEmpty ? "the document" : pointer) \(problem)",
            remedy: "Correct the policy", facts: .pointer(pointer))
    }
}
