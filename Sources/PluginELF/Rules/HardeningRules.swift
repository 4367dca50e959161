internal import PluginABI
internal import PluginCore

/// Rules about memory protection and about what runs inside `dlopen`.
extension Rule {
    static let textRelocations = Rule(
        id: "S040", title: "no text relocations", risk: .high,
        why: "Code must be writable while the file is loaded, and hardened systems refuse that"
    ) { inspection in
        guard inspection.object.hardening.textrel else { return [] }
        return [
            Problem(
                place: "DT_TEXTREL", message: "its code is modified while it is loaded",
                remedy: "Compile every part with -fPIC, and link with -Wl,-z,text to hear of it")
        ]
    }

    static let executableStack = Rule(
        id: "S041", title: "a stack that is not executable", risk: .critical,
        why: "Loading the file would make the stacks of the whole host executable"
    ) { inspection in
        guard !inspection.object.hardening.nx else { return [] }
        let isMissing = !inspection.object.segments.contains { $0.kind == .stack }
        return [
            Problem(
                place: "PT_GNU_STACK",
                message: isMissing
                    ? "does not say that it needs no executable stack, so it would get one"
                    : "asks for an executable stack",
                remedy: "Link with -Wl,-z,noexecstack; assembly files need a .note.GNU-stack section")
        ]
    }

    static let readOnlyRelocations = Rule(
        id: "S042", title: "tables that are read-only after loading", risk: .medium,
        why: "A wild write into the tables of function addresses turns into a call of anything"
    ) { inspection in
        guard inspection.object.hardening.relro == .none else { return [] }
        return [
            Problem(
                severity: .warning, place: "PT_GNU_RELRO", message: "its tables stay writable after loading",
                remedy: "Link with -Wl,-z,relro -Wl,-z,now")
        ]
    }

    static let bindNow = Rule(
        id: "S043", title: "all functions bound while loading", risk: .low,
        why: "Lazily bound functions keep their table writable, and are found missing only when called"
    ) { inspection in
        guard !inspection.object.hardening.bindNow else { return [] }
        return [
            Problem(
                severity: .warning, place: "DT_FLAGS", message: "its functions are bound lazily",
                remedy: "Link with -Wl,-z,now")
        ]
    }

    static let constructors = Rule(
        id: "S050", title: "code that runs inside dlopen", risk: .low,
        why: "It runs before the host calls the plugin, and cannot be undone"
    ) { inspection in
        let found = inspection.object.constructors.entries.filter { !$0.isBenign }.map(\.description)
        guard !found.isEmpty else { return [] }
        return [
            Problem(
                severity: .info, place: "DT_INIT_ARRAY", message: "calls \(found.listed()) while it is loaded",
                remedy: "Move work from constructors into the create operation of the plugin")
        ]
    }

    static let swiftNoDelete = Rule(
        id: "S051", title: "a Swift image that stays", risk: .low,
        why: "Swift's runtime keeps pointers into every image, and crashes once one is unmapped"
    ) { inspection in
        let object = inspection.object
        guard inspection.claimsToBePlugin, object.traits.swift, !object.flags.noDelete else { return [] }
        return [
            Problem(
                severity: .warning, place: "DT_FLAGS_1",
                message: "is written in Swift and lets itself be unmapped; Keyway never does that, other hosts may",
                remedy: "Link with -Xlinker -z -Xlinker nodelete")
        ]
    }
}
