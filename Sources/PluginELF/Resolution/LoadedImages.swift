internal import CLibELF
internal import Glibc

/// The libraries that this process has loaded, by the names under which the dynamic linker finds them again.
struct LoadedImages: Sendable {
    struct Image: Sendable {
        /// Path of the file; empty for the program itself.
        let path: String
        let soname: String?
    }

    /// Counts of loads and unloads; equal generations have equal images.
    struct Generation: Sendable, Hashable {
        var added: UInt64 = 0
        var removed: UInt64 = 0
    }

    let generation: Generation
    let images: [Image]
    private let byName: [String: String]

    /// The path of the loaded library that answers to a name, or nil.
    func path(of name: String) -> String? { byName[name] }

    static var generation: Generation {
        var generation = Generation()
        _ = unsafe withUnsafeMutablePointer(to: &generation) { pointer in
            unsafe dl_iterate_phdr(
                { info, _, context in
                    guard let info = unsafe info, let context = unsafe context else { return 1 }
                    unsafe context.assumingMemoryBound(to: Generation.self).pointee = Generation(
                        added: info.pointee.dlpi_adds, removed: info.pointee.dlpi_subs)
                    return 1
                }, pointer)
        }
        return generation
    }

    /// A snapshot. Libraries that other threads load meanwhile show in the next one, by its generation.
    /// - Parameter earlier: spares reading its images again. The dynamic linker lists images in the order in which they
    ///   were loaded, so as long as nothing was unloaded they are the first ones.
    static func current(after earlier: LoadedImages? = nil) -> LoadedImages {
        let generation = generation
        let known = earlier?.generation.removed == generation.removed ? earlier : nil
        var search = Search(known: known?.images.count ?? 0)
        _ = unsafe withUnsafeMutablePointer(to: &search) { pointer in
            unsafe dl_iterate_phdr(
                { info, _, context in
                    guard let info = unsafe info, let context = unsafe context else { return 1 }
                    unsafe context.assumingMemoryBound(to: Search.self).pointee.visit(info.pointee)
                    return 0
                }, pointer)
        }
        return LoadedImages(generation: generation, known: known, new: search.new)
    }

    private struct Search {
        var known: Int
        var new: [Image] = []

        mutating func visit(_ info: borrowing dl_phdr_info) {
            guard known == 0 else {
                known -= 1
                return
            }
            unsafe new.append(Image(info))
        }
    }

    private init(generation: Generation, known: LoadedImages?, new: [Image]) {
        self.generation = generation
        images = (known?.images ?? []) + new
        var byName = known?.byName ?? [:]
        for image in new where image.path.contains("/") {
            // A plugin's memory image without a SONAME answers to no name that a file could ask for.
            if image.soname == nil, image.path.hasPrefix("/proc/self/fd/") { continue }
            byName[image.path] = byName[image.path] ?? image.path
            if let soname = image.soname { byName[soname] = byName[soname] ?? image.path }
            // A library without DT_SONAME is known by the name it was asked for, most often its file's.
            if image.soname == nil, let slash = image.path.lastIndex(of: "/") {
                let base = String(image.path[image.path.index(after: slash)...])
                byName[base] = byName[base] ?? image.path
            }
        }
        self.byName = byName
    }
}

extension LoadedImages.Image {
    /// Reads the SONAME from the mapped dynamic section. The image has been loaded and relocated by the dynamic
    /// linker, which makes the pointers in it trustworthy; the kernel's own image (vdso) has no file and is left out.
    fileprivate init(_ info: borrowing dl_phdr_info) {
        path = unsafe info.dlpi_name.map { unsafe String(cString: $0) } ?? ""
        guard path.contains("/") else {
            soname = nil
            return
        }
        var strings: UInt = 0
        var name: UInt?
        let count = unsafe Int(info.dlpi_phnum)
        for index in 0..<count {
            let header = unsafe info.dlpi_phdr[index]
            guard header.p_type == UInt32(PT_DYNAMIC),
                var entry = unsafe UnsafePointer<Elf64_Dyn>(
                    bitPattern: UInt(truncatingIfNeeded: info.dlpi_addr &+ header.p_vaddr))
            else { continue }
            while unsafe entry.pointee.d_tag != 0 {
                if unsafe entry.pointee.d_tag == Int64(DT_STRTAB) { strings = unsafe UInt(entry.pointee.d_un.d_ptr) }
                if unsafe entry.pointee.d_tag == Int64(DT_SONAME) { name = unsafe UInt(entry.pointee.d_un.d_val) }
                unsafe entry += 1
            }
        }
        // The dynamic linker relocates DT_STRTAB in place on the machines that Keyway knows.
        let base = unsafe UInt(info.dlpi_addr)
        if strings != 0, strings < base { strings &+= base }
        guard strings != 0, let name, let text = unsafe UnsafePointer<CChar>(bitPattern: strings &+ name) else {
            soname = nil
            return
        }
        soname = unsafe String(cString: text)
    }
}
