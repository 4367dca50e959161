internal import PluginABI
internal import PluginCore

/// What the rules look at: the facts, and what was concluded from them before the rules run. Of one file, and of one
/// thread; a reference, because every rule is handed it.
final class Inspection {
    let object: SharedObject
    let hostSDK: SDKRange
    let policy: VerificationPolicy
    let resolver: LibraryResolver
    /// A manifest beside the file.
    let sidecar: SidecarManifest?
    /// Empty for the early rules, as is all that follows.
    private(set) var closure = LibraryClosure()
    /// The manifest, or why there is none. nil if the file has neither a readable manifest note nor a sidecar.
    private(set) var manifest: Result<Manifest, PluginError>?
    private(set) var survey = SymbolSurvey()
    /// Symbols that nobody defines, weak ones left out. Empty if a library is missing: it may be the one.
    private(set) var undefinedSymbols: [Linkage.UndefinedSymbol] = []
    private(set) var missingVersions: [Linkage.MissingVersion] = []

    init(of object: SharedObject, sidecar: SidecarManifest?, by verifier: Verifier) {
        self.object = object
        self.sidecar = sidecar
        hostSDK = verifier.hostSDK
        policy = verifier.policy
        resolver = verifier.resolver
    }

    /// Looks up what the other rules need.
    func complete() {
        closure = resolver.closure(of: object)
        manifest = readManifest()
        survey = SymbolSurvey(of: object.symbolTable)
        var check = ImportCheck(object, label: object.file.path, main: object, closure: closure, resolver: resolver)
        missingVersions = check.missingVersions()
        if !closure.libraries.contains(where: { $0.origin == .missing }) {
            undefinedSymbols = check.undefined(includingWeak: false)
        }
    }

    private func readManifest() -> Result<Manifest, PluginError>? {
        let document: JSON
        do throws(PluginError) {
            if let sidecarManifest {
                document = sidecarManifest.document
            } else if let text = object.notes.manifestText {
                document = try JSON(parsing: text, what: "the manifest note")
            } else {
                return nil
            }
            return .success(try Manifest(document))
        } catch {
            return .failure(error)
        }
    }

    /// The sidecar if it stands for a manifest note, which the file does not have.
    var sidecarManifest: SidecarManifest? { object.notes.manifestDescriptors.isEmpty ? sidecar : nil }

    /// What messages call the manifest: "the manifest", or the path of the sidecar.
    var manifestTitle: String { sidecarManifest?.path ?? "the manifest" }

    /// The place of a member of the manifest: "manifest /id", or the path of the sidecar and the pointer.
    func manifestPlace(_ pointer: String) -> String { "\(sidecarManifest?.path ?? "manifest") \(pointer)" }

    /// What to do about a wrong manifest, if not what the rule says: a sidecar needs no rebuilding.
    var sidecarRemedy: String? { sidecarManifest.map { "Correct \($0.path)" } }

    /// The manifest if it is sound.
    var soundManifest: Manifest? { if case .success(let manifest)? = manifest { manifest } else { nil } }

    /// Name of the plugin for messages: what it calls itself, or else its file.
    var pluginName: String {
        soundManifest?.name ?? object.file.path.split(separator: "/").last.map(String.init) ?? object.file.path
    }

    /// Has the file any mark of a plugin? Rules about a plugin's exports have nothing to say to other libraries.
    var claimsToBePlugin: Bool { object.isMarkedAsPlugin }

    /// Does the ABI note say that the file can be unloaded again?
    var promisesUnloading: Bool { object.notes.abi.map { $0.capabilityBits & KW_CAP_UNLOADABLE != 0 } ?? false }

    /// What the SDKs of host and plugin come to; nil if the note does not allow an answer.
    var negotiation: SDKNegotiation? {
        guard let note = object.notes.abi, note.contradictions.isEmpty, let range = note.sdkRange else { return nil }
        return SDKNegotiation(host: hostSDK, plugin: range, built: note.sdkBuilt)
    }

    /// What the file wants among some names, in its order. They must be among ``Rule/notableNames``.
    func imports(among names: Set<String>) -> [String] {
        survey.imports.lazy.map(\.name).filter(names.contains)
    }

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
