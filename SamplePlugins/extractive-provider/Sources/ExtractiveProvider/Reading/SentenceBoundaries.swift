/// Finds where sentences end in a paragraph.
enum SentenceBoundaries {
    /// After these a full stop ends no sentence.
    private static let abbreviations: Set<String> = [
        "e.g", "i.e", "cf", "vs", "viz", "mr", "mrs", "ms", "dr", "prof", "st", "fig", "figs", "eq", "sec", "no", "nos",
        "vol", "pp", "p", "ch", "ca", "approx", "resp", "dept", "est", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
        "sep", "sept", "oct", "nov", "dec", "z.b", "d.h", "u.a", "bzw", "ggf", "nr", "s.o", "vgl", "sr", "sra", "m",
        "mme",
    ]
    /// After these it ends one if a capital letter follows.
    private static let weakAbbreviations: Set<String> = [
        "etc", "al", "inc", "ltd", "co", "corp", "jr", "usw", "a.m", "p.m", "u.s", "u.k",
    ]
    /// What may stand between a sentence's mark and the space after it.
    private static let closers: Set<Character> = ["\"", "'", ")", "]", "”", "’", "»", "*", "_", "」", "』", "）"]
    /// How far a bracket is followed; further off, it was never meant to close.
    private static let bracketReach = 240

    /// The sentences, without the white space around them. Nothing of the text is lost but white space.
    static func split(_ paragraph: String) -> [String] {
        let text = Array(paragraph)
        var sentences: [String] = []
        var start = 0
        var next = 0
        func close(at end: Int) {
            let piece = String(text[start..<end]).trimmed
            if !piece.isEmpty { sentences.append(String(piece)) }
            start = end
        }
        while next < text.count {
            switch text[next] {
            case "`": next = codeEnd(text, next)
            case "(", "[", "（": next = bracketEnd(text, next)
            case ".", "!", "?", "…", "。", "！", "？", "؟", "।":
                var end = next + 1
                while end < text.count, ".!?…。！？".contains(text[end]) { end += 1 }
                let mark = next
                while end < text.count, closers.contains(text[end]) { end += 1 }
                if endsSentence(text, start: start, mark: mark, end: end) { close(at: end) }
                next = end
            default: next += 1
            }
        }
        close(at: text.count)
        return sentences
    }

    private static func endsSentence(_ text: [Character], start: Int, mark: Int, end: Int) -> Bool {
        guard end < text.count else { return true }
        // These scripts put no space after a sentence.
        if "。！？।".contains(text[mark]) { return true }
        guard text[end].isWhitespace else { return false }
        guard let follower = text[end...].first(where: { !$0.isWhitespace }) else { return true }
        if text[mark] == "!" || text[mark] == "?" || text[mark] == "؟" { return true }
        if text[mark] == "…" || mark + 1 < end && text[mark + 1] == "." { return !follower.isLowercase }
        var word: [Character] = []
        var place = mark - 1
        while place >= start, !text[place].isWhitespace, word.count < 16 {
            word.append(text[place])
            place -= 1
        }
        let token = String(word.reversed().drop { !$0.isLetter && !$0.isNumber }).lowercased()
        if abbreviations.contains(token) { return false }
        if weakAbbreviations.contains(token) { return !follower.isLowercase }
        // "J. Smith", and the "1." that numbers what follows.
        if token.count == 1, let letter = token.first, letter.isLetter, letter.isASCII, letter != "i" { return false }
        if place < start, !token.isEmpty, token.allSatisfy(\.isNumber) { return false }
        return true
    }

    /// After the code span that begins here; after the marks alone if none does.
    private static func codeEnd(_ text: [Character], _ start: Int) -> Int {
        var length = 0
        while start + length < text.count, text[start + length] == "`" { length += 1 }
        var next = start + length
        // A span that runs over half a page is a lost mark.
        let limit = min(text.count, next + 400)
        while next < limit {
            guard text[next] == "`" else {
                next += 1
                continue
            }
            var run = 0
            while next + run < text.count, text[next + run] == "`" { run += 1 }
            if run == length { return next + run }
            next += run
        }
        return start + length
    }

    /// After the bracket that closes this one; after this one if none does nearby.
    private static func bracketEnd(_ text: [Character], _ start: Int) -> Int {
        let pairs: [Character: Character] = ["(": ")", "[": "]", "（": "）"]
        let open = text[start]
        let close = pairs[open]
        var depth = 0
        for place in start..<min(text.count, start + bracketReach) {
            if text[place] == open { depth += 1 }
            if text[place] == close {
                depth -= 1
                if depth == 0 { return place + 1 }
            }
        }
        return start + 1
    }
}
