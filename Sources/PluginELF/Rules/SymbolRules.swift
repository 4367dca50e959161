internal import PluginABI
internal import PluginCore

/// The one symbol that a plugin exports.
let entryName: String = KW_ENTRY_SYMBOL

/// Rules about the symbols that a plugin shows to others.
extension Rule {
    private static let script = "Link with the SDK's version script, -Wl,--version-script=plugin.map, and rebuild"

    static let entrySymbol = Rule(
        id: "S010", group: .symbols, title: "the entry symbol, a function in executable memory", risk: .high,
        why: "The host calls the plugin through this symbol and nothing else",
        remedy: "Define kw_plugin_entry_1 as a function with KW_EXPORT (in Swift with @c), and rebuild"
    ) { inspection in
        guard inspection.claimsToBePlugin else { return [] }
        let table = inspection.object.symbolTable
        func problem(_ message: String) -> [Problem] { [Problem(place: entryName, message: message)] }
        guard let index = table.definition(of: SymbolName(entryName)) else {
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
        guard !entry.isAbsolute else {
            return problem("the entry symbol \(entryName) is an absolute address, which moves with no file")
        }
        guard AddressMap(inspection.object.segments).isExecutable(entry.value) else {
            return problem("the entry symbol \(entryName) does not lie in executable memory")
        }
        guard entry.size > 0 else { return problem("the entry symbol \(entryName) has no code: its size is 0") }
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
        id: "S012", group: .symbols, title: "no symbol that replaces one of the host", risk: .critical,
        why: "Such a symbol can take the place of the system's own for other code in the process", remedy: script
    ) { inspection in
        guard inspection.claimsToBePlugin else { return [] }
        let found = inspection.survey.exports.filter(interposing.contains)
        guard !found.isEmpty else { return [] }
        return [
            Problem(place: found[0], message: "exports \(found.listed()), which would replace the system's own")
        ]
    }

    static let otherExports = Rule(
        id: "S013", group: .symbols, title: "no export but the entry symbol", risk: .low, severities: [.warning],
        why: "Names of two plugins can collide, and every export is one more thing that others can come to depend on",
        remedy: script
    ) { inspection in
        guard inspection.claimsToBePlugin else { return [] }
        let found = exports(of: inspection).filter { !inspection.policy.allowedExports.matches($0) }
        guard let first = found.first else { return [] }
        return [Problem(place: first, message: "exports \(found.listed()) beside its entry symbol")]
    }

    /// What a file exports beside the entry symbol and what S012 has found.
    private static func exports(of inspection: Inspection) -> [String] {
        inspection.survey.exports.filter { !interposing.contains($0) }
    }

    static let exportCollisions = Rule(
        id: "S018", group: .symbols, title: "no export that the host or another plugin has, too", risk: .medium,
        severities: [.warning], why: "Which of two definitions a caller gets depends on the order of loading",
        remedy: script,
        compare: { inspections in
            var owners: [String: [Int]] = [:]
            for (file, inspection) in inspections.enumerated() where inspection.claimsToBePlugin {
                for name in exports(of: inspection) { owners[name, default: []].append(file) }
            }
            let shared = owners.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }
            return inspections.indices.compactMap { file in
                let names = shared.filter { $0.value.contains(file) }
                guard let first = names.first, let other = first.value.first(where: { $0 != file }) else { return nil }
                return (
                    file,
                    Problem(
                        place: first.key,
                        message: "\(inspections[other].object.file.path) exports \(names.map(\.key).listed()), too")
                )
            }
        }
    ) { inspection in
        guard inspection.claimsToBePlugin else { return [] }
        let others = exports(of: inspection)
        // Reading what the host has costs milliseconds, and hardly any plugin has anything to compare it with.
        guard !others.isEmpty else { return [] }
        let host = inspection.resolver.hostScope()
        let found = others.filter { other in
            let name = SymbolName(other)
            return host.contains { $0.object.symbolTable.definition(of: name) != nil }
        }
        guard let first = found.first else { return [] }
        return [Problem(place: first, message: "exports \(found.listed()), which the host has, too")]
    }
}
