internal import PluginHost

/// What `keyway inspect` shows a person.
struct InspectionPage {
    let file: InspectedFile
    /// nil for a file that is refused.
    let trust: TrustVerdict?

    private var object: SharedObject { file.object }

    var text: [String] {
        var lines: [String] = []
        if let manifest = file.verification.manifest {
            lines += ["\(manifest.name) \(manifest.version)\(manifest.description.map { ": \($0)" } ?? "")", ""]
        }
        lines += TextTable.lines(identity + plugin + protection + life + symbolCounts)
        lines += libraries + missing
        let findings = file.verification.findings
        lines += ["", findings.isEmpty ? "Findings: none" : "Findings"]
        for finding in findings { lines += finding.lines(indent: "  ") }
        return lines + ["", verdict]
    }

    private var identity: [[String]] {
        let identity = object.identity
        var rows: [[String]] = [["file", file.path]]
        if let soname = object.soname, !file.path.hasSuffix("/\(soname)") { rows.append(["name (SONAME)", soname]) }
        rows.append([
            "object",
            "ELF \(identity.class.rawValue)-bit \(identity.data.rawValue)-endian \(identity.machine), "
                + "\(identity.type), OS ABI \(identity.osabi)",
        ])
        rows.append(["size", sizes])
        rows.append(["sha256", file.digest ?? "not taken: the file is above the limit of size"])
        rows.append(["build id", object.buildID ?? "none"])
        let languages = object.traits.names
        if !languages.isEmpty {
            let runtime = object.traits.staticSwiftRuntime ? " (Swift runtime inside)" : ""
            rows.append(["languages", languages.joined(separator: ", ") + runtime])
        }
        if !object.producers.isEmpty { rows.append(["made by", object.producers.joined(separator: "; ")]) }
        if let package = object.package { rows.append(["package", package]) }
        if let trust {
            rows.append(["trust", "\(trust.isTrusted ? "trusted" : "not trusted"): \(trust.because)"])
            rows.append(["tier", trust.tier.rawValue])
        }
        return rows
    }

    private var sizes: String {
        let sizes = object.sizes
        var text = "\(object.size.bytes), \(sizes.loaded.bytes) in memory"
        if sizes.debug > 0 {
            text += ", \(sizes.debug.bytes) of debug information"
        } else if sizes.strippable > 0 {
            text += ", \(sizes.strippable.bytes) that strip would take away"
        } else {
            text += ", stripped"
        }
        return text + (object.debugInfo.link.map { " (\($0))" } ?? "")
    }

    private var plugin: [[String]] {
        var rows: [[String]] = []
        if let note = object.notes.abi {
            let range = note.sdkRange.map(\.description) ?? "invalid"
            rows.append([
                "plugin ABI",
                "generation \(note.generation), built with SDK \(note.sdkBuilt), works with \(range), in \(note.language)",
            ])
            rows.append([
                "capabilities", note.capabilities.isEmpty ? "none" : note.capabilities.joined(separator: ", "),
            ])
        }
        if !object.notes.interfaces.isEmpty {
            rows.append(["interfaces", object.notes.interfaces.joined(separator: ", ")])
        }
        for request in file.verification.manifest?.permissions ?? [] {
            let why = request.justification.map { ": \($0)" } ?? ""
            rows.append([
                "asks for", "\(request.permission)\(request.isRequired ? "" : " (optional)")\(why)",
            ])
        }
        if let build = object.notes.build { rows.append(["build note", build]) }
        return rows
    }

    private var protection: [[String]] {
        let hardening = object.hardening
        let also = [
            (hardening.stackProtector, "stack protector"), (hardening.fortify, "checked C functions"),
            (hardening.branchTracking, "branch tracking"), (hardening.returnProtection, "return protection"),
        ].filter(\.0).map(\.1)
        return [
            [
                "hardening",
                "RELRO \(hardening.relro.rawValue), BIND_NOW \(hardening.bindNow ? "yes" : "no"), "
                    + "executable stack \(hardening.nx ? "no" : "YES"), "
                    + "text relocations \(hardening.textrel ? "YES" : "no"), writable code \(hardening.rwx ? "YES" : "no")",
            ]
        ] + (also.isEmpty ? [] : [["", also.joined(separator: ", ")]])
    }

    private var life: [[String]] {
        var rows = [["runs when loaded", Self.brief(object.constructors.symbols)]]
        rows.append([
            "runs at the end",
            Self.brief(object.destructors.map { $0.symbol ?? "0x\(String($0.address, radix: 16))" }),
        ])
        let flags = [
            (object.flags.noDelete, "never unmapped"), (object.flags.noOpen, "not for dlopen"),
            (object.flags.initFirst, "initialized first"), (object.flags.symbolic, "binds to itself first"),
        ].filter(\.0).map(\.1)
        if !flags.isEmpty { rows.append(["loading", flags.joined(separator: ", ")]) }
        if let storage = object.threadLocals {
            rows.append([
                "thread locals",
                "\(storage.size.bytes) a thread\(storage.isStatic ? ", static: may fail to load late" : "")",
            ])
        }
        let relocations = object.relocations
        let kinds = relocations.kinds.prefix(4).map { "\($0.count) \($0.name)" }
        if relocations.count + relocations.packed > 0 {
            let packed = relocations.packed > 0 ? ["\(relocations.packed) packed"] : []
            rows.append(["relocations", (kinds + packed).joined(separator: ", ")])
        }
        return rows
    }

