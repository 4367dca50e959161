/// What an operator allows, forbids and asks for beyond the rules. Names may be globs: `*`, `?` and `[a-z]`.
public struct VerificationPolicy: Sendable, Hashable {
    /// What is said of code that runs inside `dlopen` (S050).
    public enum Constructors: String, Sendable, CaseIterable {
        /// Listed for information.
        case allow
        case warn
        /// An error. Constructors that every compiler adds stay allowed, as far as their names or, of stripped files
        /// for x86-64, their code tell them.
        case forbid
    }

    /// Symbols that a plugin may export beside its entry symbol without a warning (S013).
    public var allowedExports: Set<String>
    /// Folders that may stand in a search path without a warning (S034). Compared as they are written.
    public var allowedSearchPaths: Set<String>
    /// The only libraries that a plugin may need itself, by the names in DT_NEEDED (S030); nil for any. What those
    /// libraries need is not asked.
    public var allowedLibraries: Set<String>?
    /// Libraries that a plugin may not need, not even through others (S030). Stronger than `allowedLibraries`.
    public var deniedLibraries: Set<String>
    /// Symbols that a plugin may want although a rule speaks against them (S039).
    public var allowedImports: Set<String>
    /// Symbols that a plugin may not want (S039). Stronger than `allowedImports`.
    public var deniedImports: Set<String>
    public var constructors: Constructors
    /// Is a manifest without the member `permissions` taken for one that asks for none but `threads` (S039)? If not,
    /// what such a plugin would have to ask for is listed for information.
    public var requiresPermissions: Bool
    /// Ids of rules whose findings are dropped. Gates are never dropped: what follows relies on them.
    public var ignoredRules: Set<String>
    /// The system that plugins shall run on (S033); nil for this one.
    public var target: TargetProfile?
    /// User ids whose files are trusted, anybody else's being an error (S001). nil: root and the user of this
    /// process, anybody else's being a warning.
    public var trustedOwners: Set<UInt32>?
    /// Bytes that a file may have (S007).
    public var sizeLimit: UInt64
    /// Are builds for testing errors rather than warnings (S045)?
    public var isRelease: Bool

    public init(
        allowedExports: Set<String> = [], allowedSearchPaths: Set<String> = [],
        allowedLibraries: Set<String>? = nil, deniedLibraries: Set<String> = [], allowedImports: Set<String> = [],
        deniedImports: Set<String> = [], constructors: Constructors = .allow, requiresPermissions: Bool = true,
        ignoredRules: Set<String> = [], target: TargetProfile? = nil, trustedOwners: Set<UInt32>? = nil,
        sizeLimit: UInt64 = 256 << 20, isRelease: Bool = false
    ) {
        self.allowedExports = allowedExports
        self.allowedSearchPaths = allowedSearchPaths
        self.allowedLibraries = allowedLibraries
        self.deniedLibraries = deniedLibraries
        self.allowedImports = allowedImports
        self.deniedImports = deniedImports
        self.constructors = constructors
        self.requiresPermissions = requiresPermissions
        self.ignoredRules = ignoredRules
        self.target = target
        self.trustedOwners = trustedOwners
        self.sizeLimit = sizeLimit
        self.isRelease = isRelease
    }
}
