internal import CLibELF

extension ObjectReader {
    mutating func readSections(_ image: borrowing FileImage) {
        object.sizes.file = object.size
        object.sizes.loaded = map.span
        guard !object.defects.contains(where: { $0.place == "section headers" }) else { return }
        guard let (headers, namesIndex) = elf.sections() else {
            defect("section headers", "cannot be read")
            return
        }
        guard !headers.isEmpty else { return }
        var names = ByteTable.empty
        if headers.indices.contains(namesIndex), headers[namesIndex].sh_size <= 0x100_0000,
            let table = bytes(image, offset: headers[namesIndex].sh_offset, headers[namesIndex].sh_size)
        {
            names = table
        }
        object.sections = headers.map { header in
            Section(
                name: names.string(UInt64(header.sh_name), limit: 256) ?? "", type: header.sh_type,
                flags: header.sh_flags, address: header.sh_addr, offset: header.sh_offset, size: header.sh_size,
                alignment: header.sh_addralign)
        }
        for section in object.sections { describe(section, image) }
    }

    private mutating func describe(_ section: Section, _ image: borrowing FileImage) {
        guard section.type != UInt32(SHT_NOBITS), section.type != UInt32(SHT_NULL) else { return }
        if section.offset > object.size || section.size > object.size - section.offset {
            defect("section \(section.name)", "lies outside the file")
            return
        }
        guard section.flags & UInt64(SHF_ALLOC) == 0 else {
            if section.name.hasPrefix("swift5_") { object.traits.swift = true }
            if section.name == ".go.buildinfo" || section.name == ".gopclntab" { object.traits.go = true }
            if section.type == UInt32(SHT_NOTE), section.name == ".note.go.buildid" { object.traits.go = true }
            return
        }
        if section.type == UInt32(SHT_SYMTAB) {
            object.debugInfo.hasSymbols = true
            object.sizes.strippable += section.size
        } else if section.name == ".strtab" {
            object.sizes.strippable += section.size
        } else if section.name.hasPrefix(".debug_") || section.name.hasPrefix(".zdebug_") {
            object.debugInfo.isPresent = true
            object.sizes.debug += section.size
            object.sizes.strippable += section.size
            if section.flags & UInt64(SHF_COMPRESSED) != 0 || section.name.hasPrefix(".z") {
                object.debugInfo.isCompressed = true
            }
        } else if section.name == ".gnu_debuglink", let table = bytes(image, offset: section.offset, section.size) {
            // A name, NUL, padding to four bytes, the checksum.
            object.debugInfo.link = table.string(0, limit: 4096)
            object.debugInfo.linkChecksum = table.u32(table.count - 4)
        } else if section.name == ".comment", section.size <= 0x4000,
            let table = bytes(image, offset: section.offset, section.size)
        {
            object.producers = table.bytes.split(separator: 0).reduce(into: []) { found, bytes in
                let text = String(decoding: bytes, as: UTF8.self)
                if !found.contains(text), found.count < 64 { found.append(text) }
            }
        } else if section.name == ".rustc" {
            object.traits.rust = true
        }
    }

