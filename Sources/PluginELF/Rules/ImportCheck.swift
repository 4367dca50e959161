/// Looks each symbol that a file wants up in the libraries that will be there, as the dynamic linker would.
struct ImportCheck {
    struct Missing {
        let name: String
        /// " in version X of library Y", or nothing.
        let detail: String
        let library: String?
        /// false if a library could not be read, which may be the one that has the symbol.
        let isCertain: Bool
    }

    private let table: SymbolTable
    private let closure: LibraryClosure
    private let resolver: LibraryResolver

    init(_ inspection: Inspection) {
        table = inspection.object.symbolTable
        closure = inspection.closure
        resolver = inspection.resolver
    }

    /// The wanted symbols that nobody defines; weak ones may be absent and are not counted.
    func missing() -> [Missing] {
        var result: [Missing] = []
        var byLibrary: [UInt32: Int?] = [:]
        // Rarely needed: what a plugin wants mostly comes from its own libraries.
        var host: [Library]?
        for index in table.entries.indices.dropFirst() {
            let entry = table.entries[index]
            guard !entry.isDefined, entry.binding != .weak, entry.binding != .local, entry.name != 0 else { continue }
            let name = table.strings.bytes[table.nameRange(entry)]
            guard !name.isEmpty else { continue }
            let wanted = table.versions.version(ofSymbol: index)
            let version = wanted.flatMap { table.strings.stringRange(Int($0.name)) }.map { table.strings.bytes[$0] }
            if let offset = wanted?.library, let hint = place(of: offset, &byLibrary),
                let library = closure.objects[hint],
                library.object.symbolTable.definition(of: name, version: version) != nil
            {
                continue
            }
            if closure.objects.contains(where: { $0?.object.symbolTable.definition(of: name, version: version) != nil })
            {
                continue
            }
            if host == nil { host = resolver.hostScope() }
            if host?.contains(where: { $0.object.symbolTable.definition(of: name, version: version) != nil }) ?? false {
                continue
            }
            let symbol = table.symbol(at: index)
            result.append(
                Missing(
                    name: symbol.name,
                    detail: symbol.version.map { " in version \($0)\(symbol.library.map { " of \($0)" } ?? "")" } ?? "",
                    library: symbol.library, isCertain: !closure.objects.contains { $0 == nil }))
        }
        return result
    }

    /// The library of a version record, by its place in the closure.
    private func place(of library: UInt32, _ known: inout [UInt32: Int?]) -> Int? {
        if let found = known[library] { return found }
        let name = table.strings.string(UInt64(library))
        let place = closure.libraries.firstIndex { $0.name == name }
        known[library] = .some(place)
        return place
    }
}
