/// The words of a text, as they are compared: in lower case, stemmed.
enum Words {
    struct Word: Equatable {
        /// What is compared.
        var stem: String
        /// A function word, or one that belongs to asking.
        var isStopWord: Bool
    }

    /// The longest word that is compared whole; what is longer is no word.
    private static let longest = 64

    /// Runs of letters and digits. Identifiers come apart (`maxTokens`, `max_tokens`), numbers with dots stay whole,
    /// and scripts without spaces give pairs of characters, which is how they are searched.
    static func of(_ text: String) -> [Word] {
        var words: [Word] = []
        var run: [Unicode.Scalar] = []
        var unspaced: [Unicode.Scalar] = []
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if isUnspaced(scalar) {
                close(&run, into: &words)
                unspaced.append(scalar)
                continue
            }
            closeUnspaced(&unspaced, into: &words)
            if isWord(scalar) {
                if let last = run.last, isLower(last), scalar.properties.isUppercase { close(&run, into: &words) }
                run.append(scalar)
            } else if scalar == "." || scalar == ",", let last = run.last, isDigit(last), index + 1 < scalars.count,
                isDigit(scalars[index + 1])
            {
                run.append(scalar)
            } else if scalar == "'" || scalar == "’", !run.isEmpty, index + 1 < scalars.count,
                isWord(scalars[index + 1])
            {
                // "don't" and "it's" are one word; their halves mean nothing.
                run.append("'")
            } else {
                close(&run, into: &words)
            }
        }
        close(&run, into: &words)
        closeUnspaced(&unspaced, into: &words)
        return words
    }

    private static func close(_ run: inout [Unicode.Scalar], into words: inout [Word]) {
        defer { run.removeAll(keepingCapacity: true) }
        guard !run.isEmpty, run.count <= longest else { return }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: run)
        var word = String(text).lowercased()
        if word.hasSuffix("'s") { word.removeLast(2) }
        guard !word.isEmpty else { return }
        words.append(Word(stem: Stemmer.stem(word), isStopWord: StopWords.all.contains(word)))
    }

    private static func closeUnspaced(_ run: inout [Unicode.Scalar], into words: inout [Word]) {
        defer { run.removeAll(keepingCapacity: true) }
        guard !run.isEmpty else { return }
        guard run.count > 1 else {
            words.append(Word(stem: String(run[0]), isStopWord: false))
            return
        }
        for (first, second) in zip(run, run.dropFirst()) {
            // Pairs of Hiragana alone are grammar.
            let isGrammar = isHiragana(first) && isHiragana(second)
            words.append(Word(stem: String(first) + String(second), isStopWord: isGrammar))
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return isDigit(scalar) || isLower(scalar) || (0x41...0x5A).contains(scalar.value) }
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || scalar.properties.generalCategory == .nonspacingMark
    }

    private static func isLower(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? (0x61...0x7A).contains(scalar.value) : scalar.properties.isLowercase
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { (0x30...0x39).contains(scalar.value) }

    private static func isHiragana(_ scalar: Unicode.Scalar) -> Bool { (0x3041...0x309F).contains(scalar.value) }

    /// Thai, Hiragana, Katakana, Han, and Hangul, whose endings would hide the word.
    private static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0E00...0x0E7F, 0x3041...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0x20000...0x2FA1F:
            true
        default: false
        }
    }
}
