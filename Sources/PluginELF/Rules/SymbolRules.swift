internal import PluginABI
internal import PluginCore

/// The one symbol that a plugin exports.
let entryName: String = KW_ENTRY_SYMBOL

/// Rules about the symbols that a plugin shows to others.
extension Rule {
    private static let script = "Link with the SDK's version script, -Wl,--version-script=plugin.map, and rebuild"

    static let entrySymbol = Rule(
        id: "S010", title: "the entry symbol, a function in executable memory", risk: .high,
        why: "The host calls the plugin through this symbol and nothing else"
    ) { inspection in
        guard inspection.claimsToBePlugin else { return [] }
        let table = inspection.object.symbolTable
        let remedy = "Define kw_plugin_entry_1 as a function with KW_EXPORT (in Swift with @c), and rebuild"
        func problem(_ message: String) -> [Problem] {
            [Problem(place: entryName, message: message, remedy: remedy)]
        }
        guard let index = table.definition(of: ArraySlice(entryName.utf8)) else {
            let others = table.entries.filter { table.strings.hasPrefix("kw_plugin_entry_", at: Int($0.name)) }
            if let other = others.first(where: { table.name($0) != entryName }) {
                return problem(
                    "has the entry symbol \(table.name(other)) of another ABI generation, but this host calls "
                        + entryName)
            }
            if let own = others.first {
                return problem(
                    own.isDefined
                        ? "the entry symbol \(entryName) is \(own.visibility.rawValue) or not in the hash table"
                        : "the entry symbol \(entryName) is wanted from others and not defined")
            }
            return problem("the entry symbol \(entryName) is missing, or hidden")
        }
        let entry = table.entries[index]
        guard entry.type == .function else {
            return problem("the entry symbol \(entryName) is not a function but \(entry.type.rawValue)")
        }
        guard entry.binding == .global || entry.binding == .weak else {
            return problem("the entry symbol \(entryName) has the binding \(entry.binding.rawValue)")
        }
        guard AddressMap(inspection.object.segments).isExecutable(entry.value) else {
            return problem("the entry symbol \(entryName) does not lie in executable memory")
        }
        return []
    }

    /// Symbols of the C library and the C++ runtime whose definition in a plugin would take the place of the host's
    /// own for whoever binds later.
    private static let interposing: Set<String> = [
        "malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "memalign", "valloc",
        "malloc_usable_size", "_Znwm", "_Znam", "_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdaPvm", "_ZnwmSt11align_val_t",
        "_ZdlPvSt11align_val_t", "main", "_start", "_init", "_fini", "__libc_start_main", "environ", "__environ",
        "signal", "sigaction", "sigprocmask", "pthread_sigmask", "raise", "kill", "abort", "exit", "_exit", "atexit",
        "pthread_create", "pthread_exit", "pthread_mutex_lock", "dlopen", "dlsym", "dlclose", "dl_iterate_phdr",
        "fork", "execve", "open", "openat", "read", "write", "close", "mmap", "munmap", "mprotect", "socket",
        "connect", "memcpy", "memset", "memmove", "strlen", "printf", "getenv", "setenv", "__cxa_throw",
        "__cxa_atexit", "_Unwind_RaiseException", "swift_retain", "swift_release", "swift_allocObject",
    ]

    static let forbiddenExports = Rule(
        id: "S012", title: "no symbol that replaces one of the host", risk: .critical,
        why: "Such a symbol can take the place of the system's own for other code in the process"
    ) { inspection in
        guard inspection.claimsToBePlugin else { return [] }
        let table = inspection.object.symbolTable
        let found = table.entries.filter(\.isExported).map(table.name).filter(interposing.contains)
        guard !found.isEmpty else { return [] }
        return [
            Problem(
                place: found[0], message: "exports \(found.listed()), which would replace the system's own",
                remedy: script)
        ]
    }

    static let otherExports = Rule(
        id: "S013", title: "no export but the entry symbol", risk: .low,
        why: "Names of two plugins can collide, and every export is one more thing that others can come to depend on"
    ) { inspection in
        guard inspection.claimsToBePlugin else { return [] }
        let table = inspection.object.symbolTable
        var (count, shown) = (0, [String]())
        for entry in table.entries where entry.isExported {
            if table.strings.equals(entryName.utf8, at: Int(entry.name)) { continue }
            let name = table.name(entry)
            if interposing.contains(name) || inspection.policy.allowedExports.contains(name) { continue }
            count += 1
            if shown.count < 5 { shown.append(name) }
        }
        guard count > 0 else { return [] }
        let more = count > shown.count ? " and \(count - shown.count) more" : ""
        return [
            Problem(
                severity: .warning, place: shown[0],
                message: "exports \(shown.joined(separator: ", "))\(more) beside its entry symbol", remedy: script)
        ]
    }

    static let uniqueSymbols = Rule(
        id: "S014", title: "no GNU unique symbols", risk: .low,
        why: "The dynamic linker never unmaps a library that has one"
    ) { inspection in
        let table = inspection.object.symbolTable
        let found = table.entries.filter { $0.isDefined && $0.binding == .unique }
        guard let first = found.first else { return [] }
        return [
            Problem(
                severity: .warning, place: table.name(first),
                message:
                    "has \(found.count) GNU unique symbols, such as \(table.name(first)), and is never unloaded",
                remedy: "Compile with -fno-gnu-unique, or hide them with the version script")
        ]
    }

    static let indirectFunctions = Rule(
        id: "S015", title: "no IFUNC", risk: .medium,
        why: "A resolver of the plugin runs while it is being relocated, before its own memory is ready"
    ) { inspection in
        let object = inspection.object
        let exported = object.symbolTable.entries.first { $0.isDefined && $0.type == .indirectFunction }
        guard exported != nil || object.indirectRelocations > 0 else { return [] }
        let name = exported.map(object.symbolTable.name)
        return [
            Problem(
                severity: .warning, place: name ?? "relocations",
                message: name.map { "\($0) is an IFUNC, whose resolver runs while the file is loaded" }
                    ?? "\(object.indirectRelocations) relocations run resolvers while the file is loaded",
                remedy: "Choose the implementation at the first call, through a function pointer, instead")
        ]
    }
}
