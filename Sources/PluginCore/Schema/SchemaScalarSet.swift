/// The scalars that one place of a pattern accepts.
struct SchemaScalarSet: Sendable {
    enum Part: Sendable {
        case range(ClosedRange<UInt32>)
        case category(Set<Unicode.GeneralCategory>)
        case property(Property)
        case set(SchemaScalarSet)
    }

    /// Binary properties of Unicode that ECMA-262 knows (table 67), the common ones.
    enum Property: String, Sendable {
        case any = "Any"
        case ascii = "ASCII"
        case alphabetic = "Alphabetic"
        case alphabeticShort = "Alpha"
        case lowercase = "Lowercase"
        case uppercase = "Uppercase"
        case whiteSpace = "White_Space"
        case identifierStart = "ID_Start"
        case identifierContinue = "ID_Continue"
        case emoji = "Emoji"
    }

    var parts: [Part]
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        parts.contains { part in
            switch part {
            case .range(let range): range.contains(scalar.value)
            case .category(let categories): categories.contains(scalar.properties.generalCategory)
            case .property(let property): Self.has(property, scalar)
            case .set(let set): set.contains(scalar)
            }
        } != isNegated
    }

    private static func has(_ property: Property, _ scalar: Unicode.Scalar) -> Bool {
        switch property {
        case .any: true
        case .ascii: scalar.isASCII
        case .alphabetic, .alphabeticShort: scalar.properties.isAlphabetic
        case .lowercase: scalar.properties.isLowercase
        case .uppercase: scalar.properties.isUppercase
        case .whiteSpace: scalar.properties.isWhitespace
        case .identifierStart: scalar.properties.isIDStart
        case .identifierContinue: scalar.properties.isIDContinue
        case .emoji: scalar.properties.isEmoji
        }
    }

    var negated: SchemaScalarSet { SchemaScalarSet(parts: parts, isNegated: !isNegated) }

    init(parts: [Part], isNegated: Bool = false) {
        self.parts = parts
        self.isNegated = isNegated
    }

    init(_ ranges: [ClosedRange<UInt32>]) { self.init(parts: ranges.map(Part.range)) }

    static let digit = SchemaScalarSet([0x30...0x39])
    static let word = SchemaScalarSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let lineEnd = SchemaScalarSet([0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029])
    /// White space and line ends of ECMA-262 (sections 12.2 and 12.3).
    static let space = SchemaScalarSet(
        parts: [.range(0x09...0x0D), .range(0x2028...0x2029), .range(0xFEFF...0xFEFF), .category([.spaceSeparator])])

    /// The set of `\p{...}`; nil if the property is not known.
    init?(property name: String) {
        let parts = name.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, ["General_Category", "gc"].contains(parts[0]), let known = Self.categories[parts[1]] {
            self.init(parts: [.category(known)])
        } else if let known = Self.categories[name] {
            self.init(parts: [.category(known)])
        } else if let known = Property(rawValue: name) {
            self.init(parts: [.property(known)])
        } else {
            return nil
        }
    }

    /// The general categories by their long and short names (Unicode Standard Annex 44, table 12).
    private static let categories: [String: Set<Unicode.GeneralCategory>] = {
        let single: [(String, String, Unicode.GeneralCategory)] = [
            ("Lu", "Uppercase_Letter", .uppercaseLetter), ("Ll", "Lowercase_Letter", .lowercaseLetter),
            ("Lt", "Titlecase_Letter", .titlecaseLetter), ("Lm", "Modifier_Letter", .modifierLetter),
            ("Lo", "Other_Letter", .otherLetter), ("Mn", "Nonspacing_Mark", .nonspacingMark),
            ("Mc", "Spacing_Mark", .spacingMark), ("Me", "Enclosing_Mark", .enclosingMark),
            ("Nd", "Decimal_Number", .decimalNumber), ("Nl", "Letter_Number", .letterNumber),
            ("No", "Other_Number", .otherNumber), ("Pc", "Connector_Punctuation", .connectorPunctuation),
            ("Pd", "Dash_Punctuation", .dashPunctuation), ("Ps", "Open_Punctuation", .openPunctuation),
            ("Pe", "Close_Punctuation", .closePunctuation), ("Pi", "Initial_Punctuation", .initialPunctuation),
            ("Pf", "Final_Punctuation", .finalPunctuation), ("Po", "Other_Punctuation", .otherPunctuation),
            ("Sm", "Math_Symbol", .mathSymbol), ("Sc", "Currency_Symbol", .currencySymbol),
            ("Sk", "Modifier_Symbol", .modifierSymbol), ("So", "Other_Symbol", .otherSymbol),
            ("Zs", "Space_Separator", .spaceSeparator), ("Zl", "Line_Separator", .lineSeparator),
            ("Zp", "Paragraph_Separator", .paragraphSeparator), ("Cc", "Control", .control), ("Cf", "Format", .format),
            ("Cs", "Surrogate", .surrogate), ("Co", "Private_Use", .privateUse), ("Cn", "Unassigned", .unassigned),
        ]
        var sets: [String: Set<Unicode.GeneralCategory>] = [:]
        for (short, long, category) in single {
            sets[short] = [category]
            sets[long] = [category]
            sets[String(short.prefix(1)), default: []].insert(category)
        }
        for (long, short) in [
            ("Letter", "L"), ("Mark", "M"), ("Number", "N"), ("Punctuation", "P"), ("Symbol", "S"), ("Separator", "Z"),
            ("Other", "C"), ("digit", "Nd"), ("punct", "P"), ("cntrl", "Cc"), ("Combining_Mark", "M"),
        ] { sets[long] = sets[short] }
        sets["LC"] = sets["Lu"]?.union([.lowercaseLetter, .titlecaseLetter])
        sets["Cased_Letter"] = sets["LC"]
        return sets
    }()
}
