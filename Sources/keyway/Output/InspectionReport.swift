internal import PluginHost

/// What `keyway inspect --json` says of a file.
struct InspectionReport {
    let file: InspectedFile
    /// nil for a file that is refused.
    let trust: TrustVerdict?

    private var object: SharedObject { file.object }

    var json: JSON {
        let identity = object.identity
        var members: [String: JSON] = [
            "file": .string(file.path), "sha256": .optional(file.digest, JSON.string),
            "size": .int(Int64(clamping: object.size)),
            "buildID": .optional(object.buildID, JSON.string),
            "elf": [
                "class": .string(identity.class.rawValue), "data": .string(identity.data.rawValue),
                "machine": .string(identity.machine.description), "type": .string(identity.type.description),
                "osabi": .string(identity.osabi.description),
            ],
            "abi": .optional(object.notes.abi, Self.abi),
            "manifest": file.verification.manifest?.document ?? .null,
            "interfaces": .array(object.notes.interfaces.map(JSON.string)),
            // What a manifest asks for is granted or refused before loading, and not enforced afterwards.
            "permissionsEnforced": false, "trust": .optional(trust, \.json),
            "findings": .array(file.verification.findings.map(\.json)),
            "score": .optional(file.verification.score, \.json),
        ]
        members.merge(symbols) { first, _ in first }
        members.merge(linking) { first, _ in first }
        members.merge(running) { first, _ in first }
        members.merge(making) { first, _ in first }
        return .object(members)
    }

    private static func abi(_ note: ABINote) -> JSON {
        [
            "generation": .int(Int64(note.generation)), "sdkBuilt": .int(Int64(note.sdkBuilt)),
            "sdkMin": .int(Int64(note.sdkMinimum)),
            "sdkMax": note.sdkMaximum == 0 ? .null : .int(Int64(note.sdkMaximum)),
            "language": .string(note.language), "capabilities": .array(note.capabilities.map(JSON.string)),
        ]
    }

    private var symbols: [String: JSON] {
        [
            "exports": .array(
                object.exports.map { symbol in
                    [
                        "name": .string(symbol.name), "type": .string(symbol.type.rawValue),
                        "binding": .string(symbol.binding.rawValue), "visibility": .string(symbol.visibility.rawValue),
                        "version": .optional(symbol.version, JSON.string), "size": .int(Int64(clamping: symbol.size)),
                    ]
                }),
            "imports": .array(
                object.imports.map { symbol in
                    [
                        "name": .string(symbol.name), "version": .optional(symbol.version, JSON.string),
                        "library": .optional(symbol.library, JSON.string), "weak": .bool(symbol.isWeak),
                    ]
                }),
        ]
    }

    /// What other files it needs, and what of it would be missing.
    private var linking: [String: JSON] {
        [
            "soname": .optional(object.soname, JSON.string), "runpath": .array(object.runpath.map(JSON.string)),
            "rpath": .array(object.rpath.map(JSON.string)),
            "needed": .array(file.needed.map { ["name": .string($0.name), "path": .optional($0.path, JSON.string)] }),
            "libraries": .array(
                file.libraries.map { library in
                    [
                        "name": .string(library.name), "path": .optional(library.path, JSON.string),
                        "neededBy": .string(library.neededBy),
                    ]
                }),
            "undefined": .array(
                (file.linkage?.undefined ?? []).map { symbol in
                    [
                        "name": .string(symbol.name), "version": .optional(symbol.version, JSON.string),
                        "weak": .bool(symbol.isWeak), "neededBy": .string(symbol.neededBy),
                    ]
                }),
            "missingVersions": .array(
                (file.linkage?.missingVersions ?? []).map { version in
                    [
                        "version": .string(version.version), "library": .string(version.library),
                        "weak": .bool(version.isWeak), "neededBy": .string(version.neededBy),
                    ]
                }),
            "minimumGlibc": .optional(object.minimumGlibc) { .string($0.description) },
            "definedVersions": .array(object.definedVersions.map { .string($0.name) }),
            "neededVersions": .array(
                object.neededVersions.map { need in
                    [
                        "library": .string(need.library),
                        "versions": .array(need.versions.map { .string($0.name) }),
                    ]
                }),
        ]
    }

    /// What happens when it is loaded and unloaded.
    private var running: [String: JSON] {
        let (hardening, relocations) = (object.hardening, object.relocations)
        return [
            "constructors": [
                "count": .int(Int64(object.constructors.count)),
                "symbols": .array(object.constructors.symbols.map(JSON.string)),
            ],
            "destructors": [
                "count": .int(Int64(object.destructors.count)),
                "symbols": .array(
                    object.destructors.map { .string($0.symbol ?? "0x\(String($0.address, radix: 16))") }),
            ],
            "hardening": [
                "relro": .string(hardening.relro.rawValue), "bindNow": .bool(hardening.bindNow),
                "nx": .bool(hardening.nx), "textrel": .bool(hardening.textrel), "rwx": .bool(hardening.rwx),
                "stackProtector": .bool(hardening.stackProtector), "fortify": .bool(hardening.fortify),
                "branchTracking": .bool(hardening.branchTracking),
                "returnProtection": .bool(hardening.returnProtection),
            ],
            "relocations": [
                "count": .int(Int64(relocations.count)), "packed": .int(Int64(relocations.packed)),
                "indirect": .int(Int64(relocations.indirect)), "copies": .int(Int64(relocations.copies)),
            ],
            "tls": .optional(object.threadLocals) { storage in
                ["size": .int(Int64(clamping: storage.size)), "static": .bool(storage.isStatic)]
            },
        ]
    }

    /// How it was made.
    private var making: [String: JSON] {
        let (sizes, traits) = (object.sizes, object.traits)
        return [
            "languages": .array(traits.names.map(JSON.string)),
            "producers": .array(object.producers.map(JSON.string)),
            "package": .optional(object.package, JSON.string),
            "notes": .array(
                object.allNotes.map { note in
                    [
                        "owner": .string(note.owner), "type": .int(Int64(note.type)),
                        "size": .int(Int64(clamping: note.size)),
                    ]
                }),
            "sizes": [
                "loaded": .int(Int64(clamping: sizes.loaded)), "debug": .int(Int64(clamping: sizes.debug)),
                "strippable": .int(Int64(clamping: sizes.strippable)),
            ],
            "debug": [
                "present": .bool(object.debugInfo.isPresent), "stripped": .bool(object.debugInfo.isStripped),
                "link": .optional(object.debugInfo.link, JSON.string),
            ],
        ]
    }
}

extension Traits {
    /// Languages that left their marks in the file.
    var names: [String] {
        [("Swift", swift), ("C++", cxx), ("Go", go), ("Rust", rust)].filter(\.1).map(\.0)
    }
}
