internal import Glibc
internal import PluginCore

/// Where the dynamic linker is told to look for libraries.
extension Rule {
    static let searchPaths = Rule(
        id: "S034", group: .dependencies, title: "no search path into somebody's folders", risk: .medium,
        severities: [.warning, .error],
        why: "Who can write to a folder of the search path can put other libraries under the plugin",
        remedy: "Use $ORIGIN for libraries beside the plugin, and no other search path"
    ) { inspection in
        let object = inspection.object
        var problems: [Problem] = []
        for (tag, folders) in [("DT_RPATH", object.rpath), ("DT_RUNPATH", object.runpath)] {
            if folders.count > LibrarySearch.folderLimit {
                problems.append(
                    Problem(
                        severity: .error, place: tag,
                        message:
                            "names \(folders.count) folders, more than the \(LibrarySearch.folderLimit) that are looked into"
                    ))
                continue
            }
            for folder in folders where !inspection.policy.allowedSearchPaths.contains(folder) {
                if let problem = problem(folder, tag) { problems.append(problem) }
            }
        }
        if !object.rpath.isEmpty {
            problems.append(
                Problem(
                    place: "DT_RPATH", message: "has its search path in the form of old, which nobody can override",
                    remedy: "Link with -Wl,--enable-new-dtags"))
        }
        return problems
    }

    private static func problem(_ folder: String, _ tag: String) -> Problem? {
        func problem(_ severity: Finding.Severity, _ what: String, _ remedy: String? = nil) -> Problem {
            Problem(severity: severity, place: tag, message: "the search path \"\(folder)\" \(what)", remedy: remedy)
        }
        if folder.hasPrefix("$ORIGIN") || folder.hasPrefix("${ORIGIN}") {
            guard folder.split(separator: "/").contains("..") else { return nil }
            return problem(.warning, "leads out of the plugin's own folder", "Keep private libraries beside the plugin")
        }
        guard folder.hasPrefix("/") else {
            return problem(.error, "depends on the folder that the host happens to be started in")
        }
        if HostPlatform.libraryFolders.contains(folder) { return nil }
        if let status = FileStatus(lookingAt: folder), status.isWorldWritable {
            return problem(.error, "names a folder that every user of this machine may write to")
        }
        if folder.hasSuffix("/usr/lib/swift/linux") || folder.contains("/swift/linux") {
            return problem(
                .warning, "is the folder of a toolchain",
                "Link Swift with -no-toolchain-stdlib-rpath: the host provides the runtime")
        }
        return problem(.warning, "names a folder of one machine")
    }
}
