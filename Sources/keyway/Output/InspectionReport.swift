internal import PluginHost

/// What `keyway inspect` says of a file, for programs and for people.
struct InspectionReport {
    let prepared: PreparedPlugin

    private var object: SharedObject { prepared.object }

    var json: JSON {
        let identity = object.identity
        let abi: JSON =
            object.notes.abi.map { note in
                [
                    "generation": .int(Int64(note.generation)), "sdkBuilt": .int(Int64(note.sdkBuilt)),
                    "sdkMin": .int(Int64(note.sdkMinimum)),
                    "sdkMax": note.sdkMaximum == 0 ? .null : .int(Int64(note.sdkMaximum)),
                    "language": .string(note.language), "capabilities": .array(note.capabilities.map(JSON.string)),
                ]
            } ?? .null
        let hardening = object.hardening
        return [
            "file": .string(prepared.path), "sha256": .string(prepared.digest),
            "size": .int(Int64(clamping: object.size)),
            "buildID": .optional(object.buildID, JSON.string),
            "elf": [
                "class": .string(identity.class.rawValue), "data": .string(identity.data.rawValue),
                "machine": .string(identity.machine.description), "type": .string(identity.type.description),
                "osabi": .string(identity.osabi.description),
            ],
            "abi": abi, "manifest": prepared.manifest?.document ?? .null,
            "interfaces": .array(object.notes.interfaces.map(JSON.string)),
            "exports": .array(
                object.exports.map { symbol in
                    [
                        "name": .string(symbol.name), "type": .string(symbol.type.rawValue),
                        "binding": .string(symbol.binding.rawValue), "visibility": .string(symbol.visibility.rawValue),
                        "version": .optional(symbol.version, JSON.string),
                    ]
                }),
            "imports": .array(
                object.imports.map { symbol in
                    [
                        "name": .string(symbol.name), "version": .optional(symbol.version, JSON.string),
                        "library": .optional(symbol.library, JSON.string), "weak": .bool(symbol.isWeak),
                    ]
                }),
            "needed": .array(needed.map { ["name": .string($0.name), "path": .optional($0.path, JSON.string)] }),
            "runpath": .array(object.runpath.map(JSON.string)), "soname": .optional(object.soname, JSON.string),
            "constructors": [
                "count": .int(Int64(object.constructors.count)),
                "symbols": .array(object.constructors.symbols.map(JSON.string)),
            ],
            "hardening": [
                "relro": .string(hardening.relro.rawValue), "bindNow": .bool(hardening.bindNow),
                "nx": .bool(hardening.nx), "textrel": .bool(hardening.textrel), "rwx": .bool(hardening.rwx),
            ],
            "findings": .array(prepared.verification.findings.map(\.json)),
        ]
    }

    /// The libraries that the file itself names, with the place where each is found.
    private var needed: [(name: String, path: String?)] {
        let libraries = prepared.verification.libraries
        return object.needed.map { name in (name, libraries.first { $0.name == name }?.path) }
    }

    var text: [String] {
        var lines: [String] = []
        let identity = object.identity
        if let manifest = prepared.manifest {
            lines.append("\(manifest.name) \(manifest.version)\(manifest.description.map { ": \($0)" } ?? "")")
            lines.append("")
        }
        var facts: [[String]] = [
            ["file", prepared.path], ["size", "\(object.size) bytes"], ["sha256", prepared.digest],
            ["build id", object.buildID ?? "none"],
            [
                "object",
                "ELF \(identity.class.rawValue)-bit \(identity.data.rawValue)-endian \(identity.machine), "
                    + "\(identity.type), OS ABI \(identity.osabi)",
            ],
        ]
        if let note = object.notes.abi {
            let range = note.sdkRange.map(\.description) ?? "invalid"
            facts.append([
                "plugin ABI",
                "generation \(note.generation), built with SDK \(note.sdkBuilt), works with \(range), in \(note.language)",
            ])
            facts.append([
                "capabilities", note.capabilities.isEmpty ? "none" : note.capabilities.joined(separator: ", "),
            ])
        }
        if !object.notes.interfaces.isEmpty {
            facts.append(["interfaces", object.notes.interfaces.joined(separator: ", ")])
        }
        if let build = object.notes.build { facts.append(["build note", build]) }
        let hardening = object.hardening
        facts.append([
            "hardening",
            "RELRO \(hardening.relro.rawValue), BIND_NOW \(hardening.bindNow ? "yes" : "no"), "
                + "executable stack \(hardening.nx ? "no" : "YES"), text relocations \(hardening.textrel ? "YES" : "no"), "
                + "writable code \(hardening.rwx ? "YES" : "no")",
        ])
        facts.append([
            "constructors",
            object.constructors.count == 0
                ? "none" : "\(object.constructors.count): \(object.constructors.symbols.joined(separator: ", "))",
        ])
        facts.append(["exports", Self.brief(object.exports.map(\.name))])
        facts.append(["imports", Self.brief(object.imports.map(\.name))])
        if !object.runpath.isEmpty { facts.append(["search path", object.runpath.joined(separator: ":")]) }
        lines += TextTable.lines(facts)
        if !needed.isEmpty {
            lines += ["", "Needed libraries"]
            // A file that an early rule refused is not followed further.
            let unknown = prepared.verification.libraries.isEmpty ? "not looked up" : "NOT FOUND"
            lines += TextTable.lines(needed.map { [$0.name, $0.path ?? unknown] }, indent: "  ")
        }
        let findings = prepared.verification.findings
        lines += ["", findings.isEmpty ? "Findings: none" : "Findings"]
        for finding in findings {
            lines.append("  \(finding.severity.rawValue) \(finding.id) [\(finding.place)] \(finding.message).")
            if !finding.remedy.isEmpty { lines.append("      \(finding.remedy).") }
        }
        lines.append("")
        if object.notes.isEmpty {
            lines.append("This is no Keyway plugin: it has none of its notes.")
        } else if prepared.verification.isLoadable {
            lines.append(
                "It may be loaded. Loaded into a host's own process it is trusted with everything the host may do.")
        } else {
            lines.append("It is refused. Nothing of it was run.")
        }
        return lines
    }

    /// The first few of many names.
    private static func brief(_ names: [String]) -> String {
        guard !names.isEmpty else { return "none" }
        let shown = names.prefix(6).joined(separator: ", ")
        return names.count > 6 ? "\(names.count): \(shown), ..." : "\(names.count): \(shown)"
    }
}
