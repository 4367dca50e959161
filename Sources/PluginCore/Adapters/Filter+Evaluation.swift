#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

extension Filter {
    /// Does the filter admit an item? The definition of every operation, and what the host evaluates for a backend that
    /// cannot. `native` conditions, which only a backend understands, admit nothing.
    public func admits(id: String, metadata: JSON) -> Bool {
        switch self {
        case .all: true
        case .none, .native: false
        case .and(let parts): parts.allSatisfy { $0.admits(id: id, metadata: metadata) }
        case .or(let parts): parts.contains { $0.admits(id: id, metadata: metadata) }
        case .not(let part): !part.admits(id: id, metadata: metadata)
        case .ids(let ids): ids.contains(id)
        case .equal(let field, let value): any(field, metadata) { value.equals($0) }
        case .notEqual(let field, let value): every(field, metadata) { !value.equals($0) }
        case .less(let field, let value): any(field, metadata) { value.compares($0, >) }
        case .lessOrEqual(let field, let value): any(field, metadata) { value.compares($0, >=) }
        case .greater(let field, let value): any(field, metadata) { value.compares($0, <) }
        case .greaterOrEqual(let field, let value): any(field, metadata) { value.compares($0, <=) }
        case .in(let field, let values): any(field, metadata) { member in values.contains { $0.equals(member) } }
        case .notIn(let field, let values): every(field, metadata) { member in !values.contains { $0.equals(member) } }
        case .exists(let field): metadata.member(field) != nil
        case .isNull(let field): metadata.member(field) == .null
        case .prefix(let field, let text):
            any(field, metadata) { $0.stringValue.map { $0.utf8.starts(with: text.utf8) } ?? false }
        case .contains(let field, let value): Self.contains(metadata.member(field), value)
        case .between(let field, let low, let high):
            any(field, metadata) { low.compares($0, <=) && high.compares($0, >=) }
        case .allOf(let field, let values):
            metadata.member(field).map { member in
                let elements = member.arrayValue ?? [member]
                return values.allSatisfy { value in elements.contains { value.equals($0) } }
            } ?? false
        case .size(let field, let range):
            switch metadata.member(field) {
            case .array(let elements): range.contains(elements.count)
            case .string(let text): range.contains(text.unicodeScalars.count)
            default: false
            }
        case .isEmpty(let field):
            switch metadata.member(field) {
            case .null: true
            case .string(let text): text.isEmpty
            case .array(let elements): elements.isEmpty
            case .object(let members): members.isEmpty
            default: false
            }
        case .match(let field, let text, let caseSensitive):
            any(field, metadata) { member in
                guard let value = member.stringValue else { return false }
                let words = Words(value, caseSensitive).set
                return Words(text, caseSensitive).set.isSubset(of: words)
            }
        case .geoRadius(let field, let latitude, let longitude, let meters):
            any(field, metadata) { place in
                guard let lat = place["lat"]?.doubleValue, let lon = place["lon"]?.doubleValue else { return false }
                return Self.distance(lat, lon, latitude, longitude) <= meters
            }
        }
    }

    private func any(_ field: String, _ metadata: JSON, _ predicate: (JSON) -> Bool) -> Bool {
        guard let member = metadata.member(field) else { return false }
        return member.arrayValue?.contains(where: predicate) ?? predicate(member)
    }

    private func every(_ field: String, _ metadata: JSON, _ predicate: (JSON) -> Bool) -> Bool {
        guard let member = metadata.member(field) else { return false }
        return member.arrayValue?.allSatisfy(predicate) ?? predicate(member)
    }

    private static func contains(_ member: JSON?, _ value: Value) -> Bool {
        switch (member, value) {
        case (.array(let elements), _): elements.contains { value.equals($0) }
        case (.string(let text), .string(let part)): part.isEmpty || text.utf8.contains(bytes: part.utf8)
        default: false
        }
    }

    /// Along the great circle of a sphere of the earth's mean radius, by the haversine formula.
    private static func distance(_ lat1: Double, _ lon1: Double, _ lat2: Double, _ lon2: Double) -> Double {
        let radians = Double.pi / 180
        let (a, b) = (sin((lat2 - lat1) * radians / 2), sin((lon2 - lon1) * radians / 2))
        let h = a * a + cos(lat1 * radians) * cos(lat2 * radians) * b * b
        // Rounding may take it above 1; not a number stays what it is, and is within no radius.
        return 2 * 6_371_008.8 * asin(h > 1 ? 1 : h.squareRoot())
    }

    private struct Words {
        var set: Set<[UInt8]> = []

        init(_ text: String, _ caseSensitive: Bool) {
            var word: [UInt8] = []
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(caseSensitive ? byte : byte | 0x20)
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
                    word.append(byte)
                default:
                    if !word.isEmpty { set.insert(word) }
                    word = []
                }
            }
            if !word.isEmpty { set.insert(word) }
        }
    }
}

extension Filter.Value {
    /// Numbers by value, text by bytes; different kinds are unequal.
    func equals(_ json: JSON) -> Bool {
        switch (self, json) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        default: compares(json, ==)
        }
    }

    /// `value <relation> json`, for numbers and for text; false for everything else.
    func compares(_ json: JSON, _ relation: (Int, Int) -> Bool) -> Bool {
        guard let order = order(json) else { return false }
        return relation(order, 0)
    }

    /// Below, at or above 0 as the value is below, equal to or above the other; nil if they have no order.
    private func order(_ json: JSON) -> Int? {
        switch (self, json) {
        case (.int(let a), .int(let b)): a < b ? -1 : a == b ? 0 : 1
        case (.double(let a), .double(let b)): a < b ? -1 : a == b ? 0 : a > b ? 1 : nil
        case (.int(let a), .double(let b)): Self.order(a, b)
        case (.double(let a), .int(let b)): Self.order(b, a).map { -$0 }
        case (.string(let a), .string(let b)):
            a.utf8.elementsEqual(b.utf8) ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
        default: nil
        }
    }

    /// Exactly, although not every Int64 is a Double.
    private static func order(_ a: Int64, _ b: Double) -> Int? {
        guard !b.isNaN else { return nil }
        if b >= 0x1p63 { return -1 }
        if b < -0x1p63 { return 1 }
        let whole = Int64(b.rounded(.towardZero))
        if a != whole { return a < whole ? -1 : 1 }
        let fraction = b - Double(whole)
        return fraction > 0 ? -1 : fraction < 0 ? 1 : 0
    }
}

extension JSON {
    /// The member of this name; or, if there is none and the name is a path, the member of the member.
    fileprivate func member(_ name: String) -> JSON? {
        if let member = self[name] { return member }
        var value = self
        let path = name.split(separator: "/", omittingEmptySubsequences: false)
        guard path.count > 1 else { return nil }
        for key in path {
            guard let next = value[String(key)] else { return nil }
            value = next
        }
        return value
    }
}

extension String.UTF8View {
    fileprivate func contains(bytes part: String.UTF8View) -> Bool {
        var rest = self[...]
        while rest.count >= part.count {
            if rest.starts(with: part) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
