public import PluginCore

/// What the rules ask for, without a file to judge.
public enum RuleCatalogue {
    public struct Entry: Sendable, Hashable {
        /// Stable, such as "S031".
        public let id: String
        public let group: RuleGroup
        /// What a file must be, or must not have.
        public let title: String
        public let risk: Finding.Risk
        /// What its findings can be; that of most of them comes first.
        public let severities: [Finding.Severity]
        public let why: String
        /// How to mend what breaks it, as a sentence without a final full stop.
        public let remedy: String
        /// After an error of this rule no later one runs.
        public let isGate: Bool
    }

    /// Every rule, in the order in which they run.
    public static let entries: [Entry] = Rule.all.map { rule in
        Entry(
            id: rule.id, group: rule.group, title: rule.title, risk: rule.risk, severities: rule.severities,
            why: rule.why, remedy: rule.remedy, isGate: rule.isGate)
    }

    /// The catalogue as a document.
    public static var markdown: String {
        var text = """
            # The rules

            <!-- Written from the rules themselves: see the last section. -->

            Keyway judges a plugin's file by \(entries.count) rules before a byte of it runs. A finding of severity *error*
            refuses the plugin; warnings and information do not. Where a rule has several severities, that of most of
            its findings comes first. After an error of a *gate* no later rule runs.
            [How loading works](how-loading-works.md) says when they run.

            They run in this order: \(entries.map(\.id).joined(separator: ", ")).

            """
        for group in RuleGroup.allCases { text += section(group) }
        text += score + lists + policy
        text += """

            ## How this page is kept

            The page is written from the rules. A test compares the two, and writes the page anew when it is run with
            `KEYWAY_WRITE_RULES=1`:

                KEYWAY_WRITE_RULES=1 swift test --filter PluginELFTests.RuleCatalogueTests

            """
        return text
    }

    private static func section(_ group: RuleGroup) -> String {
        var text = """

            ## \(heading(group))

            | id | a file must be or have | severity | risk | why | how to fix |
            |---|---|---|---|---|---|

            """
        for entry in entries.filter({ $0.group == group }).sorted(by: { $0.id < $1.id }) {
            let severities = entry.severities.map(\.rawValue).joined(separator: ", ")
            let cells = [
                entry.id, entry.title + (entry.isGate ? " (gate)" : ""), severities, entry.risk.rawValue, entry.why,
                entry.remedy,
            ]
            text += "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |\n"
        }
        return text
    }

    private static func heading(_ group: RuleGroup) -> String {
        switch group {
        case .format: "Format: the file, its headers and its segments"
        case .symbols: "Symbols: what the file shows to others"
        case .dependencies: "Dependencies: what the file wants from others"
        case .hardening: "Hardening: protection of memory, and how the file was built"
        case .lifecycle: "Life cycle: loading, unloading, and the end of the process"
        case .manifest: "Manifest: the notes and what they say"
        }
    }

    private static var score: String {
        var text = """

            ## The security score

            0 to 100, from the findings alone. Each group has a weight. A rule that is broken takes eighths of its group's
            weight away, by its worst finding; a group keeps what is left, rounded down, and the score is the sum.

            | group | weight |
            |---|---|

            """
        for group in RuleGroup.allCases { text += "| \(group.rawValue) | \(SecurityScore.weight(of: group)) |\n" }
        text += "\n| finding | eighths |\n|---|---|\n"
        text += "| error | \(SecurityScore.eighths(.error, .low)) |\n"
        for risk in Finding.Risk.allCases.reversed() {
            text += "| warning, risk \(risk.rawValue) | \(SecurityScore.eighths(.warning, risk)) |\n"
        }
        text += """
            | information | 0 |

            A file with an error has \(SecurityScore.limitWithError) at most, and with an error of critical risk \
            \(SecurityScore.limitWithCriticalError). A file is *safe* if it has no error, and
            no warning of high or critical risk. A file that cannot be read, or that a gate refuses, has no score. The score
            says what can be seen in a file; it does not say that a plugin is harmless.

            """
        return text
    }

    /// The names that rules look for.
    private static var lists: String {
        var text = """

            ## Constructors of the compiler

            S050 leaves out what every compiler puts into every library: `_init`, `frame_dummy`, and the constructors of
            Swift's and Rust's own runtimes. A stripped file has no names. Of x86-64, `frame_dummy` is known by its code then,
            if that code shows that it does nothing; elsewhere keep its name with
            `strip --strip-unneeded --keep-symbol=frame_dummy`.

            ## Functions that take a permission

            S039 looks for these among the symbols that a plugin wants. Its manifest must ask for the permission, such as
            `"permissions": ["process.exec"]`. Threads alone are only listed for information if the manifest has no member
            `permissions`; a policy with `requiresPermissions: false` does that for all of them. What runtimes want for themselves is not listed: `abort`, `dlsym`,
            `getenv` and `syscall` are in nearly every plugin of Swift, C++ or Rust. The rule finds what an author did not
            think of; a plugin that means to hide what it does can.

            | permission | functions |
            |---|---|

            """
        for (kind, _, names) in GuardedImport.permissions { text += "| `\(kind.rawValue)` | \(code(names)) |\n" }
        text += "| none: always an error | \(code(GuardedImport.forbidden)) |\n"
        text += "| none: always a warning | \(code(GuardedImport.unwelcome)) |\n"
        text += """

            ## Names that a plugin may not have

            M001 refuses the ids \(code(PluginIdentifier.reserved)), and those that begin with `keyway.`.

            """
        return text
    }

    private static var policy: String {
        var text = """

            ## What an operator can change

            `VerificationPolicy`, in the order in which its members are declared. Names may be globs (`*`, `?`, `[a-z]`), except
            folders. A denied name stays denied if it is allowed, too.

            | member | default | what it changes |
            |---|---|---|

            """
        let policy = VerificationPolicy()
        let rows = [
            ("allowedExports", "none", "S013: symbols that a plugin may export beside its entry symbol"),
            ("allowedSearchPaths", "none", "S034: folders that may stand in a search path"),
            ("allowedLibraries", "any", "S030: the only libraries that a plugin may need itself"),
            ("deniedLibraries", "none", "S030: libraries that a plugin may not need, not even through others"),
            ("allowedImports", "none", "S039: symbols that a plugin may want whatever its manifest says"),
            ("deniedImports", "none", "S039: symbols that a plugin may not want"),
            ("constructors", "`\(policy.constructors.rawValue)`", "S050: information, a warning or an error"),
            (
                "requiresPermissions", "\(policy.requiresPermissions)",
                "S039: holds manifests without `permissions` to asking for none but `threads`"
            ),
            ("ignoredRules", "none", "findings of these rules are dropped; those of gates never"),
            ("target", "none", "S033: the system that plugins shall run on, such as `glibc=2.28`"),
            (
                "trustedOwners", "root and the host's user",
                "S001: whose files are trusted; anybody else's become errors"
            ),
            ("sizeLimit", "\(policy.sizeLimit >> 20) MiB", "S007: bytes that a file may have"),
            ("isRelease", "\(policy.isRelease)", "S045: builds with a sanitizer become errors"),
        ]
        for (member, value, change) in rows { text += "| `\(member)` | \(value) | \(change) |\n" }
        return text
    }

    private static func code(_ names: Set<String>) -> String {
        names.sorted().map { "`\($0)`" }.joined(separator: ", ")
    }
}
