internal import CLibELF

/// The words and folders that the dynamic linker of a machine has built in.
struct Platform: Sendable, Hashable {
    /// What `$PLATFORM` stands for: "x86_64".
    let word: String
    /// What `$LIB` stands for.
    let library: String
    /// Searched last, in this order.
    let folders: [String]
    /// How the linker's cache marks libraries of this machine.
    let cacheFlags: UInt32

    /// - Parameter tree: where the libraries are. Debian and its kin have a folder for each machine, others have lib64.
    init(class: ELFIdentity.Class, machine: Machine, in tree: FileTree) {
        let is64 = `class` == .bits64
        let triplet: String
        (word, triplet, cacheFlags) =
            switch (Int32(machine.rawValue), is64) {
            case (EM_X86_64, true): ("x86_64", "x86_64-linux-gnu", 0x0303)
            case (EM_X86_64, false): ("x86_64", "x86_64-linux-gnux32", 0x0803)
            case (EM_386, _): ("i686", "i386-linux-gnu", 0x0003)
            case (EM_AARCH64, _): ("aarch64", "aarch64-linux-gnu", 0x0A03)
            case (EM_ARM, _): ("v7l", "arm-linux-gnueabihf", 0x0903)
            case (EM_RISCV, true): ("riscv64", "riscv64-linux-gnu", 0x1003)
            case (EM_PPC64, _): ("power8", "powerpc64le-linux-gnu", 0x0503)
            case (EM_S390, true): ("s390x", "s390x-linux-gnu", 0x0403)
            default: ("", "", 3)
            }
        let wide = is64 ? "lib64" : "lib"
        let hasTriplet =
            !triplet.isEmpty && (tree.hasFolder("/lib/\(triplet)") || tree.hasFolder("/usr/lib/\(triplet)"))
        library = hasTriplet ? "lib/\(triplet)" : wide
        folders = ["/\(library)", "/usr/\(library)"] + (hasTriplet ? ["/lib", "/usr/lib"] : [])
    }
}
