internal import PluginCore

/// One check of a file: its identity, why it matters, and the code that looks.
///
/// A new rule is one value in a file of this folder and one place in ``all``, which is the documented order.
struct Rule: Sendable {
    /// One place where a file breaks a rule.
    struct Problem {
        var severity: Finding.Severity = .error
        var place: String
        /// Without a final full stop.
        var message: String
        /// A sentence without a final full stop.
        var remedy: String
    }

    let id: String
    /// What a file must be, in a few words.
    let title: String
    let risk: Finding.Risk
    let why: String
    /// After an error of such a rule no later rule runs: what they would say about a file of another machine or with
    /// broken tables would be noise.
    var isGate = false
    let check: @Sendable (Inspection) -> [Problem]

    func findings(in inspection: Inspection) -> [Finding] {
        check(inspection).map { problem in
            Finding(
                id: id, severity: problem.severity, risk: risk, place: problem.place, why: why,
                message: problem.message, remedy: problem.remedy)
        }
    }

    /// Every rule in the order in which they run and are reported.
    static let all: [Rule] = [
        regularFile, platform, objectType, soundFormat, osabi,
        abiNotePresent, abiNoteUnique, abiNoteSound, sdkInReach, manifestNote, interfaceNotes,
        loadableSegments, entrySymbol, forbiddenExports, otherExports, uniqueSymbols, indirectFunctions,
        neededLibraries, undefinedSymbols, searchPaths, sealedSwiftRuntime,
        textRelocations, executableStack, readOnlyRelocations, bindNow,
        constructors, swiftNoDelete, auxiliaryLibraries,
    ]
}

/// What the rules look at: the facts, and what was concluded from them before the rules run.
struct Inspection {
    let object: SharedObject
    let hostSDK: SDKRange
    let policy: VerificationPolicy
    let resolver: LibraryResolver
    let closure: LibraryClosure
    /// The manifest, or why there is none. nil if the file has no readable manifest note.
    let manifest: Result<Manifest, PluginError>?

    /// Name of the plugin for messages: what it calls itself, or else its file.
    var pluginName: String {
        if case .success(let manifest)? = manifest { return manifest.name }
        return object.file.path.split(separator: "/").last.map(String.init) ?? object.file.path
    }

    /// Has the file any mark of a plugin? Rules about a plugin's exports have nothing to say to other libraries.
    var claimsToBePlugin: Bool { !object.notes.isEmpty || object.export(named: entryName) != nil }

    /// What the SDKs of host and plugin come to; nil if the note does not allow an answer.
    var negotiation: SDKNegotiation? {
        guard let note = object.notes.abi, note.contradictions.isEmpty, let range = note.sdkRange else { return nil }
        return SDKNegotiation(host: hostSDK, plugin: range, built: note.sdkBuilt)
    }
}

extension Array where Element == String {
    /// The first few in quotes, and how many more there are.
    func listed(_ limit: Int = 5) -> String {
        let shown = prefix(limit).joined(separator: ", ")
        return count > limit ? "\(shown) and \(count - limit) more" : shown
    }
}
