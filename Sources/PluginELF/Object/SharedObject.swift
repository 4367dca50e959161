public import PluginCore

/// The facts of an ELF file, read without mapping or running a byte of it.
///
/// Everything that decides about loading is read as the dynamic linker reads it, from program headers and the
/// dynamic section; section headers only add names, so a file stripped of them has the same facts.
public struct SharedObject: Sendable {
    /// The file; of the original when the bytes came from a sealed copy.
    public let file: FileStatus
    /// Bytes that were readable.
    public let size: UInt64
    public let identity: ELFIdentity
    public internal(set) var segments: [Segment] = []
    public internal(set) var sections: [Section] = []
    public internal(set) var flags = DynamicSection().publicFlags
    /// Is there a dynamic section?
    public internal(set) var isDynamic = false
    /// Path of the dynamic linker that an executable asks for.
    public internal(set) var interpreter: String?
    public internal(set) var soname: String?
    /// Names of the libraries that the file needs, in its order.
    public internal(set) var needed: [String] = []
    /// DT_RPATH, split at colons; legacy, searched before the environment's folders.
    public internal(set) var rpath: [String] = []
    /// DT_RUNPATH, split at colons.
    public internal(set) var runpath: [String] = []
    /// Libraries that the file makes the dynamic linker load or ask in place of it: tag and name.
    public internal(set) var auxiliaries: [(tag: String, name: String)] = []
    /// What runs inside `dlopen`.
    public internal(set) var constructors = Constructors()
    /// What runs when the file is unloaded or the process ends, in the order in which it runs.
    public internal(set) var destructors: [Constructors.Entry] = []
    public internal(set) var hardening = Hardening()
    /// nil if the file has no thread-local variables.
    public internal(set) var threadLocals: ThreadLocalStorage?
    /// Lower-case hexadecimal; nil if the file has none.
    public internal(set) var buildID: String?
    /// Keyway's own notes.
    public internal(set) var notes = PluginNotes()
    /// Every note, of whatever owner, in the order of the file.
    public internal(set) var allNotes: [ELFNote] = []
    /// nil if the file has no such note.
    public internal(set) var properties: GNUProperties?
    public internal(set) var abiTag: ABITag?
    /// JSON text of the package that the file came in (.note.package), as it stands.
    public internal(set) var package: String?
    /// The compilers and linkers that wrote themselves into the file (.comment).
    public internal(set) var producers: [String] = []
    public internal(set) var debugInfo = DebugInfo()
    public internal(set) var sizes = FileSizes()
    public internal(set) var traits = Traits()
    /// Does code look compressed or encrypted, by the samples that were taken?
    public internal(set) var hasDenseCode = false
    public internal(set) var relocations = Relocations()
    /// Violations of the format. A file with any is refused.
    public internal(set) var defects: [Defect] = []
    /// The folder of the file itself, links resolved: what `$ORIGIN` stands for. nil if nothing asks for it.
    var folder: String?
    var symbolTable = SymbolTable()
    var dynamicSection = DynamicSection()

    init(file: FileStatus, size: UInt64, identity: ELFIdentity) {
        self.file = file
        self.size = size
        self.identity = identity
    }

    /// Reads the facts of an open file.
    ///
    /// - Throws: ``PluginError`` with code `validation` and one finding if the file is not ELF, or its ELF header and
    ///   program headers cannot be read. Every lesser fault is in ``defects``.
    public init(reading image: borrowing FileImage) throws(PluginError) {
        self = try ObjectReader.read(image)
    }

    /// Reads of a library only what the linking of others needs: identity, names, search paths and symbols.
    init(linking path: String) throws(PluginError) {
        self = try ObjectReader.read(FileImage(opening: path), onlyLinking: true)
    }

    /// Opens and reads a file.
    public init(opening path: String) throws(PluginError) {
        try self.init(reading: FileImage(opening: path, holdingUpTo: FileImage.smallSize))
    }

    /// The dynamic section, entry by entry.
    public var dynamicEntries: [DynamicEntry] {
        dynamicSection.entries.map { tag, value in
            DynamicEntry(
                tag: tag, value: value,
                text: DynamicEntry.texts.contains(tag) ? symbolTable.strings.string(value) : nil)
        }
    }

    /// How many dynamic symbols the file has, the empty first one left out.
    public var symbolCount: Int { max(symbolTable.entries.count - 1, 0) }

    /// Symbols that the file defines, in its order, as `nm -D --defined-only` lists them.
    public var exports: [Symbol] {
        symbolTable.entries.indices.dropFirst().compactMap { index in
            let entry = symbolTable.entries[index]
            guard entry.isDefined, entry.type != .section, entry.type != .file else { return nil }
            return symbolTable.symbol(at: index)
        }
    }

    /// Symbols that the file wants from others, in its order.
    public var imports: [Symbol] {
        symbolTable.entries.indices.dropFirst().compactMap { index in
            let entry = symbolTable.entries[index]
            guard !entry.isDefined, entry.name != 0, entry.type != .section else { return nil }
            return symbolTable.symbol(at: index)
        }
    }

    /// The exported definition that `dlsym` would find, or nil.
    public func export(named name: String) -> Symbol? {
        symbolTable.definition(of: SymbolName(name)).map(symbolTable.symbol)
    }

    /// Is it a program rather than a library? A library may have an interpreter (libc has), but then it has a name.
    public var isExecutable: Bool {
        identity.type == .executable || flags.pie || (interpreter != nil && soname == nil)
    }
}
