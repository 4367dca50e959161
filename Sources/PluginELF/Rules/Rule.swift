internal import PluginCore

/// One check of a file: its identity, why it matters, how to mend what breaks it, and the code that looks.
///
/// A new rule is one value in a file of this folder and one place in ``all``, which is the documented order.
struct Rule: Sendable {
    /// One place where a file breaks a rule.
    struct Problem {
        /// nil: the first of the rule's severities.
        var severity: Finding.Severity?
        var place: String
        /// Without a final full stop.
        var message: String
        /// A sentence without a final full stop. nil: what the rule itself says.
        var remedy: String?
    }

    let id: String
    let group: RuleGroup
    /// What a file must be, in a few words.
    let title: String
    let risk: Finding.Risk
    /// What its findings can be; that of most of them comes first.
    var severities: [Finding.Severity] = [.error]
    let why: String
    /// What to do, as a sentence without a final full stop.
    let remedy: String
    /// After an error of such a rule no later rule runs: what they would say about a file of another machine or with
    /// broken tables would be noise.
    var isGate = false
    /// Looks for what files that are verified together do to each other: for each problem the place of its file.
    var compare: (@Sendable ([Inspection]) -> [(file: Int, problem: Problem)])?
    let check: @Sendable (Inspection) -> [Problem]

    /// Findings that one rule gives of a file at most. A hostile file breaks a rule in ten thousand places.
    private static let limit = 50

    func findings(of problems: [Problem]) -> [Finding] {
        var found = problems.map(finding)
        if found.count > Self.limit {
            // Stable, and no error is lost.
            found = Finding.Severity.allCases.reversed().flatMap { severity in
                found.filter { $0.severity == severity }
            }
            let more = found.count - Self.limit
            found.removeLast(more)
            found[Self.limit - 1].message += "; \(more) findings more are left out"
        }
        return found
    }

    func finding(_ problem: Problem) -> Finding {
        Finding(
            id: id, severity: problem.severity ?? severities[0], risk: risk, place: problem.place, why: why,
            message: problem.message, remedy: problem.remedy ?? remedy)
    }

    /// The rules that run before anything is looked up; the gates are among them.
    static let early: [Rule] = [regularFile, platform, objectType, soundFormat, fileSize, osabi]

    /// The rules that run when all is looked up.
    static let late: [Rule] = [
        abiNotePresent, abiNoteUnique, abiNoteSound, sdkInReach, manifestNote, interfaceNotes,
        manifestSchema, manifestAgreement, sidecarDigest, manifestHost,
        sectionHeaders, loadableSegments, instructionSet,
        entrySymbol, forbiddenExports, otherExports, uniqueSymbols, indirectFunctions, copyRelocations,
        symbolicBinding, exportCollisions, sonameCollisions, symbolHashTable,
        neededLibraries, undefinedSymbols, neededVersions, targetProfile, searchPaths, foreignRuntimes,
        sealedSwiftRuntime, swiftVersion, otherLibC, guardedImports,
        textRelocations, executableStack, readOnlyRelocations, bindNow, checkedCode, sanitizers, coverage,
        buildID, producers, packedCode,
        constructors, swiftNoDelete, threadLocals, threadDestructors, exitHandlers, loadingFlags,
        auxiliaryLibraries,
    ]

    /// Every rule in the order in which they run and are reported.
    static let all: [Rule] = early + late

    /// The part of a rule that looks. Most find nothing, and then nothing else of the rule is needed: threads that count
    /// their references to the same texts slow each other.
    struct Look: Sendable {
        let check: @Sendable (Inspection) -> [Problem]
    }

    static let earlyChecks = early.map { Look(check: $0.check) }
    static let lateChecks = late.map { Look(check: $0.check) }
}

/// What a rule is about. The parts of a ``SecurityScore`` are named by it.
public enum RuleGroup: String, Sendable, CaseIterable {
    /// The file, its headers and its segments.
    case format
    /// What the file shows to others.
    case symbols
    /// What the file wants from others.
    case dependencies
    /// Protection of memory, and how the file was built.
    case hardening
    /// What happens while the file is loaded, unloaded, and when the process ends.
    case lifecycle
    /// The notes and the manifest in them.
    case manifest
}
