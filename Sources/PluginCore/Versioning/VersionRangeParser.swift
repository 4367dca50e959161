/// Reads npm's range grammar into comparisons.
struct VersionRangeParser {
    struct Failure: Error {
        /// In bytes of UTF-8 from the beginning of the text.
        let offset: Int
        let reason: String
    }

    /// A version of which parts may be left open: `1`, `1.x`, `1.2.3-beta`.
    private struct Partial {
        /// nil where it is open or left out.
        var numbers: [UInt64?] = []
        var prerelease: [String] = []
        /// Characters before it, of `v` and `=`.
        var prefix = ""
        var offset: Int

        var major: UInt64? { numbers[0] }
        var minor: UInt64? { major == nil || numbers.count < 2 ? nil : numbers[1] }
        var patch: UInt64? { minor == nil || numbers.count < 3 ? nil : numbers[2] }
    }

    private typealias Comparator = VersionRange.Comparator

    private let bytes: [UInt8]
    private let includesPrereleases: Bool
    private var at = 0
    /// Where the alternative ends that is being read.
    private var end = 0

    /// What nothing fits: there is no lower version.
    private static let nothing = Comparator(.less, SemanticVersion(0, 0, 0, prerelease: ["0"]))

    init(_ text: String, includesPrereleases: Bool) {
        bytes = Array(text.utf8)
        self.includesPrereleases = includesPrereleases
    }

    // MARK: - Structure

    mutating func range() throws(Failure) -> [[VersionRange.Comparator]] {
        var alternatives: [[Comparator]] = []
        while true {
            let bar = UInt8(ascii: "|")
            let separator = bytes.indices.dropFirst(at).first {
                bytes[$0] == bar && $0 + 1 < bytes.count && bytes[$0 + 1] == bar
            }
            end = separator ?? bytes.count
            alternatives.append(simplified(try alternative()))
            guard let separator else { break }
            at = separator + 2
        }
        guard alternatives.count > 1 else { return alternatives }
        let possible = alternatives.filter { $0 != [Self.nothing] }
        if possible.isEmpty { return [alternatives[0]] }
        return possible.contains([]) ? [[]] : possible
    }

    /// Without repetitions and bounds that bound nothing.
    private func simplified(_ comparators: [Comparator]) -> [Comparator] {
        if comparators.contains(Self.nothing) { return [Self.nothing] }
        let least = Comparator(.greaterOrEqual, lowest(0, 0, 0))
        var seen: Set<Comparator> = [least]
        return comparators.filter { seen.insert($0).inserted }
    }

    private mutating func alternative() throws(Failure) -> [Comparator] {
        if let hyphen = (at..<end).first(where: isLoneHyphen) { return try hyphenRange(hyphen) }
        var comparators: [Comparator] = []
        while true {
            _ = takeSpace()
            if at == end { return comparators }
            comparators += try simpleRange()
            guard at == end || Self.isSpace(bytes[at]) else {
                throw failure("expected a space or the end behind a version, found \(found)")
            }
        }
    }

    private func isLoneHyphen(_ index: Int) -> Bool {
        bytes[index] == UInt8(ascii: "-") && index > at && Self.isSpace(bytes[index - 1])
            && index + 1 < end && Self.isSpace(bytes[index + 1])
    }

    /// `1.2 - 2.3`: from the least version that the left side leaves open to the last that the right side does.
    private mutating func hyphenRange(_ hyphen: Int) throws(Failure) -> [Comparator] {
        let last = end
        end = hyphen
        let low = try hyphenSide()
        (at, end) = (hyphen + 1, last)
        let high = try hyphenSide()

        var comparators: [Comparator] = []
        if let major = low.major {
            if low.patch != nil { try requirePlainPrefix(low) }
            let isExact = !low.prerelease.isEmpty && low.patch != nil
            let bound = isExact ? version(low) : lowest(major, low.minor ?? 0, low.patch ?? 0)
            comparators.append(Comparator(.greaterOrEqual, bound))
        }
        if high.patch == nil {
            if high.major != nil { comparators.append(try above(high)) }
        } else if !high.prerelease.isEmpty {
            comparators.append(Comparator(.lessOrEqual, version(high)))
        } else if includesPrereleases {
            comparators.append(try above(high))
        } else {
            try requirePlainPrefix(high)
            comparators.append(Comparator(.lessOrEqual, version(high)))
        }
        return comparators
    }

