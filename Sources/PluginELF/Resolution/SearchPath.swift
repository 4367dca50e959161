/// The words that the dynamic linker replaces in a search path.
enum SearchPath {
    /// - Parameter origin: folder of the file that holds the path; without it `$ORIGIN` stays, and names nothing.
    static func expand(_ text: String, origin: String?, on platform: Platform) -> String {
        guard text.contains("$") else { return text }
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if let (length, value) = word(rest, origin: origin, platform) {
                result += value
                rest = rest.dropFirst(length)
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private static func word(
        _ text: Substring, origin: String?, _ platform: Platform
    ) -> (length: Int, value: String)? {
        let values = [
            ("ORIGIN", origin), ("LIB", platform.library), ("PLATFORM", platform.word),
        ]
        for (name, value) in values {
            guard let value else { continue }
            if text.hasPrefix("${\(name)}") { return (name.count + 3, value) }
            guard text.hasPrefix("$\(name)") else { continue }
            let next = text.dropFirst(name.count + 1).first
            if next.map({ !$0.isLetter && !$0.isNumber && $0 != "_" }) ?? true { return (name.count + 1, value) }
        }
        return nil
    }
}
