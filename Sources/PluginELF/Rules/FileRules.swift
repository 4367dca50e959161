internal import CLibELF
internal import Glibc
internal import PluginCore

/// Rules about the file as a whole.
extension Rule {
    static let regularFile = Rule(
        id: "S001", group: .format, title: "a file that only trusted users can change", risk: .high,
        severities: [.error, .warning, .info], why: "Who can write the file can put other code into the host",
        remedy: "Take the permission away: chmod o-w FILE"
    ) { inspection in
        let file = inspection.object.file
        var problems: [Problem] = []
        if file.isWorldWritable {
            problems.append(
                Problem(
                    place: "file", message: "every user of this machine may write to the file",
                    remedy: "Take the permission away: chmod o-w \(file.path)"))
        }
        let trusted = inspection.policy.trustedOwners
        if !(trusted ?? [0, geteuid()]).contains(file.owner) {
            problems.append(
                Problem(
                    severity: trusted == nil ? .warning : .error, place: "owner",
                    message: "belongs to the user \(file.owner), who is not trusted",
                    remedy: "Give the file to a trusted user: chown root \(file.path)"))
        }
        // Few files are links, and following one costs more than all the rest of this rule.
        let target = FileStatus.isLink(file.path) ? FileTree.realPath(file.path) : nil
        let folder = FileTree.folder(target ?? file.path) ?? "."
        // In a folder with the sticky bit only the owner of a file can replace it.
        if let status = FileStatus(lookingAt: folder), status.isWorldWritable, status.mode & UInt32(S_ISVTX) == 0 {
            problems.append(
                Problem(
                    severity: .warning, place: "folder",
                    message: "lies in \(folder), in which every user of this machine may replace it",
                    remedy: "Take the permission away: chmod o-w \(folder)"))
        }
        if let target, FileTree.realPath(FileTree.folder(file.path) ?? ".") != folder {
            problems.append(
                Problem(
                    severity: .info, place: "symbolic link", message: "is a symbolic link to \(target)",
                    remedy: "Name the file itself if the link is not meant"))
        }
        return problems
    }

    static let platform = Rule(
        id: "S002", group: .format, title: "an ELF file of the host's machine", risk: .high,
        why: "The host can only run code of its own machine",
        remedy: "Install a build of the plugin for this machine", isGate: true
    ) { inspection in
        let identity = inspection.object.identity
        guard
            identity.class != HostPlatform.class || identity.data != HostPlatform.data
                || identity.machine != HostPlatform.machine
        else { return [] }
        return [
            Problem(
                place: "ELF header",
                message: "was built for \(identity.platform), but this host is \(HostPlatform.description)",
                remedy: "Install a build of the plugin for \(HostPlatform.machine)")
        ]
    }

    static let objectType = Rule(
        id: "S003", group: .format, title: "a shared object, not a program", risk: .medium,
        why: "Only a shared object can be loaded into a running program", remedy: "Link the plugin with -shared",
        isGate: true
    ) { inspection in
        let object = inspection.object
        let what: String
        switch object.identity.type {
        case .shared where !object.isExecutable: return []
        case .shared: what = "is a position-independent program, not a shared object"
        case .executable: what = "is a program, not a shared object"
        case .relocatable: what = "is a compiled object file that was not linked"
        case .core: what = "is the memory image of a crashed program"
        default: what = "has the unknown ELF type \(object.identity.type.rawValue)"
        }
        return [Problem(place: "ELF header", message: what)]
    }

    static let osabi = Rule(
        id: "S004", group: .format, title: "the OS ABI of Linux, System V or GNU", risk: .medium,
        why: "Another system's extensions have other meanings here", remedy: "Install a build of the plugin for Linux"
    ) { inspection in
        let osabi = inspection.object.identity.osabi
        guard osabi != .systemV, osabi != .gnu else { return [] }
        return [
            Problem(place: "ELF header", message: "was built for the system \(osabi), not for Linux")
        ]
    }

    static let soundFormat = Rule(
        id: "S005", group: .format, title: "headers and tables that are sound", risk: .high,
        why: "The dynamic linker trusts these tables without looking, and crashes where they are wrong",
        remedy: "Build the plugin again, or copy it again: the file is damaged or cut short", isGate: true
    ) { inspection in
        let object = inspection.object
        guard let first = object.defects.first else {
            guard !object.isDynamic else { return [] }
            return [
                Problem(
                    place: "PT_DYNAMIC", message: "has no dynamic section, so it cannot be loaded",
                    remedy: "Link the plugin with -shared; a file of debug symbols is not a plugin")
            ]
        }
        // One fault mostly causes the others: a file that was cut has lost the ends of all its tables.
        var others: [String] = []
        for defect in object.defects where defect.place != first.place && !others.contains(defect.place) {
            others.append(defect.place)
        }
        let more = others.isEmpty ? "" : "; faults also in \(others.listed(3))"
        return [
            Problem(
                place: first.place,
                message: "the file of \(object.size) bytes is damaged: \(first.place) \(first.message)\(more)")
        ]
    }

