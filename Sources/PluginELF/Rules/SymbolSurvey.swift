/// What rules ask about the dynamic symbols, gathered in one walk: a plugin in Swift has hundreds of them.
struct SymbolSurvey {
    /// A symbol that the file wants from others.
    struct Import {
        let name: String
        let isWeak: Bool
    }

    /// What the file wants of ``Rule/notableNames``, in its order.
    private(set) var imports: [Import] = []
    /// What it wants first of a sanitizer's runtime.
    private(set) var sanitizer: String?
    /// What it shows to others, the entry symbol left out.
    private(set) var exports: [String] = []
    /// Definitions that are unique in a process (STB_GNU_UNIQUE).
    private(set) var unique: [String] = []
    /// The first function with a resolver.
    private(set) var indirectFunction: String?
    /// The first function that counts which lines run.
    private(set) var counter: String?

    init() {}

    init(of table: SymbolTable) {
        for entry in table.entries where entry.name != 0 {
            if entry.isDefined { lookAtDefinition(entry, table) } else { lookAtImport(entry, table) }
        }
    }

    private mutating func lookAtDefinition(_ entry: SymbolEntry, _ table: SymbolTable) {
        if entry.binding == .unique { unique.append(table.name(entry)) }
        if entry.type == .indirectFunction, indirectFunction == nil { indirectFunction = table.name(entry) }
        lookForCounter(entry, table)
        if entry.isExported, table.strings.equals(Self.entryBytes, at: Int(entry.name)) { return }
        if entry.isExported { exports.append(table.name(entry)) }
        // The dynamic linker takes the first definition of a name that it finds, and others come before the file's own:
        // whatever is defined here for show may be the system's when it is called.
        if entry.binding != .local, entry.visibility == .default { lookForNotable(entry, table) }
    }

    private mutating func lookAtImport(_ entry: SymbolEntry, _ table: SymbolTable) {
        let (strings, place) = (table.strings, Int(entry.name))
        // Hundreds of a plugin in Swift, and none of them notable.
        if strings.u8(place) == UInt8(ascii: "$") || strings.hasPrefix("swift_", at: place) { return }
        lookForCounter(entry, table)
        if sanitizer == nil, strings.hasPrefix("__", at: place),
            Self.sanitizers.contains(where: { strings.hasPrefix($0, at: place) })
        {
            sanitizer = table.name(entry)
        }
        lookForNotable(entry, table)
    }

    private mutating func lookForNotable(_ entry: SymbolEntry, _ table: SymbolTable) {
        guard let range = table.strings.stringRange(Int(entry.name)),
            Self.isLikelyNotable(table.strings.bytes[range])
        else { return }
        let name = table.name(entry)
        if Rule.notableNames.contains(name) { imports.append(Import(name: name, isWeak: entry.binding == .weak)) }
    }

    private mutating func lookForCounter(_ entry: SymbolEntry, _ table: SymbolTable) {
        let (strings, place) = (table.strings, Int(entry.name))
        guard counter == nil, strings.hasPrefix("__", at: place),
            strings.hasPrefix("__gcov_", at: place) || strings.hasPrefix("__llvm_profile_", at: place)
        else { return }
        counter = table.name(entry)
    }

    private static let entryBytes = ArraySlice(entryName.utf8)
    private static let sanitizers: [StaticString] = [
        "__asan_", "__tsan_", "__ubsan_", "__msan_", "__lsan_", "__hwasan_",
    ]

    /// May bytes be a notable name? Tells most others apart without making a string of them.
    private static func isLikelyNotable(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.count <= longest else { return false }
        let bit = Int(SymbolName.gnuHash(name) % 4096)
        return notableBits[bit / 64] >> UInt64(bit % 64) & 1 == 1
    }

    private static let longest = Rule.notableNames.map(\.utf8.count).max() ?? 0

    /// 4096 bits; those that a notable name's hash stands for are set.
    private static let notableBits: [UInt64] = Rule.notableNames.reduce(into: [UInt64](repeating: 0, count: 64)) {
        let bit = Int(SymbolName($1).gnuHash % 4096)
        $0[bit / 64] |= 1 << UInt64(bit % 64)
    }
}