    private var symbolCounts: [[String]] {
        var rows = [["exports", Self.brief(object.exports.map(\.name))]]
        rows.append(["imports", Self.brief(object.imports.map(\.name))])
        let versions = object.minimumVersions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        if !versions.isEmpty { rows.append(["needs at least", versions.joined(separator: ", ")]) }
        for (name, folders) in [("RPATH", object.rpath), ("RUNPATH", object.runpath)] where !folders.isEmpty {
            rows.append(["search path", "\(folders.joined(separator: ":")) (\(name))"])
        }
        return rows
    }

    private var libraries: [String] {
        guard !object.needed.isEmpty else { return [] }
        let unknown = file.linkage == nil ? "not looked up" : "NOT FOUND"
        let indirect = file.libraries.count { library in !object.needed.contains(library.name) }
        var lines = ["", "Needed libraries\(indirect > 0 ? " (and \(indirect) through them; --tree shows all)" : "")"]
        lines += TextTable.lines(file.needed.map { [$0.name, $0.path ?? unknown] }, indent: "  ")
        return lines
    }

    /// What `ldd -r` would complain of.
    private var missing: [String] {
        guard let linkage = file.linkage else { return [] }
        let symbols = linkage.undefined.filter { !$0.isWeak }.map { symbol in
            [symbol.version.map { "\(symbol.name)@\($0)" } ?? symbol.name, "wanted by \(symbol.neededBy)"]
        }
        let versions = linkage.missingVersions.filter { !$0.isWeak }.map { version in
            [version.version, "of \(version.library), wanted by \(version.neededBy)"]
        }
        let rows = versions + symbols
        guard !rows.isEmpty else { return [] }
        let shown = 12
        return ["", "Missing symbols and versions"] + TextTable.lines(Array(rows.prefix(shown)), indent: "  ")
            + (rows.count > shown ? ["  and \(rows.count - shown) more, which --json lists"] : [])
    }

    private var verdict: String {
        let verification = file.verification
        let score = verification.score.map { " Score \($0.total) of 100." } ?? ""
        if object.notes.isEmpty { return "This is no Keyway plugin: it has none of its notes." }
        guard verification.isLoadable else { return "It is refused. Nothing of it was run.\(score)" }
        if let trust, trust.tier > .inProcess {
            return "It may be loaded.\(score) It runs in a worker, a process of its own."
        }
        let asks = verification.manifest.map { !$0.permissions.isEmpty } ?? false
        return
            "It may be loaded.\(score) Loaded into a host's own process it is trusted with everything the host may do."
            + (asks ? " A host can refuse what it asks for before it is loaded, and enforces nothing afterwards." : "")
    }

    /// The needed libraries, each below the first file that needs it.
    var tree: [String] {
        var lines = [file.path]
        var shown: Set<String> = []
        func add(_ parent: String, _ prefix: String) {
            let children = file.libraries.filter { $0.neededBy == parent && !shown.contains($0.name) }
            shown.formUnion(children.map(\.name))
            for (index, library) in children.enumerated() {
                let isLast = index == children.count - 1
                lines.append("\(prefix)\(isLast ? "└── " : "├── ")\(library.name)  \(library.path ?? "NOT FOUND")")
                for rejected in library.rejected {
                    lines.append("\(prefix)\(isLast ? "    " : "│   ")  passed over: \(rejected)")
                }
                add(library.name, prefix + (isLast ? "    " : "│   "))
            }
        }
        add(file.path, "")
        return lines
    }

    var imports: [String] {
        let missing = Set((file.linkage?.undefined ?? []).filter { $0.neededBy == file.path }.map(\.name))
        let rows = object.imports.map { symbol in
            [
                symbol.name, symbol.version ?? "", symbol.library ?? "", symbol.isWeak ? "weak" : "",
                missing.contains(symbol.name) ? "NOT FOUND" : "",
            ]
        }
        return TextTable.lines([["IMPORT", "VERSION", "LIBRARY", "", ""]] + rows)
    }

    var symbols: [String] {
        let rows = object.exports.map { symbol in
            [
                symbol.name, symbol.version.map { (symbol.isDefaultVersion ? "@@" : "@") + $0 } ?? "",
                symbol.type.rawValue, symbol.binding.rawValue, symbol.visibility.rawValue, "\(symbol.size)",
            ]
        }
        return TextTable.lines([["EXPORT", "VERSION", "TYPE", "BINDING", "VISIBILITY", "BYTES"]] + rows)
    }

    /// The first few of many names.
    private static func brief(_ names: [String]) -> String {
        guard !names.isEmpty else { return "none" }
        let shown = names.prefix(6).joined(separator: ", ")
        return names.count > 6 ? "\(names.count): \(shown), ..." : "\(names.count): \(shown)"
    }
}

extension UInt64 {
    /// "12 bytes", "34.5 KiB" or "6.7 MiB".
    fileprivate var bytes: String {
        let value = Double(self)
        if self < 1 << 10 { return "\(self) bytes" }
        if self < 1 << 20 { return "\((value / 1024).rounded(to: 1)) KiB" }
        return "\((value / 1_048_576).rounded(to: 1)) MiB"
    }
}
