internal import CLibELF
internal import PluginCore

/// Reads a ``SharedObject`` out of an open file. One value a file; its parts are in extensions, in reading order.
struct ObjectReader: ~Copyable {
    var elf: ELFDescriptor
    var object: SharedObject
    var map: AddressMap
    var dynamic = DynamicSection()
    var tables = SymbolTable()
    var relocations = RelocationSurvey()
    /// Bytes that may still be read. Headers of a hostile file can name the same bytes many times over.
    private var budget: UInt64

    var is64: Bool { object.identity.class == .bits64 }
    var isBigEndian: Bool { object.identity.data == .big }

    /// - Parameter onlyLinking: leave out what only judging a plugin needs. What a library offers to others is a
    ///   small part of what there is to read in it.
    static func read(_ image: borrowing FileImage, onlyLinking: Bool = false) throws(PluginError) -> SharedObject {
        let start = try identify(image)
        guard let elf = ELFDescriptor(image), let header = elf.header() else {
            throw refusal(image.status.path, "ELF header", "the ELF header cannot be read")
        }
        guard let segments = elf.segments() else {
            throw refusal(image.status.path, "program headers", "the program headers lie outside the file")
        }
        let identity = ELFIdentity(
            class: start.is64 ? .bits64 : .bits32, data: start.isBigEndian ? .big : .little,
            machine: Machine(rawValue: header.e_machine), type: ObjectType(rawValue: header.e_type),
            osabi: OSABI(rawValue: start.osabi), abiVersion: start.abiVersion, entry: header.e_entry,
            flags: header.e_flags)
        var object = SharedObject(file: image.status, size: image.size, identity: identity)
        object.segments = segments
        object.defects = start.defects
        var reader = ObjectReader(elf: elf, object: object, map: AddressMap(segments))
        reader.readSegments(image)
        reader.readDynamic(image)
        reader.surveyRelocations(image)
        reader.readSymbols(image)
        if onlyLinking { return reader.object }
        reader.readRelocations(image)
        reader.readSections(image)
        reader.readNotes(image)
        reader.readLifecycle(image)
        reader.sampleCode(image)
        reader.conclude()
        return reader.object
    }

    init(elf: consuming ELFDescriptor, object: SharedObject, map: AddressMap) {
        self.elf = elf
        self.object = object
        self.map = map
        budget = min(object.size &* 2 &+ 0x100000, 0x1000_0000)
    }

    /// Will this machine's dynamic linker be the one that trusts the tables? What others would say is not known here.
    var isForHost: Bool {
        object.identity.class == HostPlatform.class && object.identity.machine == HostPlatform.machine
            && object.identity.type == .shared
    }

    mutating func defect(_ place: String, _ message: String) {
        // A file full of faults is refused for the first ones; the rest would only cost memory.
        if object.defects.count < 16 { object.defects.append(Defect(place: place, message: message)) }
    }

    /// The bytes at an address, by the segments; nil if the file does not hold them all.
    mutating func bytes(_ image: borrowing FileImage, _ address: UInt64, _ count: UInt64) -> ByteTable? {
        guard let offset = map.offset(address, count: count) else { return nil }
        return bytes(image, offset: offset, count)
    }

    /// The bytes at an offset of the file; nil if it does not hold them all, or too much was read already.
    mutating func bytes(_ image: borrowing FileImage, offset: UInt64, _ count: UInt64) -> ByteTable? {
        guard count <= budget, let length = Int(exactly: count), let bytes = image.bytes(at: offset, count: length)
        else { return nil }
        budget -= count
        return ByteTable(bytes: bytes, bigEndian: isBigEndian)
    }

    static func refusal(
        _ path: String, _ place: String, _ message: String, id: String = "S005",
        remedy: String = "Build the plugin again, or copy it again: the file is damaged or cut short"
    ) -> PluginError {
        let rule = id == "S002" ? Rule.platform : Rule.soundFormat
        let finding = Finding(
            id: id, severity: .error, risk: rule.risk, place: place, why: rule.why, message: message, remedy: remedy)
        return PluginError(
            .validation, message, remedy: remedy, facts: .findings([finding]), plugin: path, stage: .inspect)
    }
}
