internal import Glibc

/// Code that runs inside `dlopen`, before anybody called the plugin.
public struct Constructors: Sendable, Hashable {
    public enum Origin: String, Sendable { case preinitArray, initFunction, initArray, finiArray, finiFunction }

    public struct Entry: Sendable, Hashable {
        public let origin: Origin
        /// Address of the function, by the file.
        public let address: UInt64
        /// Name of the function, if the file has symbols that tell it.
        public let symbol: String?
        /// Does its code show that it is a start-up function of the compiler with nothing to do? Only looked at in
        /// functions without a name, and of x86-64.
        public let isIdle: Bool

        /// Is it start-up code that every compiler puts into every library?
        public var isBenign: Bool {
            guard let symbol else { return isIdle }
            return switch symbol {
            case "_fini", "__do_global_dtors_aux": true
            // Swift's, which announces the image to its runtime.
            case "_ZL23swift_image_constructorv", "swift_image_constructor": true
            case "_init", "frame_dummy", "register_tm_clones", "__cpu_indicator_init", "init_have_lse_atomics": true
            // Rust's, which keeps the arguments of the process.
            default: Self.contains(symbol, "ARGV_INIT_ARRAY")
            }
        }

        /// Without the standard library's search, which reads text and not names.
        private static func contains(_ symbol: String, _ part: String) -> Bool {
            unsafe strstr(symbol, part) != nil
        }

        var description: String { symbol ?? "0x" + String(address, radix: 16) }
    }

    /// In the order in which they run.
    public var entries: [Entry] = []

    public var count: Int { entries.count }
    /// Names, or addresses where the file has no name.
    public var symbols: [String] { entries.map(\.description) }
}

/// What the file does to make attacks on its memory harder.
public struct Hardening: Sendable, Hashable {
    public enum RELRO: String, Sendable { case none, partial, full }

    /// Are relocated tables read-only after loading? `full` includes the table of lazily bound functions.
    public internal(set) var relro = RELRO.none
    public internal(set) var bindNow = false
    /// Is the stack not executable?
    public internal(set) var nx = false
    /// Is code modified while loading?
    public internal(set) var textrel = false
    /// Is any segment writable and executable at once?
    public internal(set) var rwx = false
    /// Does any function check its stack frame before it returns? Code without arrays has nothing to check.
    public internal(set) var stackProtector = false
    /// Does it call checked forms of functions of the C library (_FORTIFY_SOURCE)?
    public internal(set) var fortify = false
    /// Can indirect jumps be held to marked places (IBT of x86, BTI of aarch64)?
    public internal(set) var branchTracking = false
    /// Are return addresses kept twice or signed (shadow stack of x86, PAC of aarch64)?
    public internal(set) var returnProtection = false
}

/// Which languages left their marks in the file.
public struct Traits: Sendable, Hashable {
    public var swift = false
    /// Swift's runtime is inside the file rather than a library that it needs.
    public var staticSwiftRuntime = false
    public var cxx = false
    public var go = false
    public var rust = false
}

/// A violation of the ELF format that makes the file unfit for loading.
public struct Defect: Sendable, Hashable {
    public let place: String
    /// Without a final full stop.
    public let message: String
}
