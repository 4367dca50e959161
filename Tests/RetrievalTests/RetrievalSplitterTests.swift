import Testing

@testable import Retrieval

@Suite("Documents into passages")
struct RetrievalSplitterTests {
    private func split(_ text: String, path: String = "guide/page.md") -> Document {
        DocumentSplitter.split(path: path, bytes: Array(text.utf8), number: 3)
    }

    @Test("Markdown paragraphs carry their line and the headings above them")
    func markdown() {
        let document = split(
            """
            # Install

            Run the installer and wait.

            ## From source ##
            Get the code and build it.

            # Use

            Start it and look around.
            """)
        #expect(document.title == "Install")
        #expect(document.passages.map(\.line) == [3, 6, 10])
        #expect(document.passages.map(\.headings) == [["Install"], ["Install", "From source"], ["Use"]])
        #expect(document.passages.map(\.text).last == "Start it and look around.")
        #expect(document.passages.allSatisfy { $0.document == 3 })
    }

    @Test("Underlined headings take their levels from the order in which the underlines appear")
    func underlinedHeadings() {
        let document = split(
            """
            =========
            The Title
            =========

            Some words at the top.

            Part
            ----

            Some words in a part.

            Detail
            ~~~~~~

            Some words of detail here.

            Other part
            ----------

            Some words in another part.
            """)
        #expect(document.title == "The Title")
        #expect(
            document.passages.map(\.headings) == [
                ["The Title"], ["The Title", "Part"], ["The Title", "Part", "Detail"], ["The Title", "Other part"],
            ])
    }

    @Test("A fenced block stays whole, blank lines and marks included")
    func fences() {
        let document = split(
            "Look at this example here:\n\n```sh\n# not a heading\n\nmake\n```\n\nThen read on from here.\n")
        #expect(document.passages.count == 2)
        #expect(document.passages.first?.text.contains("# not a heading\n\nmake") == true)
        #expect(document.passages.first?.line == 1)
        #expect(document.passages.allSatisfy { $0.headings.isEmpty })
    }

    @Test("An unclosed fence reaches to the end and loses nothing")
    func unclosedFence() {
        let document = split("```\none\n\ntwo\n\nthree")
        #expect(document.passages.map(\.text).joined() == "```\none\n\ntwo\n\nthree")
    }

    @Test("A block between equal lines is no heading and stays whole")
    func delimitedBlock() {
        let document = split(
            "The command is as simple as this\n\n------------------------\n$ run\n\n$ stop\n------------------------\n")
        #expect(document.passages.count == 2)
        #expect(document.passages.last?.text.contains("$ run\n\n$ stop") == true)
        #expect(document.passages.allSatisfy { $0.headings.isEmpty })
    }

    @Test("Front matter gives the title")
    func frontMatter() {
        let document = split(
            "---\ntitle: \"Copy files\"\nkeywords: copy, file\n---\n\n# cp\n\nCopies files from here to there.\n")
        #expect(document.title == "Copy files")
        #expect(document.passages.count == 2)
        #expect(document.passages.last?.headings == ["cp"])
    }

    @Test("A file without headings is called by its name")
    func plainText() {
        #expect(split("just some plain words here", path: "a/notes.txt").title == "notes.txt")
        #expect(split("", path: "empty.txt").passages.isEmpty)
        #expect(split("\n\n  \n").passages.isEmpty)
    }

    @Test("Windows line ends count as line ends")
    func carriageReturns() {
        let document = split("# Title\r\n\r\nOne two three four.\r\n\r\nFive six seven eight.\r\n")
        #expect(document.title == "Title")
        #expect(document.passages.map(\.text) == ["One two three four.", "Five six seven eight."])
        #expect(document.passages.map(\.line) == [3, 5])
    }

    @Test("Long paragraphs and endless lines are cut without losing a word")
    func longText() {
        let lines = (0..<400).map { "line number \($0) of a very long paragraph" }
        let document = split(lines.joined(separator: "\n"))
        #expect(document.passages.count > 5)
        #expect(document.passages.allSatisfy { $0.text.utf8.count < 2 * DocumentSplitter.longPassage })
        #expect(document.passages.map(\.text).joined(separator: "\n") == lines.joined(separator: "\n"))

        let endless = (0..<5000).map { "wörd\($0)" }.joined(separator: " ")
        let cut = split(endless)
        #expect(cut.passages.allSatisfy { $0.text.utf8.count <= DocumentSplitter.longLine && $0.line == 1 })
        #expect(cut.passages.map(\.text).joined() == endless)
    }

    @Test("A heading without a paragraph below it is a passage under the headings above it, in the file's order")
    func emptyHeadings() {
        let document = split(
            """
            # Guide
            ## Teleport
            ## Levitate ##
            ### Upwards
            ## Walk

            Put one foot before the other.

            Swim
            ----

            ======
            Tunnel
            ======
            """)
        #expect(
            document.passages.map(\.text) == [
                "Teleport", "Levitate", "Upwards", "Put one foot before the other.", "Swim", "Tunnel",
            ])
        #expect(document.passages.map(\.line) == [2, 3, 4, 7, 9, 13])
        #expect(
            document.passages.prefix(4).map(\.headings) == [
                ["Guide"], ["Guide"], ["Guide", "Levitate"], ["Guide", "Walk"],
            ])
    }

    @Test("A file of headings alone gives each of them, outermost first")
    func onlyHeadings() {
        let document = split("# One\n## Two\n## Three\n# Four")
        #expect(document.passages.map(\.text) == ["One", "Two", "Three", "Four"])
        #expect(document.passages.map(\.line) == [1, 2, 3, 4])
        #expect(document.passages.map(\.headings) == [[], ["One"], ["One"], []])
    }

    @Test("A heading alone is not joined to what follows or leads in to it")
    func emptyHeadingStaysApart() {
        let document = split("# Same\n\n## Part\n\n# Same\n\nThis comes next:\n\n## Part\n")
        #expect(document.passages.map(\.text) == ["Same", "Part", "This comes next:", "Part"])
        let twice = split("Read:\n\n# Alone\n\n# Top\n\nOne:\n\nTwo three four five.")
        #expect(twice.passages.map(\.text) == ["Read:", "Alone", "One:\n\nTwo three four five."])
    }

    @Test("An endless heading is cut as any line is")
    func endlessHeading() {
        let document = split("# " + String(repeating: "ä", count: 9000))
        #expect(document.passages.count > 1)
        #expect(document.passages.allSatisfy { $0.text.utf8.count <= DocumentSplitter.longLine && $0.line == 1 })
        #expect(document.passages.map(\.text).joined().count { $0 == "ä" } == 9000)
    }

    @Test("A file's name is on one line where it is the title, and the path stays as it is")
    func controlCharactersInPath() {
        let path = "dir\nname/a\nb\r\nc\u{1B}[2Jd\u{7F}e\u{85}f\u{2028}g.txt"
        let document = split("plain words without a heading here", path: path)
        #expect(document.title == "a b  c [2Jd e f g.txt")
        #expect(document.path == path)
        #expect(document.passages.map(\.text) == ["plain words without a heading here"])
        #expect(document.passages.allSatisfy { $0.headings.isEmpty })
    }

    @Test("Any bytes give passages and no line beyond the file's end")
    func noise() {
        var state: UInt32 = 12345
        for round in 0..<300 {
            let alphabet: [UInt8] = Array("ab \n\n\n=-~`#:.\t\r".utf8) + [0x80, 0xC3, 0xE2, 0x00]
            let bytes = (0..<(round * 3)).map { _ in
                state = state &* 1_664_525 &+ 1_013_904_223
                return alphabet[Int(state >> 16) % alphabet.count]
            }
            let document = DocumentSplitter.split(path: "noise", bytes: bytes, number: 0)
            let lineCount = bytes.count { $0 == 0x0A } + 1
            #expect(document.passages.allSatisfy { $0.line >= 1 && $0.line <= lineCount }, "bytes: \(bytes)")
        }
    }
}