    static let sectionHeaders = Rule(
        id: "S006", group: .format, title: "section headers", risk: .low, severities: [.info],
        why: "Without them the file is judged all the same, but local functions and debug information have no names",
        remedy: "Strip with strip --strip-unneeded, which keeps the section headers"
    ) { inspection in
        guard inspection.object.sections.isEmpty else { return [] }
        return [Problem(place: "section headers", message: "has none; everything was read from program headers")]
    }

    static let fileSize = Rule(
        id: "S007", group: .format, title: "a size within the limit, and no debug information", risk: .low,
        severities: [.error, .info], why: "The host keeps a copy of the file in memory while it is loaded",
        remedy: "Strip the debug information: strip --strip-debug FILE"
    ) { inspection in
        let object = inspection.object
        let limit = inspection.policy.sizeLimit
        if object.size > limit {
            return [Problem(place: "file", message: "has \(object.size) bytes; the limit is \(limit)")]
        }
        guard object.debugInfo.isPresent else { return [] }
        return [
            Problem(
                severity: .info, place: "debug sections",
                message: "\(object.sizes.strippable) of its \(object.size) bytes serve debuggers only",
                remedy: "Strip the debug information: strip --strip-debug \(object.file.path)")
        ]
    }

    static let loadableSegments = Rule(
        id: "S008", group: .format, title: "aligned segments, none both writable and executable", risk: .critical,
        why: "Memory that is writable and executable turns any overflow into code",
        remedy: "Link without -z rwx, -N or a linker script that joins code and data"
    ) { inspection in
        var problems: [Problem] = []
        for segment in inspection.object.segments where segment.kind == .load {
            var place: String { "PT_LOAD segment at 0x\(String(segment.address, radix: 16))" }
            if segment.isWritable, segment.isExecutable {
                problems.append(Problem(place: place, message: "\(place) is writable and executable at once"))
            }
            let alignment = segment.alignment
            let isPower = alignment & (alignment &- 1) == 0
            if alignment < 4096 || !isPower || (segment.address &- segment.offset) & (alignment &- 1) != 0 {
                problems.append(
                    Problem(
                        place: place, message: "\(place) is not aligned to pages",
                        remedy: "Link with the default -z max-page-size"))
            }
        }
        return problems
    }

    static let instructionSet = Rule(
        id: "S009", group: .format, title: "instructions that this processor has", risk: .medium,
        severities: [.error, .info], why: "The first instruction that the processor lacks ends the host",
        remedy: "Build the plugin with -march=x86-64, or install it on a newer processor"
    ) { inspection in
        guard HostPlatform.machine == .x8664, let properties = inspection.object.properties else { return [] }
        // Bit n stands for x86-64-v(n+1); bits without a name are levels of the future.
        let level = UInt32(HostPlatform.hardwareFolders.count + 1)
        let beyond = properties.isaNeeded >> level
        if beyond != 0 {
            let needed = level + UInt32(32 - beyond.leadingZeroBitCount)
            return [
                Problem(
                    place: "GNU property note",
                    message: "needs x86-64-v\(needed), and this processor is x86-64-v\(level)")
            ]
        }
        var problems: [Problem] = []
        func inform(_ message: String, _ remedy: String? = nil) {
            problems.append(
                Problem(severity: .info, place: "GNU property note", message: message, remedy: remedy))
        }
        if let needed = properties.levelNeeded, properties.isaNeeded > 1 {
            inform("needs \(needed), which this processor has and older ones lack")
        }
        // Most files have no mark; that says nothing about them, because the compiler must be asked for it.
        let marks = [properties.ibt ? "branch tracking (IBT)" : nil, properties.shadowStack ? "shadow stacks" : nil]
            .compactMap(\.self)
        if !marks.isEmpty {
            inform(
                "was built for \(marks.joined(separator: " and ")), which work if the host and its libraries were, too",
                "Nothing has to be done: where one of them was not, it runs all the same")
        }
        return problems
    }
}

extension FileStatus {
    fileprivate static func isLink(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && UInt32(status.st_mode) & UInt32(S_IFMT) == UInt32(S_IFLNK)
    }
}
