internal import PluginCore

/// Rules about the protection of memory.
extension Rule {
    static let textRelocations = Rule(
        id: "S040", group: .hardening, title: "no text relocations", risk: .high,
        why: "Code must be writable while the file is loaded, and hardened systems refuse that",
        remedy: "Compile every part with -fPIC, and link with -Wl,-z,text to hear of it"
    ) { inspection in
        if inspection.object.hardening.textrel {
            return [Problem(place: "DT_TEXTREL", message: "its code is modified while it is loaded")]
        }
        let count = inspection.object.relocations.inReadOnlySegments
        guard count > 0 else { return [] }
        return [
            Problem(
                place: "relocations",
                message:
                    "\(count) relocations lead into memory that is not writable, which ends the process that loads it")
        ]
    }

    static let executableStack = Rule(
        id: "S041", group: .hardening, title: "a stack that is not executable", risk: .critical,
        why: "Loading the file would make the stacks of the whole host executable",
        remedy: "Link with -Wl,-z,noexecstack; assembly files need a .note.GNU-stack section"
    ) { inspection in
        guard !inspection.object.hardening.nx else { return [] }
        let isMissing = !inspection.object.segments.contains { $0.kind == .stack }
        return [
            Problem(
                place: "PT_GNU_STACK",
                message: isMissing
                    ? "does not say that it needs no executable stack, so it would get one"
                    : "asks for an executable stack")
        ]
    }

    static let readOnlyRelocations = Rule(
        id: "S042", group: .hardening, title: "tables that are read-only after loading", risk: .medium,
        severities: [.warning],
        why: "A wild write into the tables of function addresses turns into a call of anything",
        remedy: "Link with -Wl,-z,relro -Wl,-z,now"
    ) { inspection in
        guard inspection.object.hardening.relro == .none else { return [] }
        return [Problem(place: "PT_GNU_RELRO", message: "its tables stay writable after loading")]
    }

    static let bindNow = Rule(
        id: "S043", group: .hardening, title: "all functions bound while loading", risk: .low, severities: [.warning],
        why: "Lazily bound functions keep their table writable, and are found missing only when called",
        remedy: "Link with -Wl,-z,now"
    ) { inspection in
        guard !inspection.object.hardening.bindNow else { return [] }
        return [Problem(place: "DT_FLAGS", message: "its functions are bound lazily")]
    }

    /// Functions that write into a buffer whose size they are not told, and that have checked forms (_FORTIFY_SOURCE).
    static let checkable: Set<String> = [
        "strcpy", "strcat", "stpcpy", "sprintf", "vsprintf", "gets", "getwd", "wcscpy", "wcscat", "wcpcpy",
    ]

    static let checkedCode = Rule(
        id: "S044", group: .hardening, title: "code that checks its stack and its buffers", risk: .low,
        severities: [.info],
        why: "Checked code ends the process at an overflow rather than run what was written over it",
        remedy: "Compile with -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2"
    ) { inspection in
        let hardening = inspection.object.hardening
        guard !hardening.stackProtector, !hardening.fortify else { return [] }
        // Code without buffers has nothing to check, and looks the same: only what could overflow one tells.
        let unchecked = inspection.imports(among: checkable)
        guard let first = unchecked.first else { return [] }
        return [
            Problem(place: first, message: "calls \(unchecked.listed(3)) unchecked, and has no stack protector")
        ]
    }
}
