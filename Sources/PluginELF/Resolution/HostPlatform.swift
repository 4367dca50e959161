/// What this host can load, fixed when it is compiled.
enum HostPlatform {
    #if arch(x86_64)
        static let machine = Machine.x8664
        static let platformWord = "x86_64"
        static let libraryWord = "lib/x86_64-linux-gnu"
    #elseif arch(arm64)
        static let machine = Machine.aarch64
        static let platformWord = "aarch64"
        static let libraryWord = "lib/aarch64-linux-gnu"
    #else
        #error("Keyway knows x86-64 and aarch64")
    #endif

    static let `class` = ELFIdentity.Class.bits64
    static let data = ELFIdentity.Data.little

    /// The default folders: those of Debian and its kin first, then those of others.
    static let libraryFolders = [
        "/\(libraryWord)", "/usr/\(libraryWord)", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
    ]

    static var description: String { "\(`class`.rawValue)-bit \(data.rawValue)-endian \(machine)" }
}
