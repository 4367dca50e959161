internal import PluginABI
public import PluginCore

/// The ABI note of a plugin: which contract it was built for. See `keyway/notes.h`.
public struct ABINote: Sendable, Hashable {
    /// Size that the writer gave for the structure, in bytes.
    public let size: UInt32
    public let generation: UInt32
    /// SDK of the headers that the plugin was compiled with.
    public let sdkBuilt: UInt32
    public let sdkMinimum: UInt32
    /// 0 is open: every later SDK.
    public let sdkMaximum: UInt32
    /// `KW_CAP_*` bits.
    public let capabilityBits: UInt32
    /// `KW_LANG_*`.
    public let languageCode: UInt32
    /// SDK whose manifest form the manifest note has.
    public let manifestSDK: UInt32

    static let wireSize = 32

    /// nil if there are fewer bytes than the structure has. Fields are little-endian whatever the machine.
    init?(_ bytes: ByteTable) {
        let table = ByteTable(bytes: bytes.bytes, bigEndian: false)
        guard let size = table.u32(0), let generation = table.u32(4), let built = table.u32(8),
            let minimum = table.u32(12), let maximum = table.u32(16), let capabilities = table.u32(20),
            let language = table.u32(24), let manifest = table.u32(28)
        else { return nil }
        (self.size, self.generation) = (size, generation)
        (sdkBuilt, sdkMinimum, sdkMaximum) = (built, minimum, maximum)
        (capabilityBits, languageCode, manifestSDK) = (capabilities, language, manifest)
    }

    /// The range of SDKs that the plugin works with; nil if the note contradicts itself.
    public var sdkRange: SDKRange? {
        let maximum = sdkMaximum == 0 ? nil : sdkMaximum
        guard sdkMinimum > 0, maximum.map({ $0 >= sdkMinimum }) ?? true else { return nil }
        return SDKRange(minimum: sdkMinimum, maximum: maximum)
    }

    /// "C", "C++", "Swift", "Rust", "Go" or "Zig"; "language 99" for a number that this SDK does not name.
    public var language: String {
        switch languageCode {
        case KW_LANG_C: "C"
        case KW_LANG_CXX: "C++"
        case KW_LANG_SWIFT: "Swift"
        case KW_LANG_RUST: "Rust"
        case KW_LANG_GO: "Go"
        case KW_LANG_ZIG: "Zig"
        default: "language \(languageCode)"
        }
    }

    /// "unloadable", "concurrent", "async", "fork-safe", and "bit N" for what this SDK does not name.
    public var capabilities: [String] {
        (0..<32).compactMap { bit in
            let mask: UInt32 = 1 << bit
            guard capabilityBits & mask != 0 else { return nil }
            return switch mask {
            case KW_CAP_UNLOADABLE: "unloadable"
            case KW_CAP_CONCURRENT: "concurrent"
            case KW_CAP_ASYNC: "async"
            case KW_CAP_FORK_SAFE: "fork-safe"
            default: "bit \(bit)"
            }
        }
    }

    /// Sentences that say what is wrong with the note; empty if it is sound.
    var contradictions: [String] {
        var found: [String] = []
        if size < UInt32(Self.wireSize) { found.append("it gives its size as \(size), below \(Self.wireSize)") }
        if generation != KW_GENERATION {
            found.append("it is of ABI generation \(generation), and this host speaks generation \(KW_GENERATION)")
        }
        if sdkMinimum == 0 { found.append("its minimum SDK is 0, and SDK versions begin at 1") }
        if sdkMinimum > sdkBuilt {
            found.append("its minimum SDK \(sdkMinimum) is above SDK \(sdkBuilt), which it was built with")
        }
        if sdkMaximum != 0, sdkMaximum < sdkMinimum {
            found.append("its maximum SDK \(sdkMaximum) is below its minimum \(sdkMinimum)")
        }
        if manifestSDK == 0 || manifestSDK > sdkBuilt {
            found.append(
                "its manifest form, SDK \(manifestSDK), is unknown to SDK \(sdkBuilt), which it was built with")
        }
        return found
    }
}
