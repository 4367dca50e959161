internal import CLibELF

extension ObjectReader {
    mutating func readSections(_ image: borrowing FileImage) {
        guard !object.defects.contains(where: { $0.place == "section headers" }) else { return }
        guard let (headers, namesIndex) = elf.sections() else {
            defect("section headers", "cannot be read")
            return
        }
        guard !headers.isEmpty else { return }
        var names = ByteTable.empty
        if headers.indices.contains(namesIndex), headers[namesIndex].sh_size <= 0x100_0000,
            let bytes = image.bytes(at: headers[namesIndex].sh_offset, count: Int(headers[namesIndex].sh_size))
        {
            names = ByteTable(bytes: bytes, bigEndian: isBigEndian)
        }
        object.sections = headers.map { header in
            Section(
                name: names.string(UInt64(header.sh_name)) ?? "", type: header.sh_type, flags: header.sh_flags,
                address: header.sh_addr, offset: header.sh_offset, size: header.sh_size)
        }
        for section in object.sections where section.type != UInt32(SHT_NOBITS) && section.type != UInt32(SHT_NULL) {
            if section.offset > object.size || section.size > object.size - section.offset {
                defect("section \(section.name)", "lies outside the file")
            }
        }
        if object.sections.contains(where: { $0.name.hasPrefix("swift5_") }) { object.traits.swift = true }
        if object.sections.contains(where: { $0.name == ".rustc" }) { object.traits.rust = true }
    }

    /// Which functions run inside `dlopen`, with names where the file has them.
    mutating func readConstructors(_ image: borrowing FileImage) {
        var entries: [Constructors.Entry] = []
        let width: UInt64 = is64 ? 8 : 4
        var addresses: [(Constructors.Origin, UInt64)] = []
        for (origin, table) in [
            (Constructors.Origin.preinitArray, dynamic.preinitArray), (.initArray, dynamic.initArray),
        ] {
            if origin == .initArray, let address = dynamic.initFunction, address != 0 {
                addresses.append((.initFunction, address))
            }
            guard table.isPresent else { continue }
            guard table.size <= 0x10000 * width, let slots = bytes(image, table.address, table.size) else {
                defect("DT_INIT_ARRAY", "lies outside the file, or is longer than 65536 functions")
                continue
            }
            for index in 0..<Int(table.size / width) {
                addresses.append((origin, target(slots, index, table.address + UInt64(index) * width, width)))
            }
        }
        guard !addresses.isEmpty else { return }
        let names = functionNames(image, Set(addresses.map(\.1)))
        for (origin, address) in addresses where address != 0 && address != .max {
            entries.append(
                .init(
                    origin: origin, address: address,
                    symbol: names[address] ?? (origin == .initFunction ? "_init" : nil)))
        }
        object.constructors = Constructors(entries: entries)
    }

    /// The function that a slot will hold once the file is relocated: some linkers leave the slot itself empty.
    private func target(_ slots: ByteTable, _ index: Int, _ address: UInt64, _ width: UInt64) -> UInt64 {
        let inPlace = slots.word(index * Int(width), is64: is64) ?? 0
        guard let relocation = initSlots[address] else { return inPlace }
        let addend = relocation.addend ?? inPlace
        let symbol = is64 ? relocation.symbol : Int(relocation.info >> 8)
        guard symbol > 0, tables.entries.indices.contains(symbol) else { return addend }
        return tables.entries[symbol].value &+ addend
    }

    /// Names of the functions at some addresses, from the full symbol table if there is one, else the dynamic one.
    private mutating func functionNames(_ image: borrowing FileImage, _ addresses: Set<UInt64>) -> [UInt64: String] {
        var names: [UInt64: String] = [:]
        for entry in tables.entries where entry.type == .function && addresses.contains(entry.value) {
            names[entry.value] = tables.name(entry)
        }
        // Symbols of a library with a hundred thousand local functions are not worth their time here.
        guard names.count < addresses.count,
            let table = object.sections.first(where: { $0.type == UInt32(SHT_SYMTAB) }), table.size <= 0x80_0000,
            let strings = object.sections.first(where: { $0.name == ".strtab" }), strings.size <= 0x100_0000,
            let bytes = image.bytes(at: strings.offset, count: Int(strings.size)),
            let symbols = elf.symbols(
                at: table.offset, count: Int(table.size / (is64 ? 24 : 16)), is64: is64)
        else { return names }
        let text = ByteTable(bytes: bytes, bigEndian: isBigEndian)
        for entry in symbols where entry.type == .function && names[entry.value] == nil {
            if addresses.contains(entry.value), let name = text.string(UInt64(entry.name)) { names[entry.value] = name }
        }
        return names
    }

    /// What follows from all the facts together.
    mutating func conclude() {
        let stack = object.segments.last { $0.kind == .stack }
        let hasRELRO = object.segments.contains { $0.kind == .relro }
        object.hardening = Hardening(
            relro: !hasRELRO ? .none : object.flags.bindNow ? .full : .partial, bindNow: object.flags.bindNow,
            nx: stack.map { !$0.isExecutable } ?? false, textrel: object.flags.textRelocations,
            rwx: object.segments.contains { $0.kind == .load && $0.isWritable && $0.isExecutable })
        var importsSwift = false
        var traits = object.traits
        for entry in tables.entries {
            let offset = Int(entry.name)
            if tables.strings.hasPrefix("_Z", at: offset) { traits.cxx = true }
            if tables.strings.hasPrefix("rust_", at: offset) { traits.rust = true }
            if tables.strings.hasPrefix("$s", at: offset) || tables.strings.hasPrefix("swift_", at: offset) {
                traits.swift = true
                if !entry.isDefined { importsSwift = true }
            }
        }
        if object.needed.contains("libswiftCore.so") { traits.swift = true }
        traits.staticSwiftRuntime =
            traits.swift && !importsSwift && !object.needed.contains { $0.hasPrefix("libswiftCore.so") }
            && object.soname != "libswiftCore.so"
        object.traits = traits
    }
}
