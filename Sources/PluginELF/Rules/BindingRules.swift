internal import PluginCore

/// Rules about how the file's names and addresses are bound.
extension Rule {
    static let uniqueSymbols = Rule(
        id: "S014", group: .symbols, title: "no GNU unique symbols", risk: .low, severities: [.warning, .error],
        why: "The dynamic linker never unmaps a library that has one",
        remedy: "Compile with -fno-gnu-unique, or hide them with the version script"
    ) { inspection in
        let found = inspection.survey.unique
        guard let first = found.first else { return [] }
        let consequence =
            inspection.promisesUnloading ? "and its ABI note says that it can be unloaded" : "and is never unloaded"
        return [
            Problem(
                severity: inspection.promisesUnloading ? .error : .warning, place: first,
                message: "has \(found.count) GNU unique symbols, such as \(first), \(consequence)")
        ]
    }

    static let indirectFunctions = Rule(
        id: "S015", group: .symbols, title: "no IFUNC", risk: .medium, severities: [.warning],
        why: "A resolver of the plugin runs while it is being relocated, before its own memory is ready",
        remedy: "Choose the implementation at the first call, through a function pointer, instead"
    ) { inspection in
        let (name, count) = (inspection.survey.indirectFunction, inspection.object.relocations.indirect)
        guard name != nil || count > 0 else { return [] }
        return [
            Problem(
                place: name ?? "relocations",
                message: name.map { "\($0) is an IFUNC, whose resolver runs while the file is loaded" }
                    ?? "\(count) relocations run resolvers while the file is loaded")
        ]
    }

    static let copyRelocations = Rule(
        id: "S016", group: .symbols, title: "no COPY relocations", risk: .high,
        why: "They take over data of a library for the whole process, which only the program itself may",
        remedy: "Compile every part with -fPIC, and link with -shared"
    ) { inspection in
        let count = inspection.object.relocations.copies
        guard count > 0 else { return [] }
        return [Problem(place: "relocations", message: "has \(count) relocations that copy data of its libraries")]
    }

    static let symbolicBinding = Rule(
        id: "S017", group: .symbols, title: "the usual binding, without -Bsymbolic", risk: .low, severities: [.info],
        why: "With -Bsymbolic an address or a variable that others share can exist twice",
        remedy: "Hide symbols with the version script rather than link with -Bsymbolic"
    ) { inspection in
        guard inspection.object.flags.symbolic else { return [] }
        return [Problem(place: "DT_SYMBOLIC", message: "looks for the symbols that it wants in itself first")]
    }

    static let symbolHashTable = Rule(
        id: "S020", group: .symbols, title: "a GNU hash table", risk: .low, severities: [.info],
        why: "Without it the dynamic linker compares more names for each symbol that it looks for",
        remedy: "Link with -Wl,--hash-style=gnu"
    ) { inspection in
        guard inspection.object.isDynamic, inspection.object.dynamicSection.gnuHash == nil else { return [] }
        return [Problem(place: "DT_GNU_HASH", message: "has no GNU hash table of its symbols")]
    }

    static let sonameCollisions = Rule(
        id: "S019", group: .symbols, title: "a SONAME that no other file has", risk: .medium,
        severities: [.warning, .error],
        why: "The dynamic linker takes files of one SONAME for one library, and gives the second user the first",
        remedy: "Give each its own name: -Wl,-soname,NAME.so",
        compare: { inspections in
            var (owners, libraries) = ([String: SharedObject](), [String: (path: String, owner: String)]())
            var problems: [(file: Int, problem: Problem)] = []
            for (file, inspection) in inspections.enumerated() {
                let object = inspection.object
                if let name = object.soname, let other = owners.updateValue(object, forKey: name),
                    !other.file.isSameFile(object.file)
                {
                    problems.append(
                        (file, Problem(place: name, message: "\(other.file.path) has the SONAME \(name), too")))
                }
                for (name, path) in inspection.privateLibraries {
                    guard let other = libraries[name] else {
                        libraries[name] = (path, object.file.path)
                        continue
                    }
                    guard !FileImage.sameContents(path, other.path) else { continue }
                    problems.append(
                        (
                            file,
                            Problem(
                                severity: .error, place: name,
                                message:
                                    "brings \(path), and \(other.owner) brings another file of that name, \(other.path)",
                                remedy: "Use the same build of \(name) beside both, or give one another SONAME")
                        ))
                }
            }
            return problems
        }
    ) { _ in [] }
}

extension Inspection {
    /// The libraries beside the plugin, by the names under which the dynamic linker keeps them.
    fileprivate var privateLibraries: [(name: String, path: String)] {
        zip(closure.libraries, closure.objects).compactMap { library, facts in
            guard case .besidePlugin(let path) = library.origin else { return nil }
            return (facts?.object.soname ?? library.name, path)
        }
    }
}

extension FileImage {
    /// Do two files hold the same bytes? What cannot be read is not the same.
    fileprivate static func sameContents(_ one: String, _ other: String) -> Bool {
        guard let one = try? FileImage(opening: one), let other = try? FileImage(opening: other) else { return false }
        if one.status.isSameFile(other.status) { return true }
        guard one.size == other.size else { return false }
        var place: UInt64 = 0
        while place < one.size {
            let count = Int(min(0x10000, one.size - place))
            guard let bytes = one.bytes(at: place, count: count), bytes == other.bytes(at: place, count: count) else {
                return false
            }
            place += UInt64(count)
        }
        return true
    }
}
