internal import PluginABI
internal import PluginCore

/// Rules about the file as a whole.
extension Rule {
    static let regularFile = Rule(
        id: "S001", title: "a regular file that only its owner can change", risk: .high,
        why: "Who can write the file can put other code into the host"
    ) { inspection in
        guard inspection.object.file.isWorldWritable else { return [] }
        return [
            Problem(
                place: "file", message: "every user of this machine may write to the file",
                remedy: "Take the permission away: chmod o-w \(inspection.object.file.path)")
        ]
    }

    static let platform = Rule(
        id: "S002", title: "an ELF file of the host's machine", risk: .high,
        why: "The host can only run code of its own machine", isGate: true
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
        id: "S003", title: "a shared object, not a program", risk: .medium,
        why: "Only a shared object can be loaded into a running program", isGate: true
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
        return [Problem(place: "ELF header", message: what, remedy: "Link the plugin with -shared")]
    }

    static let osabi = Rule(
        id: "S004", title: "for Linux", risk: .medium,
        why: "Another system's extensions have other meanings here"
    ) { inspection in
        let osabi = inspection.object.identity.osabi
        guard osabi != .systemV, osabi != .gnu else { return [] }
        return [
            Problem(
                place: "ELF header", message: "was built for the system \(osabi), not for Linux",
                remedy: "Install a build of the plugin for Linux")
        ]
    }

    static let soundFormat = Rule(
        id: "S005", title: "headers and tables that are sound", risk: .high,
        why: "The dynamic linker trusts these tables without looking, and crashes where they are wrong", isGate: true
    ) { inspection in
        var problems = inspection.object.defects.map { defect in
            Problem(
                place: defect.place, message: "damaged file: \(defect.place) \(defect.message)",
                remedy: "Build the plugin again, or copy it again: the file is damaged or cut short")
        }
        if problems.isEmpty, !inspection.object.isDynamic {
            problems.append(
                Problem(
                    place: "PT_DYNAMIC", message: "has no dynamic section, so it cannot be loaded",
                    remedy: "Link the plugin with -shared; a file of debug symbols is not a plugin"))
        }
        return problems
    }

    static let loadableSegments = Rule(
        id: "S008", title: "aligned segments, none both writable and executable", risk: .critical,
        why: "Memory that is writable and executable turns any overflow into code"
    ) { inspection in
        var problems: [Problem] = []
        for segment in inspection.object.segments where segment.kind == .load {
            let place = "PT_LOAD segment at 0x\(String(segment.address, radix: 16))"
            if segment.isWritable, segment.isExecutable {
                problems.append(
                    Problem(
                        place: place, message: "\(place) is writable and executable at once",
                        remedy: "Link without -z rwx, -N or a linker script that joins code and data"))
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
}