    /// What follows from all the facts together.
    mutating func conclude() {
        let stack = object.segments.last { $0.kind == .stack }
        let relro = object.segments.first { $0.kind == .relro }
        let hasRELRO = relro != nil
        if isForHost, let relro, relro.memorySize > 0,
            !object.segments.contains(where: {
                $0.kind == .load && $0.isWritable && $0.contains(address: relro.address)
            })
        {
            defect("PT_GNU_RELRO", "protects memory that is not the file's own data")
        }
        var hardening = Hardening()
        hardening.relro = !hasRELRO ? .none : object.flags.bindNow ? .full : .partial
        hardening.bindNow = object.flags.bindNow
        hardening.nx = stack.map { !$0.isExecutable } ?? false
        hardening.textrel = object.flags.textRelocations
        hardening.rwx = object.segments.contains { $0.kind == .load && $0.isWritable && $0.isExecutable }
        hardening.branchTracking = object.properties.map { $0.ibt || $0.bti } ?? false
        hardening.returnProtection = object.properties.map { $0.shadowStack || $0.pac } ?? false
        // Of several the dynamic linker takes the last.
        if let segment = object.segments.last(where: { $0.kind == .tls }) {
            let isCovered =
                segment.fileSize == 0 || map.place(segment.address).map { $0.available >= segment.fileSize } ?? false
            if isForHost, segment.fileSize > segment.memorySize || !isCovered {
                defect("PT_TLS", "describes initial values that are not in the file's memory")
            }
            object.threadLocals = ThreadLocalStorage(
                size: segment.memorySize, initializedSize: segment.fileSize, alignment: segment.alignment,
                isStatic: object.flags.staticTLS)
        }
        var marks = SymbolMarks()
        marks.look(at: tables)
        hardening.stackProtector = marks.stackProtector
        hardening.fortify = marks.fortify
        object.hardening = hardening
        conclude(marks)
    }

    private mutating func conclude(_ marks: SymbolMarks) {
        var traits = object.traits
        traits.swift = traits.swift || marks.swift || object.needed.contains("libswiftCore.so")
        traits.cxx = marks.cxx || object.needed.contains { $0.hasPrefix("libstdc++.so") || $0.hasPrefix("libc++.so") }
        traits.rust = traits.rust || marks.rust || object.producers.contains { $0.hasPrefix("rustc ") }
        traits.staticSwiftRuntime =
            traits.swift && !marks.importsSwift && !object.needed.contains { $0.hasPrefix("libswiftCore.so") }
            && object.soname != "libswiftCore.so"
        object.traits = traits
    }
}

/// What the names of the dynamic symbols tell about how a file was made.
private struct SymbolMarks {
    var swift = false
    var importsSwift = false
    var cxx = false
    var rust = false
    var stackProtector = false
    var fortify = false

    mutating func look(at tables: SymbolTable) {
        let strings = tables.strings
        for entry in tables.entries {
            let offset = Int(entry.name)
            switch strings.u8(offset) {
            case UInt8(ascii: "_"):
                guard strings.u8(offset + 1) == UInt8(ascii: "_") else {
                    if strings.u8(offset + 1) == UInt8(ascii: "Z"), !(cxx && rust) { lookAtMangled(strings, offset) }
                    if strings.hasPrefix("_RNv", at: offset) { rust = true }
                    continue
                }
                if !entry.isDefined { lookAtImport(strings, offset) }
                if strings.hasPrefix("__rust_", at: offset) { rust = true }
            case UInt8(ascii: "$"), UInt8(ascii: "s"):
                guard strings.hasPrefix("$s", at: offset) || strings.hasPrefix("swift_", at: offset) else { continue }
                swift = true
                if !entry.isDefined { importsSwift = true }
            case UInt8(ascii: "r"):
                if strings.hasPrefix("rust_eh_personality", at: offset) { rust = true }
            default: break
            }
        }
    }

    /// Rust's older mangling looks like that of C++ but for a hash at the end: 17h, sixteen digits, E.
    private mutating func lookAtMangled(_ strings: ByteTable, _ offset: Int) {
        guard let range = strings.stringRange(offset) else { return }
        let digits = strings.bytes[range].suffix(17).dropLast()
        let hasHash =
            range.count > 24 && strings.hasPrefix("17h", at: range.upperBound - 20)
            && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        if hasHash { rust = true } else { cxx = true }
    }

    private mutating func lookAtImport(_ strings: ByteTable, _ offset: Int) {
        if strings.hasPrefix("__stack_chk_", at: offset) {
            stackProtector = true
        } else if !fortify, let range = strings.stringRange(offset) {
            fortify = range.count > 6 && strings.hasPrefix("_chk\0", at: range.upperBound - 4)
        }
    }
}
