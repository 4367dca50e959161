/// A note of any owner, as a list of what there is. What the notes of known owners say has types of its own.
public struct ELFNote: Sendable, Hashable {
    /// "GNU", "KWY", "Go", ...; without the NUL that ends it.
    public let owner: String
    /// Its meaning is the owner's.
    public let type: UInt32
    /// Bytes of the description.
    public let size: UInt64
}

/// What a file says about the processor features it supports or needs (NT_GNU_PROPERTY_TYPE_0).
public struct GNUProperties: Sendable, Hashable {
    /// x86: indirect jumps end at marked places only.
    public internal(set) var ibt = false
    /// x86: return addresses are kept a second time.
    public internal(set) var shadowStack = false
    /// aarch64: indirect jumps end at marked places only.
    public internal(set) var bti = false
    /// aarch64: return addresses are signed.
    public internal(set) var pac = false
    /// x86: bit n is set if the file needs x86-64-v(n+1). 0 if it does not say.
    public internal(set) var isaNeeded: UInt32 = 0
    /// x86: levels that some code of the file uses.
    public internal(set) var isaUsed: UInt32 = 0

    /// The highest level of x86-64 that the file needs: "x86-64-v3"; nil if it does not say.
    public var levelNeeded: String? {
        guard isaNeeded & 0xF != 0 else { return nil }
        let level = 32 - (isaNeeded & 0xF).leadingZeroBitCount
        return level == 1 ? "x86-64" : "x86-64-v\(level)"
    }

    /// nil if the description is not a list of properties that fills it.
    init?(_ table: ByteTable, is64: Bool, machine: Machine) {
        let alignment = is64 ? 8 : 4
        var place = 0
        while place < table.count {
            guard let type = table.u32(place), let size = table.u32(place + 4),
                Int(size) <= table.count - place - 8
            else { return nil }
            let value = size >= 4 ? table.u32(place + 8) ?? 0 : 0
            switch (machine, type) {
            case (.aarch64, 0xC000_0000): (bti, pac) = (value & 1 != 0, value & 2 != 0)
            case (.aarch64, _): break
            case (_, 0xC000_0002): (ibt, shadowStack) = (value & 1 != 0, value & 2 != 0)
            case (_, 0xC000_8002): isaNeeded = value
            case (_, 0xC001_0002): isaUsed = value
            default: break
            }
            place += 8 + (Int(size) + alignment - 1) / alignment * alignment
        }
    }
}

/// The system that a file was made for (NT_GNU_ABI_TAG).
public struct ABITag: Sendable, Hashable {
    /// "Linux", "Hurd", ...; "system 9" for a number without a name.
    public let system: String
    /// Oldest kernel that will do, such as 3.2.0.
    public let minimumKernel: VersionNumber

    init?(_ table: ByteTable) {
        guard let number = table.u32(0), let major = table.u32(4), let minor = table.u32(8), let patch = table.u32(12),
            let version = VersionNumber("\(major).\(minor).\(patch)")
        else { return nil }
        let names = ["Linux", "Hurd", "Solaris", "FreeBSD", "NetBSD", "Syllable", "NaCl"]
        system = number < names.count ? names[Int(number)] : "system \(number)"
        minimumKernel = version
    }
}
