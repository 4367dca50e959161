internal import CLibELF

extension ObjectReader {
    /// A function that runs, and its name if another file defines it.
    private struct Place {
        let origin: Constructors.Origin
        let address: UInt64
        var imported: String?
    }

    /// More functions than any file has.
    private static let lifecycleLimit: UInt64 = 0x10000

    /// Which functions run inside `dlopen` and when it is undone, with names where the file has them.
    mutating func readLifecycle(_ image: borrowing FileImage) {
        var before = places(image, "DT_PREINIT_ARRAY", dynamic.preinitArray, .preinitArray)
        if let address = dynamic.initFunction { before.append(Place(origin: .initFunction, address: address)) }
        before += places(image, "DT_INIT_ARRAY", dynamic.initArray, .initArray)
        var after: [Place] = places(image, "DT_FINI_ARRAY", dynamic.finiArray, .finiArray).reversed()
        if let address = dynamic.finiFunction { after.append(Place(origin: .finiFunction, address: address)) }
        if isForHost { judgeLifecycle(before + after) }
        // Some linkers end the arrays of old with -1.
        before.removeAll { $0.imported == nil && ($0.address == 0 || $0.address == .max) }
        after.removeAll { $0.imported == nil && ($0.address == 0 || $0.address == .max) }
        var names = startFiles()
        let unknown = (before + after).prefix(0x1000).map(\.address).filter { names[$0] == nil }
        names.merge(functionNames(image, Set(unknown))) { known, _ in known }
        // A plugin has one function of that kind; a file with many is looked at no longer than for the first few.
        let idle = Set(before.prefix(8).map(\.address).filter { names[$0] == nil && isIdleStartCode(image, at: $0) })
        func entries(_ places: [Place]) -> [Constructors.Entry] {
            places.map { place in
                .init(
                    origin: place.origin, address: place.address, symbol: place.imported ?? names[place.address],
                    isIdle: place.imported == nil && idle.contains(place.address))
            }
        }
        object.constructors = Constructors(entries: entries(before))
        object.destructors = entries(after)
    }

    /// The functions of the C library's start files: sections of their own that begin with them. A function that is
    /// put in their place by -init or -fini lies elsewhere.
    private func startFiles() -> [UInt64: String] {
        var names: [UInt64: String] = [:]
        for section in object.sections where section.flags & UInt64(SHF_EXECINSTR) != 0 {
            if section.name == ".init" { names[section.address] = "_init" }
            if section.name == ".fini" { names[section.address] = "_fini" }
        }
        return names
    }

    private mutating func places(
        _ image: borrowing FileImage, _ tag: String, _ table: DynamicSection.Table, _ origin: Constructors.Origin
    ) -> [Place] {
        guard table.isPresent else { return [] }
        let width: UInt64 = is64 ? 8 : 4
        guard table.size <= Self.lifecycleLimit * width, let words = bytes(image, table.address, table.size) else {
            defect(tag, "lies outside the file, or is longer than \(Self.lifecycleLimit) functions")
            return []
        }
        return (0..<Int(table.size / width)).map { index in
            let slot = table.address + UInt64(index) * width
            let address = target(words.word(index * Int(width), is64: is64) ?? 0, slot)
            return Place(origin: origin, address: address, imported: importedFunction(slot))
        }
    }

    /// The name of another file's function that a slot will hold.
    private func importedFunction(_ slot: UInt64) -> String? {
        guard let relocation = relocations.slots[slot], relocation.symbol > 0,
            tables.entries.indices.contains(relocation.symbol)
        else { return nil }
        let entry = tables.entries[relocation.symbol]
        return entry.isDefined ? nil : tables.name(entry)
    }

    /// The dynamic linker calls whatever stands there.
    private mutating func judgeLifecycle(_ places: [Place]) {
        for place in places where place.imported == nil && !map.isExecutable(place.address) {
            defect("\(place.origin)", "calls 0x\(String(place.address, radix: 16)), which is no code of the file")
            return
        }
    }

    /// The function that a slot will hold once the file is relocated: some linkers leave the slot itself empty.
    private func target(_ inPlace: UInt64, _ address: UInt64) -> UInt64 {
        guard let relocation = relocations.slots[address] else { return inPlace }
        let addend = relocation.addend ?? inPlace
        guard relocation.symbol > 0, tables.entries.indices.contains(relocation.symbol) else { return addend }
        return tables.entries[relocation.symbol].value &+ addend
    }

    /// Names of the functions at some addresses, from the dynamic symbols, or else from the table of all symbols.
    private func functionNames(_ image: borrowing FileImage, _ addresses: Set<UInt64>) -> [UInt64: String] {
        guard let lowest = addresses.min(), let highest = addresses.max() else { return [:] }
        var names: [UInt64: String] = [:]
        for entry in tables.entries where entry.value >= lowest && entry.value <= highest && entry.type == .function {
            if addresses.contains(entry.value) { names[entry.value] = tables.name(entry) }
        }
        guard names.count < addresses.count,
            let table = object.sections.first(where: { $0.type == UInt32(SHT_SYMTAB) }), table.size <= 0x200_0000,
            let strings = object.sections.first(where: { $0.name == ".strtab" })
        else { return names }
        // A table of megabytes for a handful of names: looked at in windows, and only those names are read.
        let width = is64 ? 24 : 16
        let step = UInt64(0x800 * width)
        var start: UInt64 = 0
        while start < table.size, names.count < addresses.count {
            let count = min(step, table.size - start)
            guard let bytes = image.bytes(at: table.offset &+ start, count: Int(count)) else { break }
            let window = ByteTable(bytes: bytes, bigEndian: isBigEndian)
            for (value, name) in window.functions(between: lowest, and: highest, is64: is64) {
                if addresses.contains(value), names[value] == nil {
                    names[value] = shortText(image, strings, UInt64(name))
                }
            }
            start += count
        }
        return names
    }

    /// A text of a section, up to 512 bytes.
    private func shortText(_ image: borrowing FileImage, _ section: Section, _ place: UInt64) -> String? {
        guard place < section.size else { return nil }
        let bytes = image.bytes(at: section.offset &+ place, count: Int(min(512, section.size - place)))
        return bytes.flatMap { ByteTable(bytes: $0, bigEndian: false).string(0) }
    }
}
