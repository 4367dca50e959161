internal import CLibELF
internal import Glibc

/// libelf's handle of an open file, and the only place in this module that touches libelf's pointers.
///
/// It reads the bytes that a ``FileImage`` holds, or else through its descriptor with `pread` (ELF_C_READ): no mapping. The
/// image must outlive it.
/// libelf converts class and byte order, and refuses ranges outside the file. What it may read in sum is bounded,
/// because headers of a hostile file can name the same bytes many times over.
@safe struct ELFDescriptor: ~Copyable {
    private let handle: OpaquePointer
    private var budget: UInt64

    private static let isInitialized = elf_version(UInt32(EV_CURRENT)) != 0

    /// nil if libelf does not take the file for ELF.
    init?(_ image: borrowing FileImage) {
        guard Self.isInitialized else { return nil }
        let held = unsafe image.withHeldBytes { unsafe elf_memory($0.baseAddress, $0.count) }
        guard let handle = unsafe held ?? image.withDescriptor({ unsafe elf_begin($0, ELF_C_READ, nil) }) else {
            return nil
        }
        guard unsafe elf_kind(handle) == ELF_K_ELF else {
            unsafe elf_end(handle)
            return nil
        }
        unsafe self.handle = handle
        budget = min(image.size &* 2 &+ 0x100000, 0x2000_0000)
    }

    deinit { unsafe elf_end(handle) }

    func header() -> GElf_Ehdr? {
        var header = GElf_Ehdr()
        return unsafe gelf_getehdr(handle, &header) == nil ? nil : header
    }

    /// nil if the table of program headers lies outside the file.
    func segments() -> [Segment]? {
        var count = 0
        guard unsafe elf_getphdrnum(handle, &count) == 0, count <= Int(UInt16.max) else { return nil }
        var segments: [Segment] = []
        segments.reserveCapacity(count)
        for index in 0..<count {
            var header = GElf_Phdr()
            guard unsafe gelf_getphdr(handle, Int32(index), &header) != nil else { return nil }
            segments.append(Segment(header))
        }
        return segments
    }

    /// The section headers with offsets of their names, and the index of the section that holds the names.
    func sections() -> (headers: [GElf_Shdr], names: Int)? {
        var (count, names) = (0, 0)
        guard unsafe elf_getshdrnum(handle, &count) == 0, unsafe elf_getshdrstrndx(handle, &names) == 0 else {
            return nil
        }
        var headers: [GElf_Shdr] = []
        headers.reserveCapacity(count)
        for index in 0..<count {
            var header = GElf_Shdr()
            guard unsafe gelf_getshdr(elf_getscn(handle, index), &header) != nil else { return nil }
            headers.append(header)
        }
        return (headers, names)
    }

    /// The entries of a dynamic section up to DT_NULL, or nil if it lies outside the file or has no end.
    mutating func dynamicEntries(at offset: UInt64, size: UInt64) -> [(tag: Int64, value: UInt64)]? {
        guard let data = unsafe chunk(offset, size, ELF_T_DYN) else { return nil }
        var entries: [(tag: Int64, value: UInt64)] = []
        var entry = GElf_Dyn()
        while unsafe gelf_getdyn(data, Int32(entries.count), &entry) != nil {
            if entry.d_tag == Int64(DT_NULL) { return entries }
            entries.append((entry.d_tag, unsafe entry.d_un.d_val))
            guard entries.count < 0x2000 else { return nil }
        }
        return nil
    }

    /// `count` symbols at an offset; nil if they lie outside the file.
    mutating func symbols(at offset: UInt64, count: Int, is64: Bool) -> [SymbolEntry]? {
        guard count <= Int(Int32.max) else { return nil }
        guard count > 0 else { return [] }
        guard let data = unsafe chunk(offset, UInt64(count) * (is64 ? 24 : 16), ELF_T_SYM) else { return nil }
        var symbols: [SymbolEntry] = []
        symbols.reserveCapacity(count)
        var symbol = GElf_Sym()
        for index in 0..<count {
            guard unsafe gelf_getsym(data, Int32(index), &symbol) != nil else { return nil }
            symbols.append(
                SymbolEntry(
                    name: symbol.st_name, info: symbol.st_info, other: symbol.st_other, section: symbol.st_shndx,
                    value: symbol.st_value, size: symbol.st_size))
        }
        return symbols
    }

    private mutating func chunk(_ offset: UInt64, _ size: UInt64, _ type: Elf_Type) -> UnsafeMutablePointer<Elf_Data>? {
        guard size > 0, size <= budget, let start = Int64(exactly: offset), let length = Int(exactly: size) else {
            return nil
        }
        budget -= size
        return unsafe elf_getdata_rawchunk(handle, start, length, type)
    }
}
