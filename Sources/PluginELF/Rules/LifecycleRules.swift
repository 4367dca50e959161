internal import PluginCore

/// Rules about what happens when a file is loaded and unloaded, and when the process ends.
extension Rule {
    static let constructors = Rule(
        id: "S050", group: .lifecycle, title: "no code that runs inside dlopen", risk: .low,
        severities: [.info, .warning, .error],
        why: "It runs before the host calls the plugin, and cannot be undone",
        remedy: "Move work from constructors into the create operation of the plugin"
    ) { inspection in
        let entries = inspection.object.constructors.entries.filter { !$0.isBenign }
        guard !entries.isEmpty else { return [] }
        let severity: Finding.Severity =
            switch inspection.policy.constructors {
            case .allow: .info
            case .warn: .warning
            case .forbid: .error
            }
        let found = entries.map(\.description).listed()
        guard entries.allSatisfy({ $0.symbol == nil }) else {
            return [Problem(severity: severity, place: "DT_INIT_ARRAY", message: "calls \(found) while it is loaded")]
        }
        return [
            Problem(
                severity: severity, place: "DT_INIT_ARRAY",
                message: "calls \(found) while it is loaded, and has no symbols that name what is there",
                remedy: "Strip with strip --strip-unneeded --keep-symbol=frame_dummy if it is only the compiler's "
                    + "own; else move the work into the create operation of the plugin")
        ]
    }

    static let swiftNoDelete = Rule(
        id: "S051", group: .lifecycle, title: "a Swift image that stays", risk: .low, severities: [.warning, .error],
        why: "Swift's runtime keeps pointers into every image, and crashes once one is unmapped",
        remedy: "Link with -Xlinker -z -Xlinker nodelete"
    ) { inspection in
        let object = inspection.object
        guard inspection.claimsToBePlugin, object.traits.swift else { return [] }
        if inspection.promisesUnloading {
            return [
                Problem(
                    severity: .error, place: "ABI note",
                    message: "is written in Swift, and its ABI note says that it can be unloaded",
                    remedy: "Take KW_CAP_UNLOADABLE out of the ABI note")
            ]
        }
        guard !object.flags.noDelete else { return [] }
        return [
            Problem(
                place: "DT_FLAGS_1",
                message: "is written in Swift and lets itself be unmapped; Keyway never does that, other hosts may")
        ]
    }

    static let threadLocals = Rule(
        id: "S052", group: .lifecycle, title: "thread-local variables that can come late", risk: .medium,
        severities: [.error, .warning],
        why: "The room for static thread-local variables is set aside when a process starts, and may be used up",
        remedy: "Compile with -fPIC and without -ftls-model=initial-exec"
    ) { inspection in
        let object = inspection.object
        if object.flags.staticTLS {
            return [
                Problem(
                    place: "DF_STATIC_TLS",
                    message: "needs static room for thread-local variables, so loading it may fail late")
            ]
        }
        guard let variables = object.threadLocals else { return [] }
        if variables.alignment & (variables.alignment &- 1) != 0 || variables.alignment > 4096 {
            return [
                Problem(
                    place: "PT_TLS", message: "asks for thread-local variables aligned to \(variables.alignment) bytes",
                    remedy: "Align thread-local variables to 4096 bytes at most")
            ]
        }
        guard variables.size > threadLocalLimit else { return [] }
        return [
            Problem(
                severity: .warning, place: "PT_TLS",
                message: "takes \(variables.size) bytes of every thread that enters it",
                remedy: "Keep large tables on the heap, with a thread-local pointer to them")
        ]
    }

    /// Bytes a thread beyond which a plugin is warned about.
    private static let threadLocalLimit: UInt64 = 1 << 16

    static let threadDestructors = Rule(
        id: "S053", group: .lifecycle, title: "no destructors of threads", risk: .low, severities: [.warning, .error],
        why: "The plugin stays mapped until every thread that entered it has ended",
        remedy: "Keep what threads need in objects that the plugin's destroy operation frees"
    ) { inspection in
        // Rust's library asks for it weakly in every plugin, whether or not it is used.
        guard
            let name = inspection.survey.imports.first(where: { !$0.isWeak && threadExitFunctions.contains($0.name) })?
                .name
        else { return [] }
        return [
            Problem(
                severity: inspection.promisesUnloading ? .error : .warning, place: name,
                message: "has thread-local objects with destructors")
        ]
    }

    static let threadExitFunctions: Set<String> = ["__cxa_thread_atexit_impl", "__cxa_thread_atexit"]

    /// `__cxa_atexit` is what C calls atexit.
    static let exitFunctions: Set<String> = [
        "atexit", "on_exit", "at_quick_exit", "__cxa_at_quick_exit", "pthread_atfork", "__register_atfork",
        "__cxa_atexit",
    ]

    static let exitHandlers = Rule(
        id: "S054", group: .lifecycle, title: "no handlers of exit and fork", risk: .low, severities: [.warning],
        why: "They run in the middle of the host's own end or fork, when what they use may be gone",
        remedy: "Do it in the plugin's destroy operation"
    ) { inspection in
        var found = inspection.imports(among: exitFunctions)
        // In C++ it stands for the destructors of static objects, which nobody chose.
        if inspection.object.traits.cxx || inspection.object.traits.swift { found.removeAll { $0 == "__cxa_atexit" } }
        guard let first = found.first else { return [] }
        return [Problem(place: first, message: "wants \(found.listed()), to be called when the process ends or forks")]
    }

    static let loadingFlags = Rule(
        id: "S055", group: .lifecycle, title: "flags that let it be loaded and unloaded", risk: .low,
        severities: [.error, .info], why: "They change how the dynamic linker treats the file",
        remedy: "Link without -z nodlopen, -z initfirst and, unless it is Swift, -z nodelete"
    ) { inspection in
        let (object, place) = (inspection.object, "DT_FLAGS_1")
        var problems: [Problem] = []
        if object.flags.noOpen {
            problems.append(
                Problem(place: place, message: "says that dlopen must refuse it", remedy: "Link without -z nodlopen"))
        }
        if object.flags.initFirst {
            problems.append(
                Problem(
                    severity: .info, place: place, message: "runs its constructors before those of all others",
                    remedy: "Link without -z initfirst"))
        }
        if object.flags.noDelete, !object.traits.swift {
            problems.append(
                Problem(
                    severity: inspection.promisesUnloading ? .error : .info, place: place,
                    message: inspection.promisesUnloading
                        ? "is never unmapped, and its ABI note says that it can be unloaded" : "is never unmapped",
                    remedy: "Link without -z nodelete"))
        }
        return problems
    }

    static let auxiliaryLibraries = Rule(
        id: "S056", group: .lifecycle, title: "no filters, no auditors and no slot for debuggers", risk: .critical,
        why: "They make the dynamic linker load and run other files, or debuggers believe the plugin's list of them",
        remedy: "Link without --audit, --depaudit, --filter and --auxiliary"
    ) { inspection in
        var problems = inspection.object.auxiliaries.map { tag, name in
            Problem(place: tag, message: "\(tag) makes the dynamic linker load \(name)")
        }
        if inspection.object.dynamicSection.hasDebugSlot {
            problems.append(
                Problem(
                    place: "DT_DEBUG",
                    message: "has DT_DEBUG, which only a program has: debuggers find its list of libraries by it",
                    remedy: "Link the plugin with -shared, by an unmodified linker"))
        }
        return problems
    }
}
