internal import PluginCore

/// Rules about what the manifest says. That it can be read at all is N005.
extension Rule {
    static let manifestSchema = Rule(
        id: "M001", group: .manifest, title: "a manifest of known members, with a name that is free", risk: .low,
        severities: [.warning, .error],
        why: "What the host does not know it ignores, and names of the host's own parts would be taken for them",
        remedy: "Correct the manifest note in the plugin's source, and rebuild"
    ) { inspection in
        guard let manifest = inspection.soundManifest else { return [] }
        var problems = manifest.unknownKeys.map { key in
            Problem(
                place: "manifest /\(key)", message: "the member \"\(key)\" of the manifest is unknown to this host",
                remedy: "Check its spelling, or remove it, and rebuild")
        }
        if let fault = ManifestName.fault(manifest.id) {
            problems.append(
                Problem(
                    severity: .error, place: "manifest /id", message: "the id \"\(manifest.id)\" \(fault)",
                    remedy: "Choose an id such as word-counter or @acme/word-counter, and rebuild"))
        }
        if manifest.sdk?.maximum == nil, manifest.sdk != nil {
            problems.append(
                Problem(
                    place: "manifest /sdk/maxVersion",
                    message: "promises to work with every later SDK, which nobody can have tested",
                    remedy: "Give the last SDK that the plugin was tested with as maxVersion, and rebuild"))
        }
        return problems
    }

    static let manifestAgreement = Rule(
        id: "M002", group: .manifest, title: "a manifest that says what the other notes say", risk: .medium,
        why: "A host that believes one and a person who reads the other would mean two plugins",
        remedy: "Correct the manifest or the notes in the plugin's source, and rebuild"
    ) { inspection in
        guard let manifest = inspection.soundManifest else { return [] }
        let notes = inspection.object.notes
        let (stated, noted) = (Set(manifest.interfaces), Set(notes.interfaces))
        var problems: [Problem] = []
        if !stated.isEmpty, stated != noted {
            let more = stated.subtracting(noted).sorted().map { "\($0) has no note" }
            let fewer = noted.subtracting(stated).sorted().map { "\($0) has a note only" }
            problems.append(
                Problem(
                    place: "manifest /interfaces",
                    message: "the manifest and the interface notes differ: \((more + fewer).listed())"))
        }
        if let type = manifest.type, let interface = InterfaceID.ofType[type], !noted.contains(interface) {
            problems.append(
                Problem(
                    place: "manifest /type",
                    message: "the manifest says that it is of type \(type), and there is no note for \(interface)"))
        }
        // Of notes that are wrong themselves N006 has spoken.
        if !problems.isEmpty, !interfaceNotes.check(inspection).isEmpty { problems = [] }
        if let sdk = manifest.sdk, let note = notes.abi, let range = note.sdkRange, sdk != range {
            problems.append(
                Problem(
                    place: "manifest /sdk",
                    message: "the manifest says SDK \(sdk), and the ABI note says SDK \(range)"))
        }
        return problems
    }
}

extension InterfaceID {
    /// What a plugin must offer to be of a type.
    static let ofType = [
        "provider": "keyway.provider/1", "embedder": "keyway.embedder/1",
        "vector-backend": "keyway.vector-backend/1", "tool-executor": "keyway.tool-executor/1",
    ]
}

/// The grammar of a plugin's id: NAME or @SCOPE/NAME, where each begins with a letter or a digit and goes on with
/// letters, digits and `_ - .`.
enum ManifestName {
    /// Words that commands and configuration use for something else.
    static let reserved: Set<String> = ["keyway", "host", "all", "default", "none", "self", "core"]

    /// What is wrong with an id, as the rest of a sentence; nil if nothing is.
    static func fault(_ id: String) -> String? {
        var parts = id.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, parts[0].hasPrefix("@") {
            parts[0].removeFirst()
        } else if parts.count != 1 {
            return "has a slash, which only follows a scope, as in @acme/name"
        }
        for part in parts {
            guard let first = part.first, first.isLetter || first.isNumber, !part.contains("@") else {
                return "does not begin with a letter or a digit"
            }
            if zip(part.utf8, part.utf8.dropFirst()).contains(where: { $0 == UInt8(ascii: ".") && $0 == $1 }) {
                return "holds two dots in a row"
            }
        }
        let name = parts[0].lowercased()
        if reserved.contains(name) || name.hasPrefix("keyway.") { return "is reserved for the host" }
        return nil
    }
}