    private mutating func hyphenSide() throws(Failure) -> Partial {
        _ = takeSpace()
        let side = try partial(prefixMayHaveSpace: true)
        _ = takeSpace()
        guard at == end else { throw failure("a hyphen range has one version on each side, found \(found)") }
        return side
    }

    // MARK: - One comparison

    private mutating func simpleRange() throws(Failure) -> [Comparator] {
        if take("^") {
            try skipRelation(of: [.equal])
            let partial = try partial()
            return try caret(partial)
        }
        if take("~") {
            try skipRelation(of: [.equal, .greater, .greaterOrEqual])
            let partial = try partial()
            return try tilde(partial)
        }
        let relation = relation()
        let partial = try partial()
        return try compared(relation, partial)
    }

    /// `<`, `<=`, `>`, `>=`, `=`, with space behind it, or nothing. `> =1` is `>=1`, as npm has it.
    private mutating func relation() -> Comparator.Relation? {
        let isLess = take("<")
        let isGreater = !isLess && take(">")
        var isEqual = take("=")
        guard isLess || isGreater || isEqual else { return nil }
        _ = takeSpace()
        if !isEqual, at + 1 < end, bytes[at] == UInt8(ascii: "="), !Self.isSpace(bytes[at + 1]) {
            isEqual = take("=")
        }
        if isLess { return isEqual ? .lessOrEqual : .less }
        if isGreater { return isEqual ? .greaterOrEqual : .greater }
        return .equal
    }

    /// A relation behind `^` or `~` that changes nothing: `~>1` and `^ =1` mean `~1` and `^1`.
    private mutating func skipRelation(of meaningless: [Comparator.Relation]) throws(Failure) {
        _ = takeSpace()
        let start = at
        if let relation = relation(), !meaningless.contains(relation) {
            at = start
            throw failure("expected a version, found \(found)")
        }
    }

    private func caret(_ partial: Partial) throws(Failure) -> [Comparator] {
        guard let major = partial.major else { return [] }
        let (minor, patch) = (partial.minor ?? 0, partial.patch ?? 0)
        let isExact = partial.patch != nil && (major > 0 || !partial.prerelease.isEmpty)
        let low = isExact ? version(partial) : lowest(major, minor, patch)
        if major > 0 || partial.minor == nil { return [Comparator(.greaterOrEqual, low), try above([major])] }
        let fixed = minor > 0 || partial.patch == nil ? [0, minor] : [0, 0, patch]
        return [Comparator(.greaterOrEqual, low), try above(fixed)]
    }

    private func tilde(_ partial: Partial) throws(Failure) -> [Comparator] {
        guard let major = partial.major else { return [] }
        let fixed = partial.minor.map { [major, $0] } ?? [major]
        return [Comparator(.greaterOrEqual, version(partial)), try above(fixed)]
    }

    private func compared(
        _ relation: Comparator.Relation?, _ partial: Partial
    ) throws(Failure) -> [Comparator] {
        guard let major = partial.major else {
            return relation == .less || relation == .greater ? [Self.nothing] : []
        }
        if partial.patch != nil {
            try requirePlainPrefix(partial)
            return [Comparator(relation ?? .equal, version(partial))]
        }
        let low = lowest(major, partial.minor ?? 0, 0)
        switch relation {
        case nil, .equal: return [Comparator(.greaterOrEqual, low), try above(partial)]
        case .greaterOrEqual: return [Comparator(.greaterOrEqual, low)]
        case .less:
            return [Comparator(.less, SemanticVersion(major, partial.minor ?? 0, 0, prerelease: ["0"]))]
        case .lessOrEqual: return [try above(partial)]
        case .greater:
            let next = try above(partial).version
            return [Comparator(.greaterOrEqual, lowest(next.major, next.minor, next.patch))]
        }
    }

    // MARK: - Bounds

