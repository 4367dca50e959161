/// Looks each symbol that a file wants up in the libraries that will be there, as the dynamic linker would.
struct ImportCheck {
    private let table: SymbolTable
    private let label: String
    /// The file that brings all the others in: they see what it defines.
    private let main: SymbolTable
    private let closure: LibraryClosure
    private let resolver: LibraryResolver
    private let isCertain: Bool
    /// The host's own libraries. Rarely needed, and then read: what a plugin wants mostly comes from its libraries.
    private(set) var host: [Library]?
    /// Places in the closure of the libraries that version records name.
    private var places: [(library: UInt32, place: Int?)] = []

    init(
        _ object: SharedObject, label: String, main: SharedObject, closure: LibraryClosure, resolver: LibraryResolver,
        host: [Library]? = nil
    ) {
        table = object.symbolTable
        self.label = label
        self.main = main.symbolTable
        self.closure = closure
        self.resolver = resolver
        self.host = host
        isCertain = !closure.objects.contains { $0 == nil }
    }

    /// The wanted symbols that nobody defines.
    mutating func undefined(includingWeak: Bool) -> [Linkage.UndefinedSymbol] {
        var result: [Linkage.UndefinedSymbol] = []
        for index in table.entries.indices.dropFirst() {
            let entry = table.entries[index]
            guard !entry.isDefined, entry.binding != .local, entry.name != 0, includingWeak || entry.binding != .weak
            else { continue }
            let name = table.strings.bytes[table.nameRange(entry)]
            guard !name.isEmpty, !isDefined(index, SymbolName(name)) else { continue }
            let symbol = table.symbol(at: index)
            result.append(
                Linkage.UndefinedSymbol(
                    name: symbol.name, version: symbol.version, library: symbol.library, isWeak: symbol.isWeak,
                    neededBy: label, isCertain: isCertain))
        }
        return result
    }

    /// The versions that a library was linked with and does not define now. The dynamic linker refuses the file for
    /// one of them, whether or not a symbol wants it.
    func missingVersions() -> [Linkage.MissingVersion] {
        var result: [Linkage.MissingVersion] = []
        for need in table.versions.needRecords {
            let name = table.strings.string(UInt64(need.library)) ?? ""
            guard let library = place(named: name).flatMap({ closure.objects[$0] })?.object.symbolTable,
                // A library without versions answers every one.
                !library.versions.definitions.isEmpty
            else { continue }
            for (offset, isWeak) in need.versions {
                guard let range = table.strings.stringRange(Int(offset)),
                    !library.definesVersion(table.strings.bytes[range])
                else { continue }
                result.append(
                    Linkage.MissingVersion(
                        version: String(decoding: table.strings.bytes[range], as: UTF8.self), library: name,
                        isWeak: isWeak, neededBy: label))
            }
        }
        return result
    }

    private mutating func isDefined(_ index: Int, _ name: SymbolName) -> Bool {
        let wanted = table.versions.version(ofSymbol: index)
        let version = wanted.flatMap { table.strings.stringRange(Int($0.name)) }.map { table.strings.bytes[$0] }
        if let offset = wanted?.library, let hint = place(of: offset), let library = closure.objects[hint],
            library.defines(name, version)
        {
            return true
        }
        for case let library? in closure.objects where library.defines(name, version) { return true }
        if main.definition(of: name, version: version) != nil { return true }
        let host = self.host ?? resolver.hostScope()
        self.host = host
        for library in host where library.defines(name, version) { return true }
        return false
    }

    /// The library of a version record, by its place in the closure.
    private mutating func place(of library: UInt32) -> Int? {
        for known in places where known.library == library { return known.place }
        let place = place(named: table.strings.string(UInt64(library)) ?? "")
        places.append((library, place))
        return place
    }

    private func place(named name: String) -> Int? {
        closure.libraries.firstIndex { $0.name == name }
            ?? closure.objects.firstIndex { $0?.object.soname == name }
    }
}

extension Library {
    fileprivate func defines(_ name: SymbolName, _ version: ArraySlice<UInt8>?) -> Bool {
        object.symbolTable.definition(of: name, version: version) != nil
    }
}

extension Linkage.UndefinedSymbol {
    /// " in version X of library Y", or nothing.
    var detail: String { version.map { " in version \($0)\(library.map { " of \($0)" } ?? "")" } ?? "" }
}
