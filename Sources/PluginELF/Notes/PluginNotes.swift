internal import PluginABI
internal import PluginCore

/// The notes of owner "KWY" in a file, as they stand; whether they are sound is for the rules to say.
public struct PluginNotes: Sendable {
    /// Descriptors of the ABI notes. More than one is an error of the file.
    var abiDescriptors: [ByteTable] = []
    /// Descriptors of the manifest notes; nil for one above the limit.
    var manifestDescriptors: [[UInt8]?] = []
    var interfaceCount = 0
    /// Interface ids in the order of the file; notes that are not terminated UTF-8 are left out.
    public internal(set) var interfaces: [String] = []
    var buildDescriptors: [[UInt8]] = []
    /// Types of notes that this SDK does not know. They are allowed.
    public internal(set) var unknownTypes: [UInt32] = []

    /// More notes than any plugin has; what follows is not read.
    static let limit = 1024

    var count: Int {
        abiDescriptors.count + manifestDescriptors.count + interfaceCount + buildDescriptors.count
            + unknownTypes.count
    }

    /// Has the file no note of ours at all? Then it is not a plugin.
    public var isEmpty: Bool { count == 0 }

    /// The ABI note if there is exactly one and it is long enough.
    public var abi: ABINote? { abiDescriptors.count == 1 ? ABINote(abiDescriptors[0]) : nil }

    /// Text of the manifest note if there is exactly one, within the limit and terminated; else nil.
    public var manifestText: String? {
        guard manifestDescriptors.count == 1, let bytes = manifestDescriptors[0], let text = Self.text(bytes) else {
            return nil
        }
        return text
    }

    /// The build note, such as "compiler=gcc 12.2".
    public var build: String? { buildDescriptors.first.flatMap(Self.text) }

    /// The UTF-8 text before the NUL that ends a descriptor; nil if it has no NUL or is not UTF-8. Bytes after the
    /// NUL must be NUL too, or two readers could read two texts.
    static func text(_ bytes: [UInt8]) -> String? {
        guard let end = ByteTable(bytes: bytes, bigEndian: false).stringRange(0)?.upperBound,
            bytes[end...].allSatisfy({ $0 == 0 })
        else { return nil }
        return String(utf8: bytes[..<end])
    }

    mutating func add(type: UInt32, _ description: ArraySlice<UInt8>) {
        let short = description.count <= 4096 ? Array(description) : []
        switch type {
        case KW_NOTE_TYPE_ABI:
            abiDescriptors.append(ByteTable(bytes: short, bigEndian: false))
        case KW_NOTE_TYPE_MANIFEST:
            manifestDescriptors.append(
                description.count <= Int(KW_NOTE_MANIFEST_LIMIT) ? Array(description) : nil)
        case KW_NOTE_TYPE_IFACE:
            interfaceCount += 1
            if let id = Self.text(short) { interfaces.append(id) }
        case KW_NOTE_TYPE_BUILD: buildDescriptors.append(short)
        default: unknownTypes.append(type)
        }
    }
}
