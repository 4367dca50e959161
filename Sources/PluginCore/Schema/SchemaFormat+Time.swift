/// Dates and times (RFC 3339), durations (its appendix A).
extension SchemaFormat {
    /// A number of exactly so many digits.
    private static func number(_ bytes: Substring.UTF8View, digits: Int) -> Int? {
        guard bytes.count == digits, bytes.allSatisfy(isDigit) else { return nil }
        return bytes.reduce(0) { $0 * 10 + Int($1 & 0x0F) }
    }

    static func isDate(_ bytes: Substring.UTF8View) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, let year = number(parts[0], digits: 4), let month = number(parts[1], digits: 2),
            let day = number(parts[2], digits: 2), (1...12).contains(month)
        else { return false }
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }

    static func isTime(_ bytes: Substring.UTF8View) -> Bool {
        guard let mark = bytes.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "z") || "+-".utf8.contains($0) }),
            let offset = offset(bytes[mark...])
        else { return false }
        var clock = bytes[..<mark]
        if let dot = clock.firstIndex(of: UInt8(ascii: ".")) {
            let fraction = clock[clock.index(after: dot)...]
            guard !fraction.isEmpty, fraction.allSatisfy(isDigit) else { return false }
            clock = clock[..<dot]
        }
        let parts = clock.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 3, let hour = number(parts[0], digits: 2), let minute = number(parts[1], digits: 2),
            let second = number(parts[2], digits: 2), hour < 24, minute < 60, second <= 60
        else { return false }
        // A leap second comes at the end of a day in UTC.
        let day = 24 * 60
        return second < 60 || (hour * 60 + minute - offset + 2 * day) % day == day - 1
    }

    /// Minutes ahead of UTC.
    private static func offset(_ bytes: Substring.UTF8View) -> Int? {
        guard let sign = bytes.first else { return nil }
        if sign | 0x20 == UInt8(ascii: "z") { return bytes.count == 1 ? 0 : nil }
        let parts = bytes.dropFirst().split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2, let hours = number(parts[0], digits: 2), let minutes = number(parts[1], digits: 2),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    static func isDuration(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "P") else { return false }
        let halves = text.dropFirst().split(separator: "T", omittingEmptySubsequences: false)
        guard let days = halves.first, halves.count <= 2 else { return false }
        if days.utf8.last == UInt8(ascii: "W") { return halves.count == 1 && units(days, in: "W") != nil }
        guard let dayUnits = units(days, in: "YMD") else { return false }
        guard halves.count == 2 else { return dayUnits > 0 }
        return (units(halves[1], in: "HMS") ?? 0) > 0
    }

    /// How many numbers with a unit there are; nil if they are damaged, out of order, or leave out one between.
    private static func units(_ text: Substring, in order: String) -> Int? {
        var rest = text.utf8[...]
        var allowed = order.utf8[...]
        var count = 0
        while !rest.isEmpty {
            let digits = rest.prefix(while: isDigit)
            rest = rest.dropFirst(digits.count)
            guard !digits.isEmpty, let unit = rest.popFirst(), let place = allowed.firstIndex(of: unit),
                count == 0 || place == allowed.startIndex
            else { return nil }
            allowed = allowed[allowed.index(after: place)...]
            count += 1
        }
        return count
    }
}
