/// Exact arithmetic on JSON numbers: an integer is never rounded to a double to be compared, and a double counts as the
/// decimal number it is written as, so that 0.3 is a multiple of 0.1.
enum SchemaNumber {
    /// Is `left` less than `right`? False unless both are numbers.
    static func isLess(_ left: JSON, _ right: JSON) -> Bool {
        switch (left, right) {
        case (.int(let left), .int(let right)): return left < right
        case (.double(let left), .double(let right)): return left < right
        case (.int(let left), .double(let right)):
            guard right < 0x1p63 else { return true }
            guard right >= -0x1p63 else { return false }
            // An integer is below a number if it is below that number rounded up.
            return left < Int64(right.rounded(.down)) || left == Int64(right.rounded(.down)) && right != right.rounded()
        case (.double(let left), .int(let right)):
            guard left < 0x1p63 else { return false }
            guard left >= -0x1p63 else { return true }
            return Int64(left.rounded(.down)) < right
        default: return false
        }
    }

    /// Is the number an integral multiple of the divisor, which is greater than zero?
    static func isMultiple(_ value: JSON, of divisor: JSON) -> Bool {
        guard let value = Decimal(value), let divisor = Decimal(divisor), divisor.digits > 0 else { return false }
        if value.digits == 0 { return true }
        let shift = value.exponent - divisor.exponent
        if shift >= 0 {
            return product(
                value.digits % divisor.digits, power(10, shift, modulo: divisor.digits), modulo: divisor.digits)
                == 0
        }
        // The digits have to be divisible by ten that often, and what is left by the divisor; 10^20 is above all digits.
        guard shift > -20 else { return false }
        var digits = value.digits
        for _ in shift..<0 {
            guard digits % 10 == 0 else { return false }
            digits /= 10
        }
        return digits % divisor.digits == 0
    }

    private static func product(_ left: UInt64, _ right: UInt64, modulo: UInt64) -> UInt64 {
        // Both are below the modulus, so the quotient fits.
        modulo.dividingFullWidth(left.multipliedFullWidth(by: right)).remainder
    }

    private static func power(_ base: UInt64, _ exponent: Int, modulo: UInt64) -> UInt64 {
        var result = 1 % modulo
        var square = base % modulo
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result = product(result, square, modulo: modulo) }
            square = product(square, square, modulo: modulo)
            rest >>= 1
        }
        return result
    }

    /// The magnitude of a number: digits times a power of ten.
    private struct Decimal {
        var digits: UInt64 = 0
        var exponent = 0

        init?(_ value: JSON) {
            switch value {
            case .int(let value): digits = value.magnitude
            case .double(let value):
                guard value.isFinite else { return nil }
                read(value.magnitude.description)
            default: return nil
            }
        }

        /// Swift's description of a double has at most 17 digits that count, and maybe an exponent.
        private mutating func read(_ text: String) {
            let parts = text.split(separator: "e")
            var isFraction = false
            for byte in (parts.first ?? "0").utf8 {
                guard byte != UInt8(ascii: ".") else {
                    isFraction = true
                    continue
                }
                digits = digits * 10 + UInt64(byte & 0x0F)
                if isFraction { exponent -= 1 }
            }
            if parts.count == 2 { exponent += Int(parts[1]) ?? 0 }
        }
    }
}

/// What two JSON values have in common exactly if they are equal for JSON Schema: numbers by their mathematical value,
/// strings by their code points (where Swift takes "é" and "e\u{301}" for equal).
struct SchemaValueKey: Hashable, Sendable {
    private let bytes: [UInt8]

    /// In bytes.
    var size: Int { bytes.count }

    init(_ value: JSON) { bytes = Array(Self.normalized(value).text.utf8) }

    private static func normalized(_ value: JSON) -> JSON {
        switch value {
        case .double(let number): Int64(exactly: number).map(JSON.int) ?? value
        case .array(let elements): .array(elements.map(normalized))
        case .object(let members): .object(members.mapValues(normalized))
        default: value
        }
    }
}

extension JSON {
    /// How many values it consists of, how many bytes its strings have, and how many arrays and
    /// objects are within each other, without recursion.
    var measure: (values: Int, bytes: Int, depth: Int) {
        var (values, bytes, depth) = (0, 0, 0)
        var open = [(self, 1)]
        while let (value, level) = open.popLast() {
            values += 1
            switch value {
            case .array(let elements):
                depth = max(depth, level)
                open += elements.map { ($0, level + 1) }
            case .object(let members):
                depth = max(depth, level)
                for (name, member) in members {
                    bytes += name.utf8.count
                    open.append((member, level + 1))
                }
            case .string(let text): bytes += text.utf8.count
            default: break
            }
        }
        return (values, bytes, depth)
    }
}
