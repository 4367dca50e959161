/// Characters that steer a terminal, or pose as another line of a log.
package enum ControlCharacters {
    /// The text with each of them spelled out, such as `\\u{1b}`.
    package static func spelled(_ text: String, keeping kept: Set<Unicode.Scalar> = []) -> String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool {
            !kept.contains(scalar)
                && (scalar.properties.generalCategory == .control || scalar.properties.isBidiControl
                    || scalar == "\u{2028}" || scalar == "\u{2029}")
        }
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var spelled = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                spelled += scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                spelled.unicodeScalars.append(scalar)
            }
        }
        return spelled
    }
}
