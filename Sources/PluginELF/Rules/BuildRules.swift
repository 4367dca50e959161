internal import CLibELF
internal import PluginCore

/// Rules about how a file was built.
extension Rule {
    static let sanitizers = Rule(
        id: "S045", group: .hardening, title: "no sanitizer", risk: .medium, severities: [.warning, .error],
        why: "A sanitizer in a library only works if the program was built with it, and ends the process otherwise",
        remedy: "Build the plugin without -fsanitize"
    ) { inspection in
        let needed = inspection.object.needed.filter { name in
            ["libasan.", "libtsan.", "libubsan.", "liblsan.", "libhwasan.", "libclang_rt."].contains {
                name.hasPrefix($0)
            }
        }
        guard let place = needed.first ?? inspection.survey.sanitizer else { return [] }
        return [
            Problem(
                severity: inspection.policy.isRelease ? .error : .warning, place: place,
                message: "was built with a sanitizer: it wants \(place)")
        ]
    }

    static let coverage = Rule(
        id: "S046", group: .hardening, title: "no counting of coverage", risk: .low, severities: [.warning],
        why: "Counting slows every function down, and writes files when the process ends",
        remedy: "Build the plugin without --coverage, -fprofile-instr-generate and -profile-coverage-mapping"
    ) { inspection in
        let object = inspection.object
        // GCC gives the functions that announce counters the priority 100, and their names say so.
        let mark =
            object.sections.first { $0.name.utf8.first == UInt8(ascii: "_") && counters.contains($0.name) }?.name
            ?? object.constructors.entries.lazy.compactMap(\.symbol).first {
                $0.hasPrefix("_sub_I_00100_") || $0.hasPrefix("_GLOBAL__sub_I_00100_")
            }
            ?? inspection.survey.counter
        guard let mark else { return [] }
        return [Problem(place: mark, message: "was built to count which of its lines run")]
    }

    private static let counters: Set<String> = ["__llvm_prf_cnts", "__llvm_prf_data", "__llvm_covmap"]

    static let buildID = Rule(
        id: "S047", group: .hardening, title: "a build id of its own, the one of the manifest", risk: .low,
        severities: [.warning, .error], why: "Crash reports and debug information find their build by it",
        remedy: "Link with -Wl,--build-id",
        compare: { inspections in
            var (owners, problems) = ([String: SharedObject](), [(file: Int, problem: Problem)]())
            for (file, inspection) in inspections.enumerated() {
                let object = inspection.object
                // The same bytes under two names are one build; another size tells that they are not the same.
                guard let id = object.buildID, let other = owners.updateValue(object, forKey: id),
                    other.size != object.size
                else { continue }
                problems.append(
                    (
                        file,
                        Problem(
                            place: "build id", message: "has the build id \(id) of \(other.file.path), another file",
                            remedy: "Link with -Wl,--build-id=sha1, which computes it from the contents")
                    ))
            }
            return problems
        }
    ) { inspection in
        let own = inspection.object.buildID
        if let stated = inspection.soundManifest?.document["buildID"]?.stringValue, stated.lowercased() != own {
            return [
                Problem(
                    severity: .error, place: inspection.manifestPlace("/buildID"),
                    message:
                        "\(inspection.manifestTitle) is of the build \(stated), and the file \(own.map { "is of \($0)" } ?? "has no build id")",
                    remedy: "Install the manifest and the file of one build")
            ]
        }
        guard own == nil else { return [] }
        return [Problem(place: "build id", message: "has no build id")]
    }

    static let producers = Rule(
        id: "S048", group: .hardening, title: "a word about what made it", risk: .low, severities: [.info],
        why: "A fault of a compiler, or a package that must be replaced, is traced by it",
        remedy: "Keep the section .comment when stripping, or put KW_NOTE_BUILD(...) into the source"
    ) { inspection in
        let object = inspection.object
        guard object.producers.isEmpty, object.package == nil, object.notes.build == nil else { return [] }
        return [
            Problem(place: ".comment", message: "says neither which compiler nor which package it comes from")
        ]
    }

    static let packedCode = Rule(
        id: "S049", group: .hardening, title: "code that stands in the file as it will run", risk: .high,
        severities: [.warning], why: "Code that is unpacked or written when it runs cannot be judged before",
        remedy: "Install a build of the plugin that was not packed"
    ) { inspection in
        let object = inspection.object
        var problems: [Problem] = []
        for section in object.sections {
            let name = section.name
            if section.flags & UInt64(SHF_WRITE) != 0, section.flags & UInt64(SHF_EXECINSTR) != 0 {
                problems.append(Problem(place: name, message: "the section \(name) is writable and executable"))
            }
            if name.utf8.count <= longestPacker, packers.contains(name) {
                problems.append(Problem(place: name, message: "the section \(name) is the mark of a packer"))
            }
        }
        if object.hasDenseCode {
            problems.append(Problem(place: "code", message: "its code looks compressed or encrypted"))
        }
        for segment in object.segments where segment.kind == .load && segment.isExecutable {
            if segment.memorySize > segment.fileSize {
                let place = "PT_LOAD segment at 0x\(String(segment.address, radix: 16))"
                problems.append(
                    Problem(place: place, message: "\(place) is executable, and is filled only when it runs"))
            }
        }
        return problems
    }

    /// In a list: to compare short texts takes less time than to hash one.
    private static let packers = [
        "UPX0", "UPX1", "UPX2", ".upx", ".packed", ".vmp0", ".vmp1", ".vmp2", ".aspack", ".petite", ".themida",
    ]
    private static let longestPacker = packers.map(\.utf8.count).max() ?? 0
}
