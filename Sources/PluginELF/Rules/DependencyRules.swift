internal import PluginCore

/// Rules about the libraries, symbols and versions that a plugin wants from others.
extension Rule {
    static let neededLibraries = Rule(
        id: "S030", group: .dependencies, title: "needed libraries that are there and allowed", risk: .medium,
        why: "The dynamic linker refuses a file when one library is missing, however deep",
        remedy: "Install the package that holds the library, or put it beside the plugin"
    ) { inspection in
        let (object, policy) = (inspection.object, inspection.policy)
        var problems: [Problem] = inspection.closure.libraries.filter { $0.origin == .missing }.map { library in
            let rejected = library.rejected.isEmpty ? "" : " (\(library.rejected.listed(3)))"
            return Problem(
                place: library.name,
                message: "the needed library \(library.name)\(through(library, object)) is not found\(rejected)",
                remedy:
                    "Install the package that holds \(library.name), or put it beside the plugin and link that with "
                    + "-Wl,-rpath,'$ORIGIN'")
        }
        for library in inspection.closure.libraries where policy.deniedLibraries.matches(library.name) {
            problems.append(
                Problem(
                    place: library.name,
                    message: "the needed library \(library.name)\(through(library, object)) is denied by the policy",
                    remedy: "Build the plugin without \(library.name), or change the policy's list of denied libraries"
                ))
        }
        if let allowed = policy.allowedLibraries {
            for name in object.needed where !allowed.matches(name) && !policy.deniedLibraries.matches(name) {
                problems.append(
                    Problem(
                        place: name, message: "the needed library \(name) is not among those that the policy allows",
                        remedy: "Build the plugin without \(name), or add it to the policy's list of allowed libraries"
                    ))
            }
        }
        return problems
    }

    private static func through(_ library: ResolvedLibrary, _ object: SharedObject) -> String {
        library.neededBy == object.file.path ? "" : ", needed by \(library.neededBy),"
    }

    static let undefinedSymbols = Rule(
        id: "S031", group: .dependencies, title: "wanted symbols that are there", risk: .medium,
        severities: [.error, .warning], why: "The dynamic linker refuses a file when one symbol is missing",
        remedy: "Link the library that defines the symbol, with -Wl,-z,defs to hear of it when linking"
    ) { inspection in
        var missing = inspection.undefinedSymbols
        guard !missing.isEmpty else { return [] }
        // Symbols of a version that a library lacks altogether are S032's.
        let versions = Set(inspection.missingVersions.filter { !$0.isWeak }.map(\.version))
        missing.removeAll { symbol in symbol.version.map(versions.contains) ?? false }
        var problems = missing.prefix(10).map { item in
            Problem(
                severity: item.isCertain ? .error : .warning, place: item.name,
                message: "the symbol \(item.name)\(item.detail) is defined neither by the host nor by a needed library",
                remedy: item.library.map {
                    "Install a version of \($0) that has it, or build the plugin on this machine"
                }
                    ?? "Link the library that defines \(item.name), with -Wl,-z,defs to hear of it when linking")
        }
        if missing.count > problems.count {
            problems[problems.count - 1].message += ", and so are \(missing.count - problems.count) more"
        }
        return problems
    }

    static let neededVersions = Rule(
        id: "S032", group: .dependencies, title: "versions that the libraries of this machine have", risk: .medium,
        severities: [.error, .info],
        why: "The dynamic linker refuses a file when a library lacks a version that it was linked with",
        remedy: "Build the plugin on the oldest system that it shall run on, or install a newer library here"
    ) { inspection in
        inspection.missingVersions.map { missing in
            Problem(
                severity: missing.isWeak ? .info : .error, place: missing.version,
                message: "\(missing.library) of this machine does not have the version \(missing.version)")
        }
    }

    static let targetProfile = Rule(
        id: "S033", group: .dependencies, title: "versions that the target has", risk: .medium,
        why: "Built on a newer system, it would not load on the target",
        remedy: "Build the plugin on a system as old as the target, for instance in a container"
    ) { inspection in
        guard let target = inspection.policy.target else { return [] }
        return target.newerVersions(in: inspection.object).map { newer in
            let users = newer.symbols.isEmpty ? "" : ", for \(newer.symbols.listed(3))"
            return Problem(
                place: newer.version,
                message: "needs \(newer.version) of \(newer.library)\(users), which is newer than the target")
        }
    }
}
