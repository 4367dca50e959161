internal import PluginABI
internal import PluginCore

/// Rules about what a plugin wants from others.
extension Rule {
    static let neededLibraries = Rule(
        id: "S030", title: "all needed libraries are there", risk: .medium,
        why: "The dynamic linker refuses a file when one library is missing, however deep"
    ) { inspection in
        inspection.closure.libraries.filter { $0.origin == .missing }.map { library in
            let through = library.neededBy == inspection.object.file.path ? "" : ", needed by \(library.neededBy),"
            let rejected = library.rejected.isEmpty ? "" : " (\(library.rejected.listed(3)))"
            return Problem(
                place: library.name, message: "the needed library \(library.name)\(through) is not found\(rejected)",
                remedy:
                    "Install the package that holds \(library.name), or put it beside the plugin and link that with "
                    + "-Wl,-rpath,'$ORIGIN'")
        }
    }

    static let undefinedSymbols = Rule(
        id: "S031", title: "all wanted symbols are there", risk: .medium,
        why: "The dynamic linker refuses a file when one symbol is missing"
    ) { inspection in
        // What a missing library would have defined is not missing on its own.
        guard !inspection.closure.libraries.contains(where: { $0.origin == .missing }) else { return [] }
        let missing = ImportCheck(inspection).missing()
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

    static let searchPaths = Rule(
        id: "S034", title: "no search path into somebody's folders", risk: .medium,
        why: "Who can write to a folder of the search path can put other libraries under the plugin"
    ) { inspection in
        let object = inspection.object
        var problems: [Problem] = []
        for (tag, folders) in [("DT_RPATH", object.rpath), ("DT_RUNPATH", object.runpath)] {
            for folder in folders where !inspection.policy.allowedSearchPaths.contains(folder) {
                let problem: (Finding.Severity, String, String)
                if folder.hasPrefix("$ORIGIN") || folder.hasPrefix("${ORIGIN}") {
                    guard folder.split(separator: "/").contains("..") else { continue }
                    problem = (
                        .warning, "leads out of the plugin's own folder", "Keep private libraries beside the plugin"
                    )
                } else if folder.hasPrefix("/") {
                    if HostPlatform.libraryFolders.contains(folder) { continue }
                    let isToolchain = folder.hasSuffix("/usr/lib/swift/linux") || folder.contains("/swift/linux")
                    problem = (
                        .warning, isToolchain ? "is the folder of a toolchain" : "names a folder of one machine",
                        isToolchain
                            ? "Link Swift with -no-toolchain-stdlib-rpath: the host provides the runtime"
                            : "Use $ORIGIN for libraries beside the plugin"
                    )
                } else {
                    problem = (
                        .error, "depends on the folder that the host happens to be started in",
                        "Use $ORIGIN for libraries beside the plugin"
                    )
                }
                problems.append(
                    Problem(
                        severity: problem.0, place: tag, message: "the search path \"\(folder)\" \(problem.1)",
                        remedy: problem.2))
            }
        }
        return problems
    }

    static let sealedSwiftRuntime = Rule(
        id: "S036", title: "no second Swift runtime that shows itself", risk: .high,
        why: "Two Swift runtimes that see each other's symbols corrupt memory"
    ) { inspection in
        let object = inspection.object
        guard inspection.claimsToBePlugin, object.traits.staticSwiftRuntime else { return [] }
        let table = object.symbolTable
        guard
            let shown = table.entries.first(where: {
                $0.isExported
                    && (table.strings.hasPrefix("$s", at: Int($0.name))
                        || table.strings.hasPrefix("swift_", at: Int($0.name)))
            })
        else { return [] }
        return [
            Problem(
                place: table.name(shown),
                message: "contains a Swift runtime of its own and exports it, for instance \(table.name(shown))",
                remedy:
                    "Seal the plugin with the version script (plugin.map), or link the shared Swift libraries"
            )
        ]
    }

    static let auxiliaryLibraries = Rule(
        id: "S056", title: "no filters or auditors", risk: .critical,
        why: "They make the dynamic linker load and run other files, which nobody checked"
    ) { inspection in
        inspection.object.auxiliaries.map { tag, name in
            Problem(
                place: tag, message: "\(tag) makes the dynamic linker load \(name)",
                remedy: "Link without --audit, --depaudit, --filter and --auxiliary")
        }
    }
}
