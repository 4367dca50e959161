import Testing

@testable import Retrieval

@Suite("Encodings of documents")
struct RetrievalEncodingTests {
    private func split(_ bytes: [UInt8]) -> Document {
        DocumentSplitter.split(path: "page.md", bytes: bytes, number: 0)
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    @Test("A byte order mark hides neither the first heading nor front matter, and is in no text")
    func byteOrderMark() {
        let headed = split(Self.mark + Array("# Title\n\nSome words below it.\n".utf8))
        #expect(headed.title == "Title")
        #expect(headed.passages.map(\.headings) == [["Title"]])
        #expect(headed.passages.map(\.line) == [3])

        let front = split(Self.mark + Array("---\ntitle: Front\n---\n\nSome words below it.\n".utf8))
        #expect(front.title == "Front")

        let plain = split(Self.mark + Array("Some plain words here.".utf8))
        #expect(plain.passages.map { Array($0.text.utf8) } == [Array("Some plain words here.".utf8)])
        #expect(split(Self.mark).passages.isEmpty)
    }

    @Test("Latin-1 is read as what it says, in paragraphs and in headings")
    func latin1() {
        let text: [UInt8] = Array(
            "# K\u{E4}nguru\n\nDas K\u{E4}nguru h\u{FC}pft \u{FC}ber Stra\u{DF}en.".unicodeScalars.map {
                UInt8($0.value)
            })
        let document = split(text)
        #expect(document.title == "Känguru")
        #expect(document.passages.map(\.text) == ["Das Känguru hüpft über Straßen."])

        let other = DocumentSplitter.split(path: "other.md", bytes: Array("Ein Wombat gräbt.".utf8), number: 1)
        let found = HybridRanker.rank("Känguru", in: LexicalIndex([document, other]), dense: [], limit: 5)
        #expect(found.map(\.passage) == [0])
    }

    @Test("Windows-1252 has quotation marks, dashes and the euro sign where Latin-1 has control characters")
    func windows1252() {
        let text: [UInt8] = Array("costs 5 ".utf8) + [0x80, 0x20, 0x96, 0x20, 0x93] + Array("cheap".utf8) + [0x94]
        #expect(split(text).passages.map(\.text) == ["costs 5 € – “cheap”"])
        // Five bytes stand for nothing there.
        #expect(
            split([0x81, 0x8D, 0x8F, 0x90, 0x9D]).passages.map(\.text) == ["\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"])
    }

    @Test("Every byte that is no ASCII is read by itself between ASCII, and the printable ones of Latin-1 as Latin-1")
    func singleBytes() {
        for byte in UInt8(0xA0)...0xFF {
            let expected = "x\(Character(Unicode.Scalar(byte)))x"
            #expect(split([0x78, byte, 0x78]).passages.map(\.text) == [expected], "byte \(byte)")
        }
    }

    @Test("UTF-8 beside stray bytes stays UTF-8, and lines keep their numbers")
    func mixed() {
        let text =
            Array("Grüße 日本語 🦘 here\n\n".utf8) + [0xE4, 0x0A, 0x0A, 0xE2, 0x82, 0x0A] + Array("ende € of it".utf8)
        let document = split(text)
        #expect(document.passages.map(\.line) == [1, 3])
        #expect(document.passages.map(\.text) == ["Grüße 日本語 🦘 here", "ä\n\nâ‚\nende € of it"])
    }

    @Test("A sequence cut off by the end of the file is read byte by byte")
    func cutOff() {
        #expect(
            split(Array("four words and then ".utf8) + [0xF0, 0x9F]).passages.map(\.text) == ["four words and then ðŸ"])
    }
}
