internal import CLibELF

/// What this host can load, fixed when it is compiled.
enum HostPlatform {
    #if arch(x86_64)
        static let machine = Machine.x8664
        /// As manifests name it under `platforms`.
        static let name = "linux-x86_64"
    #elseif arch(arm64)
        static let machine = Machine.aarch64
        static let name = "linux-aarch64"
    #else
        #error("Keyway knows x86-64 and aarch64")
    #endif

    static let `class` = ELFIdentity.Class.bits64
    static let data = ELFIdentity.Data.little

    /// The folders that the dynamic linker searches last.
    static let libraryFolders = current.folders

    /// Words and folders of this machine's dynamic linker.
    static let current = Platform(class: `class`, machine: machine, in: FileTree(root: nil))

    /// The folders of glibc-hwcaps whose builds this processor runs, best first.
    static let hardwareFolders: [String] = {
        let level = Int(keyway_x86_64_level())
        return level < 2 ? [] : (2...level).reversed().map { "x86-64-v\($0)" }
    }()

    static var description: String { "\(`class`.rawValue)-bit \(data.rawValue)-endian \(machine)" }
}
