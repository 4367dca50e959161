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
                place: inspection.manifestPlace("/\(key)"),
                message: "the member \"\(key)\" of \(inspection.manifestTitle) is unknown to this host",
                remedy: inspection.sidecarRemedy ?? "Check its spelling, or remove it, and rebuild")
        }
        if let fault = PluginIdentifier.fault(manifest.id) {
            problems.append(
                Problem(
                    severity: .error, place: inspection.manifestPlace("/id"),
                    message: "the id \"\(manifest.id)\" of \(inspection.manifestTitle) \(fault)",
                    remedy: "Choose an id such as word-counter or @acme/word-counter, and rebuild"))
        }
        if manifest.sdk?.maximum == nil, manifest.sdk != nil {
            problems.append(
                Problem(
                    place: inspection.manifestPlace("/sdk/maxVersion"),
                    message:
                        "\(inspection.manifestTitle) promises to work with every later SDK, which nobody can have tested",
                    remedy: "Give the last SDK that the plugin was tested with as maxVersion, and rebuild"))
        }
        return problems
    }

    static let manifestAgreement = Rule(
        id: "M002", group: .manifest, title: "a manifest that says what the notes say", risk: .medium,
        why: "A host that believes one and a person who reads the other would mean two plugins",
        remedy: "Correct the manifest or the notes in the plugin's source, and rebuild"
    ) { inspection in
        guard let manifest = inspection.soundManifest else { return [] }
        let notes = inspection.object.notes
        let title = inspection.manifestTitle
        var problems: [Problem] = []
        func differs(_ pointer: String, _ message: String) {
            problems.append(
                Problem(
                    place: inspection.manifestPlace(pointer), message: message, remedy: inspection.sidecarRemedy))
        }
        // Mostly they are equal as they stand, and need no sets.
        if !manifest.interfaces.isEmpty, manifest.interfaces != notes.interfaces {
            let (stated, noted) = (Set(manifest.interfaces), Set(notes.interfaces))
            let more = stated.subtracting(noted).sorted().map { "\($0) has no note" }
            let fewer = noted.subtracting(stated).sorted().map { "\($0) has a note only" }
            if !more.isEmpty || !fewer.isEmpty {
                differs("/interfaces", "\(title) and the interface notes differ: \((more + fewer).listed())")
            }
        }
        if let type = manifest.type, let interface = Manifest.interfacesOfTypes[type],
            !notes.interfaces.contains(interface)
        {
            differs("/type", "\(title) says that it is of type \(type), and there is no note for \(interface)")
        }
        // Of notes that are missing or wrong themselves N001 and N006 have spoken.
        if !problems.isEmpty, notes.isEmpty || !interfaceNotes.check(inspection).isEmpty { problems = [] }
        if let sdk = manifest.sdk, let note = notes.abi, let range = note.sdkRange, sdk != range {
            differs("/sdk", "\(title) says SDK \(sdk), and the ABI note says SDK \(range)")
        }
        return problems + disagreement(of: manifest, with: inspection.sidecar, in: inspection)
    }

    /// What a sidecar says otherwise than the manifest note. It counts for nothing else then.
    private static func disagreement(
        of note: Manifest, with sidecar: SidecarManifest?, in inspection: Inspection
    ) -> [Problem] {
        guard let sidecar, inspection.sidecarManifest == nil else { return [] }
        func problem(_ member: String, _ stated: String?, _ noted: String) -> Problem? {
            guard stated != noted else { return nil }
            let what = stated.map { "says \(member) \"\($0)\"" } ?? "does not say its \(member)"
            return Problem(
                place: "\(sidecar.path) /\(member)",
                message: "\(sidecar.path) \(what), and the manifest note says \"\(noted)\"",
                remedy: "Correct \(sidecar.path), or remove it: the plugin has a manifest note")
        }
        let id = sidecar.document["id"] ?? sidecar.document["name"]
        return [
            problem("id", id?.stringValue, note.id),
            problem("version", sidecar.document["version"]?.stringValue, "\(note.version)"),
        ].compactMap(\.self)
    }

    static let sidecarDigest = Rule(
        id: "M003", group: .manifest, title: "a manifest beside the plugin that is bound to its file", risk: .high,
        why: "A manifest outside the file can be exchanged, or be of another build, and would speak for this one",
        remedy: "Write the SHA-256 of the plugin's file into the manifest beside it, as its member sha256"
    ) { inspection in
        guard let sidecar = inspection.sidecarManifest, sidecar.declaredDigest != sidecar.fileDigest else { return [] }
        guard let declared = sidecar.declaredDigest else {
            return [
                Problem(
                    place: "\(sidecar.path) /sha256",
                    message: "\(sidecar.path) does not say which file it is the manifest of: it has no sha256",
                    remedy: "If it is meant for this file, put \"sha256\": \"\(sidecar.fileDigest)\" into it")
            ]
        }
        return [
            Problem(
                place: "\(sidecar.path) /sha256",
                message:
                    "\(sidecar.path) is the manifest of a file with the SHA-256 \(declared), and this one has "
                    + sidecar.fileDigest,
                remedy: "Install the manifest and the file of one build, or correct sha256 if this file is meant")
        ]
    }
}

extension Rule {
    static let manifestHost = Rule(
        id: "M004", group: .manifest, title: "a manifest that is made for this host", risk: .medium,
        why: "Its author says that it does not work with this version of the host, or not on this kind of machine",
        remedy: "Install a build for this host, or update the host"
    ) { inspection in
        guard let manifest = inspection.soundManifest else { return [] }
        var problems = manifest.engines.filter {
            $0.name == HostProduct.name && !$0.range.contains(HostProduct.version)
        }
        .map { engine in
            Problem(
                place: inspection.manifestPlace("/engines/\(engine.name)"),
                message:
                    "\(inspection.manifestTitle) wants \(engine.name) \(engine.range.text), and this is "
                    + HostProduct.version.description)
        }
        let here = HostPlatform.name
        if !manifest.platforms.isEmpty, !manifest.platforms.contains(where: { $0 == here || $0.hasPrefix(here + "-") })
        {
            problems.append(
                Problem(
                    place: inspection.manifestPlace("/platforms"),
                    message:
                        "\(inspection.manifestTitle) is for \(manifest.platforms.listed()), and this host is \(here)"))
        }
        return problems
    }
}
