internal import PluginABI
internal import PluginCore

/// What the rules look at: the facts, and what was concluded from them before the rules run.
struct Inspection {
    /// A symbol that the file wants from others.
    struct Import {
        let name: String
        let isWeak: Bool
    }

    let object: SharedObject
    let hostSDK: SDKRange
    let policy: VerificationPolicy
    let resolver: LibraryResolver
    let closure: LibraryClosure
    /// The manifest, or why there is none. nil if the file has no readable manifest note.
    let manifest: Result<Manifest, PluginError>?
    /// The wanted symbols that rules ask about by name: a few among hundreds, looked for once. Empty for the early
    /// rules.
    let notableImports: [Import]

    init(
        of object: SharedObject, by verifier: Verifier, closure: LibraryClosure = LibraryClosure(),
        manifest: Result<Manifest, PluginError>? = nil, readsImports: Bool = false
    ) {
        self.object = object
        hostSDK = verifier.hostSDK
        policy = verifier.policy
        resolver = verifier.resolver
        self.closure = closure
        self.manifest = manifest
        var notable: [Import] = []
        if readsImports {
            let strings = object.symbolTable.strings
            for entry in object.symbolTable.entries where !entry.isDefined && entry.name != 0 {
                // Hundreds of a plugin in Swift, and none of them notable.
                if strings.u8(Int(entry.name)) == UInt8(ascii: "$") || strings.hasPrefix("swift_", at: Int(entry.name))
                {
                    continue
                }
                let name = object.symbolTable.name(entry)
                if Rule.notableNames.contains(name) || name.hasPrefix("__") && Rule.isOfSanitizer(name) {
                    notable.append(Import(name: name, isWeak: entry.binding == .weak))
                }
            }
        }
        notableImports = notable
    }

    /// The manifest if it is sound.
    var soundManifest: Manifest? { if case .success(let manifest)? = manifest { manifest } else { nil } }

    /// Name of the plugin for messages: what it calls itself, or else its file.
    var pluginName: String {
        soundManifest?.name ?? object.file.path.split(separator: "/").last.map(String.init) ?? object.file.path
    }

    /// Has the file any mark of a plugin? Rules about a plugin's exports have nothing to say to other libraries.
    var claimsToBePlugin: Bool { !object.notes.isEmpty || object.export(named: entryName) != nil }

    /// Does the ABI note say that the file can be unloaded again?
    var promisesUnloading: Bool { object.notes.abi.map { $0.capabilityBits & KW_CAP_UNLOADABLE != 0 } ?? false }

    /// What the SDKs of host and plugin come to; nil if the note does not allow an answer.
    var negotiation: SDKNegotiation? {
        guard let note = object.notes.abi, note.contradictions.isEmpty, let range = note.sdkRange else { return nil }
        return SDKNegotiation(host: hostSDK, plugin: range, built: note.sdkBuilt)
    }

    /// What the file wants among some names, in its order. They must be among ``Rule/notableNames``.
    func imports(among names: Set<String>) -> [String] { notableImports.map(\.name).filter(names.contains) }

    /// What the file wants of names that an operator wrote, in its order.
    func imports(matching globs: Set<String>) -> [String] {
        guard !globs.isEmpty else { return [] }
        let table = object.symbolTable
        return table.entries.lazy.filter { !$0.isDefined && $0.name != 0 }.map(table.name).filter(globs.matches)
    }
}

extension Array where Element == String {
    /// The first few, and how many more there are.
    func listed(_ limit: Int = 5) -> String {
        let shown = prefix(limit).joined(separator: ", ")
        return count > limit ? "\(shown) and \(count - limit) more" : shown
    }
}
