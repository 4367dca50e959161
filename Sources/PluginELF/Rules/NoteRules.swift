internal import PluginABI
internal import PluginCore

/// Rules about the notes that make a shared object a Keyway plugin.
extension Rule {
    static let abiNotePresent = Rule(
        id: "N001", group: .manifest, title: "an ABI note", risk: .medium,
        why: "Without the note nobody knows which contract the plugin was built for before running it",
        remedy: "In C put KW_NOTE_ABI(...) at file scope, in Swift the note line of PluginSDK, and rebuild"
    ) { inspection in
        guard inspection.object.notes.abiDescriptors.isEmpty else { return [] }
        let what =
            inspection.claimsToBePlugin
            ? "the ABI note is missing" : "is not a Keyway plugin: it has neither notes nor the entry symbol"
        return [Problem(place: "notes", message: what)]
    }

    static let abiNoteUnique = Rule(
        id: "N002", group: .manifest, title: "exactly one ABI note", risk: .medium,
        why: "Two notes can promise two contracts, and each reader may believe another",
        remedy: "Keep one KW_NOTE_ABI(...) in one source file of the plugin, and rebuild"
    ) { inspection in
        let count = inspection.object.notes.abiDescriptors.count
        guard count > 1 else { return [] }
        return [
            Problem(
                place: "ABI note", message: "there are \(count) ABI notes, and there must be exactly one")
        ]
    }

    static let abiNoteSound = Rule(
        id: "N003", group: .manifest, title: "an ABI note without contradictions", risk: .high,
        why: "A note that contradicts itself cannot be negotiated with",
        remedy: "Write the note with KW_NOTE_ABI(minimum, maximum, ...) of the SDK's headers, and rebuild"
    ) { inspection in
        let notes = inspection.object.notes
        guard notes.abiDescriptors.count == 1 else { return [] }
        let problem: String
        if let note = notes.abi {
            guard !note.contradictions.isEmpty else { return [] }
            problem = note.contradictions.joined(separator: "; ")
        } else {
            problem = "it has \(notes.abiDescriptors[0].count) bytes, fewer than \(ABINote.wireSize)"
        }
        return [Problem(place: "ABI note", message: "the ABI note is malformed: \(problem)")]
    }

    static let sdkInReach = Rule(
        id: "N004", group: .manifest, title: "an SDK that host and plugin share", risk: .high,
        why: "Host and plugin would read each other's structures by different rules",
        remedy: "Update the host or rebuild the plugin, whichever is older"
    ) { inspection in
        guard let note = inspection.object.notes.abi, let range = note.sdkRange else { return [] }
        let host = inspection.hostSDK
        let current = host.maximum.map(String.init) ?? host.description
        let served = host.maximum == host.minimum ? "" : " (the host serves \(host))"
        let remedy: String
        switch inspection.negotiation {
        case nil, .agreed: return []
        case .hostTooOld:
            remedy =
                "Update the host to one with SDK \(range.minimum) or later, or install a build of the plugin for SDK "
                + "\(host)"
        case .pluginTooOld:
            remedy = "Update the plugin: rebuild it with SDK \(host), or install a newer build of it"
        }
        return [
            Problem(
                place: "ABI note",
                message:
                    "plugin \"\(inspection.pluginName)\" requires SDK version \(range), "
                    + "but current SDK version is \(current)\(served)",
                remedy: remedy)
        ]
    }

    static let manifestNote = Rule(
        id: "N005", group: .manifest, title: "one valid manifest, in a note or in a file beside the plugin",
        risk: .medium,
        why: "The manifest says what the plugin is called and what it may do",
        remedy: "Put one KW_NOTE_MANIFEST(...) with a JSON object into the plugin's source, and rebuild"
    ) { inspection in
        let notes = inspection.object.notes
        guard !notes.isEmpty else { return [] }
        if let sidecar = inspection.sidecarManifest {
            guard case .failure(let error)? = inspection.manifest else { return [] }
            return [
                Problem(
                    place: sidecar.path, message: "\(sidecar.path): \(sentence(error))",
                    remedy: inspection.sidecarRemedy)
            ]
        }
        let what: String
        var remedy: String?
        switch (notes.manifestDescriptors.count, inspection.manifest) {
        case (0, _): what = "the manifest note is missing"
        case (1, .success): return []
        case (1, .failure(let error)):
            what = sentence(error)
            remedy = error.remedy
        case (1, nil):
            what =
                notes.manifestDescriptors[0] == nil
                ? "the manifest note is longer than \(KW_NOTE_MANIFEST_LIMIT) bytes"
                : "the manifest note is not UTF-8 text that ends with NUL"
        case (let count, _): what = "there are \(count) manifest notes, and there must be exactly one"
        }
        return [Problem(place: "manifest note", message: what, remedy: remedy)]
    }

    /// A JSON parser's own sentence may end with a full stop.
    private static func sentence(_ error: PluginError) -> String {
        error.what.hasSuffix(".") ? String(error.what.dropLast()) : error.what
    }

    static let interfaceNotes = Rule(
        id: "N006", group: .manifest, title: "a note for each interface", risk: .medium,
        why: "The host decides by these notes what the plugin is for, and holds the loaded plugin to them",
        remedy: "Put one KW_NOTE_IFACE(name, \"owner.name/1\") for each interface into the source, and rebuild"
    ) { inspection in
        let notes = inspection.object.notes
        guard !notes.isEmpty else { return [] }
        guard notes.interfaceCount > 0 else {
            return [Problem(place: "interface notes", message: "the interface notes are missing")]
        }
        var problems: [Problem] = []
        if notes.interfaces.count < notes.interfaceCount {
            problems.append(
                Problem(
                    place: "interface notes", message: "an interface note is not UTF-8 text that ends with NUL"))
        }
        var seen: Set<String> = []
        for id in notes.interfaces {
            let what: String
            let isKnown = InterfaceID.known.contains(id)
            if !seen.insert(id).inserted {
                what = "there are two notes for the interface \"\(id)\""
            } else if isKnown {
                continue
            } else if !InterfaceID.isWellFormed(id) {
                what = "\"\(id)\" is not an interface id such as keyway.embedder/1"
            } else if id.hasPrefix("keyway.") {
                what = "the interface \"\(id)\" is unknown to this host"
            } else {
                continue
            }
            problems.append(Problem(place: "interface note \(id)", message: what))
        }
        return problems
    }
}

/// The names of interfaces: owner, dot, name, slash, version.
enum InterfaceID {
    /// Those that Keyway defines for plugins.
    static let known: Set<String> = [
        "keyway.provider/1", "keyway.embedder/1", "keyway.vector-backend/1", "keyway.tool-executor/1",
        "keyway.hooks/1", "keyway.tools/1", "keyway.functions/1", "keyway.operations/1", "keyway.messages/1",
        "keyway.endpoints/1",
    ]

    static func isWellFormed(_ id: String) -> Bool {
        let parts = id.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, id.utf8.count <= 128, let version = UInt32(parts[1]), version > 0,
            String(version) == parts[1]
        else { return false }
        let names = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        return names.count >= 2
            && names.allSatisfy { name in
                !name.isEmpty
                    && name.utf8.allSatisfy {
                        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
                    }
            }
    }
}
