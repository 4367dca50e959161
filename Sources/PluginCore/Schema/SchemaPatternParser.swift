/// A pattern as it is written.
indirect enum SchemaPatternTree {
    case set(SchemaScalarSet)
    case assertion(SchemaPattern.Assertion)
    case sequence([SchemaPatternTree])
    case alternatives([SchemaPatternTree])
    case look(SchemaPatternTree, isNegative: Bool)
    case repetition(SchemaPatternTree, Int, Int?)
}

/// Reads a pattern (ECMA-262 section 22.2.1). More lenient than its strict grammar in what cannot be misunderstood: a
/// lone brace or closing bracket, and a backslash before punctuation, stand for the character.
struct SchemaPatternParser {
    private var rest: Substring.UnicodeScalarView
    private var depth = 0

    static let maximumDepth = 64
    static let maximumCount = 10_000

    init(_ text: String) { rest = text.unicodeScalars[...] }

    mutating func parse() throws(SchemaPattern.Failure) -> SchemaPatternTree {
        let tree = try alternatives()
        guard rest.isEmpty else { throw failure("a \")\" closes nothing") }
        return tree
    }

    private func failure(_ reason: String) -> SchemaPattern.Failure { SchemaPattern.Failure(reason: reason) }

    private mutating func take(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars) else { return false }
        rest = rest.dropFirst(text.unicodeScalars.count)
        return true
    }

    // MARK: - Structure

    private mutating func alternatives() throws(SchemaPattern.Failure) -> SchemaPatternTree {
        var parts = [try sequence()]
        while take("|") { parts.append(try sequence()) }
        return parts.count == 1 ? parts[0] : .alternatives(parts)
    }

    private mutating func sequence() throws(SchemaPattern.Failure) -> SchemaPatternTree {
        var parts: [SchemaPatternTree] = []
        while let next = rest.first, next != "|", next != ")" {
            let part = try atom()
            guard let (minimum, maximum) = try quantifier() else {
                parts.append(part)
                continue
            }
            switch part {
            case .assertion, .look: throw failure("a repetition follows something that reads nothing")
            default: parts.append(.repetition(part, minimum, maximum))
            }
        }
        return .sequence(parts)
    }

    private mutating func quantifier() throws(SchemaPattern.Failure) -> (Int, Int?)? {
        let range: (Int, Int?)
        switch rest.first {
        case "*": range = (0, nil)
        case "+": range = (1, nil)
        case "?": range = (0, 1)
        case "{":
            guard let count = try counted() else { return nil }
            // Lazy and greedy repetitions match the same texts.
            _ = take("?")
            return count
        default: return nil
        }
        rest = rest.dropFirst()
        _ = take("?")
        return range
    }

    /// `{2}`, `{2,}` or `{2,5}`; nil if it is something else, and a brace then.
    private mutating func counted() throws(SchemaPattern.Failure) -> (Int, Int?)? {
        let before = rest
        rest = rest.dropFirst()
        guard let minimum = integer() else {
            rest = before
            return nil
        }
        var maximum: Int? = minimum
        if take(",") { maximum = integer() }
        guard take("}") else {
            rest = before
            return nil
        }
        guard minimum <= Self.maximumCount, maximum ?? 0 <= Self.maximumCount else {
            throw failure("it repeats something more than \(Self.maximumCount) times")
        }
        if let maximum, maximum < minimum { throw failure("the numbers in {\(minimum),\(maximum)} are out of order") }
        return (minimum, maximum)
    }

    private mutating func integer() -> Int? {
        var value: Int?
        while let scalar = rest.first, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 0x30), Int(Int32.max))
            rest = rest.dropFirst()
        }
        return value
    }

    private mutating func atom() throws(SchemaPattern.Failure) -> SchemaPatternTree {
        guard let scalar = rest.popFirst() else { return .sequence([]) }
        switch scalar {
        case "^": return .assertion(.start)
        case "$": return .assertion(.end)
        case ".": return .set(SchemaScalarSet.lineEnd.negated)
        case "(": return try group()
        case "[": return .set(try characterClass())
        case "*", "+", "?": throw failure("\"\(scalar)\" has nothing before it to repeat")
        case "\\":
            if take("b") { return .assertion(.wordBoundary) }
            if take("B") { return .assertion(.noWordBoundary) }
            return .set(try escape(inClass: false))
        default: return .set(SchemaScalarSet([scalar.value...scalar.value]))
        }
    }

    private mutating func group() throws(SchemaPattern.Failure) -> SchemaPatternTree {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw failure("its groups are nested more than \(Self.maximumDepth) deep")
        }
        defer { depth -= 1 }
        var look: Bool?
        if take("?=") {
            look = false
        } else if take("?!") {
            look = true
        } else if take("?<=") || take("?<!") {
            throw failure("it looks behind, which is not supported")
        } else if take("?<") {
            guard let end = rest.firstIndex(of: ">"), end != rest.startIndex else {
                throw failure("a group's name does not end")
            }
            rest = rest[rest.index(after: end)...]
        } else if !take("?:"), rest.first == "?" {
            throw failure("a kind of group that ECMA-262 does not have")
        }
        let inner = try alternatives()
        guard take(")") else { throw failure("a \"(\" is not closed") }
        return look.map { .look(inner, isNegative: $0) } ?? inner
    }

    // MARK: - Characters

    private mutating func characterClass() throws(SchemaPattern.Failure) -> SchemaScalarSet {
        let isNegated = take("^")
        var parts: [SchemaScalarSet.Part] = []
        while !take("]") {
            let first = try classMember()
            guard rest.first == "-", let behind = rest.dropFirst().first, behind != "]" else {
                parts.append(.set(first))
                continue
            }
            rest = rest.dropFirst()
            let second = try classMember()
            guard let low = first.single, let high = second.single else {
                throw failure("a range in brackets has a class as its end")
            }
            guard low <= high else { throw failure("a range in brackets is out of order") }
            parts.append(.range(low...high))
        }
        return SchemaScalarSet(parts: parts, isNegated: isNegated)
    }

    private mutating func classMember() throws(SchemaPattern.Failure) -> SchemaScalarSet {
        guard let scalar = rest.popFirst() else { throw failure("a \"[\" is not closed") }
        if scalar == "\\" { return try escape(inClass: true) }
        return SchemaScalarSet([scalar.value...scalar.value])
    }

    /// What a backslash begins.
    private mutating func escape(inClass: Bool) throws(SchemaPattern.Failure) -> SchemaScalarSet {
        guard let scalar = rest.popFirst() else { throw failure("it ends with a backslash") }
        func one(_ value: UInt32) -> SchemaScalarSet { SchemaScalarSet([value...value]) }
        switch scalar {
        case "d": return .digit
        case "D": return .digit.negated
        case "w": return .word
        case "W": return .word.negated
        case "s": return .space
        case "S": return .space.negated
        case "t": return one(0x09)
        case "n": return one(0x0A)
        case "v": return one(0x0B)
        case "f": return one(0x0C)
        case "r": return one(0x0D)
        case "b" where inClass: return one(0x08)
        case "c":
            guard let letter = rest.popFirst(), letter.isASCII, letter.properties.isAlphabetic else {
                throw failure("\\c without a letter")
            }
            return one(letter.value & 0x1F)
        case "0":
            if let next = rest.first, ("0"..."9").contains(next) { throw failure("an octal escape") }
            return one(0)
        case "x": return one(try hexadecimal(2))
        case "u": return one(try unicode())
        case "p", "P":
            guard take("{"), let end = rest.firstIndex(of: "}") else {
                throw failure("\\\(scalar) without a property in braces")
            }
            let name = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
            guard let set = SchemaScalarSet(property: name) else {
                throw failure("the property \(JSON.string(name).shortened) is not known")
            }
            return scalar == "p" ? set : set.negated
        case "1"..."9", "k": throw failure("it refers back to a group, which is not supported")
        case "a"..."z", "A"..."Z": throw failure("there is no escape \"\\\(scalar)\"")
        default: return one(scalar.value)
        }
    }

    private mutating func unicode() throws(SchemaPattern.Failure) -> UInt32 {
        if take("{") {
            guard let end = rest.firstIndex(of: "}"), rest[..<end].allSatisfy(\.properties.isASCIIHexDigit),
                let value = UInt32(String(rest[..<end]), radix: 16), value <= 0x10FFFF
            else { throw failure("\\u{...} without a code point") }
            rest = rest[rest.index(after: end)...]
            return value
        }
        let high = try hexadecimal(4)
        guard high & 0xFC00 == 0xD800, take("\\u") else { return high }
        let low = try hexadecimal(4)
        guard low & 0xFC00 == 0xDC00 else { throw failure("half of a surrogate pair") }
        return 0x10000 + (high & 0x3FF) << 10 + low & 0x3FF
    }

    private mutating func hexadecimal(_ count: Int) throws(SchemaPattern.Failure) -> UInt32 {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(\.properties.isASCIIHexDigit),
            let value = UInt32(String(digits), radix: 16)
        else { throw failure("an escape without \(count) hexadecimal digits") }
        rest = rest.dropFirst(count)
        return value
    }
}

extension SchemaScalarSet {
    /// The one scalar of the set, if it was written as one.
    fileprivate var single: UInt32? {
        guard !isNegated, parts.count == 1, case .range(let range) = parts[0], range.count == 1 else { return nil }
        return range.lowerBound
    }
}