    private func version(_ partial: Partial) -> SemanticVersion {
        SemanticVersion(
            partial.major ?? 0, partial.minor ?? 0, partial.patch ?? 0,
            prerelease: partial.patch == nil ? [] : partial.prerelease)
    }

    /// The lower bound of what is left open: its first prerelease where prereleases are versions as others.
    private func lowest(_ major: UInt64, _ minor: UInt64, _ patch: UInt64) -> SemanticVersion {
        SemanticVersion(major, minor, patch, prerelease: includesPrereleases ? ["0"] : [])
    }

    private func above(_ partial: Partial) throws(Failure) -> Comparator {
        try above([partial.major, partial.minor, partial.patch].compactMap(\.self))
    }

    /// Below every version that begins with other numbers, their prereleases included.
    private func above(_ fixed: [UInt64]) throws(Failure) -> Comparator {
        var numbers = fixed
        let (next, overflow) = fixed[fixed.count - 1].addingReportingOverflow(1)
        if overflow { throw failure("a number that is too large") }
        numbers[fixed.count - 1] = next
        numbers += repeatElement(0, count: 3 - fixed.count)
        return Comparator(.less, SemanticVersion(numbers[0], numbers[1], numbers[2], prerelease: ["0"]))
    }

    private func requirePlainPrefix(_ partial: Partial) throws(Failure) {
        guard partial.prefix.isEmpty || partial.prefix == "v" else {
            throw Failure(offset: partial.offset, reason: "a whole version may have one v before it, nothing else")
        }
    }

    // MARK: - Characters

    private mutating func partial(prefixMayHaveSpace: Bool = false) throws(Failure) -> Partial {
        let start = at
        while take("v") || take("=") || (prefixMayHaveSpace && takeSpace()) {}
        var partial = Partial(prefix: String(decoding: bytes[start..<at], as: UTF8.self), offset: start)
        partial.numbers.append(try number())
        while partial.numbers.count < 3, take(".") { partial.numbers.append(try number()) }
        guard partial.numbers.count == 3 else { return partial }
        if take("-") { partial.prerelease = try identifiers(numbersMayHaveLeadingZeros: false) }
        if take("+") { _ = try identifiers(numbersMayHaveLeadingZeros: true) }
        return partial
    }

    private mutating func number() throws(Failure) -> UInt64? {
        if take("x") || take("X") || take("*") { return nil }
        let start = at
        while at < end, (0x30...0x39).contains(bytes[at]) { at += 1 }
        guard at > start else { throw failure("expected a number, x or *, found \(found)") }
        guard at == start + 1 || bytes[start] != 0x30 else {
            throw Failure(offset: start, reason: "a number with a leading zero")
        }
        guard let value = UInt64(String(decoding: bytes[start..<at], as: UTF8.self)) else {
            throw Failure(offset: start, reason: "a number that is too large")
        }
        return value
    }

    private mutating func identifiers(numbersMayHaveLeadingZeros: Bool) throws(Failure) -> [String] {
        let start = at
        while at < end, !Self.isSpace(bytes[at]), bytes[at] != UInt8(ascii: "+") { at += 1 }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        guard
            let identifiers = SemanticVersion.identifiers(
                text[...], numbersMayHaveLeadingZeros: numbersMayHaveLeadingZeros)
        else {
            throw Failure(
                offset: start,
                reason: "\"\(text)\" is not identifiers of letters, digits and hyphens with dots between them"
                    + (numbersMayHaveLeadingZeros ? "" : ", numbers without leading zeros"))
        }
        return identifiers
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private mutating func takeSpace() -> Bool {
        let start = at
        while at < end, Self.isSpace(bytes[at]) { at += 1 }
        return at > start
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard at < end, bytes[at] == UInt8(ascii: scalar) else { return false }
        at += 1
        return true
    }

    private func failure(_ reason: String) -> Failure { Failure(offset: at, reason: reason) }

    private var found: String {
        if at >= bytes.count { return "the end" }
        if at >= end { return "\"||\"" }
        return "\"\(String(decoding: bytes[at...], as: UTF8.self).first.map(String.init) ?? "")\""
    }
}
