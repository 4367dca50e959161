import Foundation
import Testing

@testable import Retrieval

@Suite("Words, stems and the thesaurus")
struct RetrievalWordTests {
    @Test(
        "A text falls into lowercase words, compounds into their parts as well",
        arguments: [
            ("Stop the server, now!", ["stop", "the", "server", "now"]),
            ("readFile UTF8 utf8 Git", ["readfile", "read", "file", "utf8", "utf", "utf8", "git"]),
            ("HTTPServer", ["httpserver", "http", "server"]),
            ("CAFÉ ПРИ naïve", ["café", "при", "naïve"]),
            ("“quoted”—dash", ["quoted", "dash"]),
            ("中文 text", ["中", "文", "text"]),
            (String(repeating: "x", count: 40) + " short", ["short"]),
            ("", []),
            ("--- ...", []),
        ])
    func words(_ text: String, _ expected: [String]) {
        #expect(WordReader.words(of: text) == expected)
    }

    @Test("Bytes that are not UTF-8 separate words")
    func invalidBytes() {
        let bytes: [UInt8] =
            Array("a".utf8) + [0x80] + Array("z".utf8) + [0xC0, 0xAF, 0x62, 0xED, 0xA0, 0x80, 0x63, 0xE2, 0x82]
        var words: [String] = []
        WordReader.read(bytes.span) { words.append(String(decoding: $0, as: UTF8.self)) }
        #expect(words == ["a", "z", "b", "c"])
    }

    @Test(
        "Forms of a word share a stem",
        arguments: [
            ("configured", "configuration"), ("deleting", "deleted"), ("stopped", "stops"),
            ("directories", "directory"),
            ("branches", "branch"), ("installation", "installed"), ("compressed", "compression"), ("quickly", "quick"),
        ])
    func stems(_ first: String, _ second: String) {
        #expect(Stemmer.stem(first) == Stemmer.stem(second))
    }

    @Test("Stemming never empties a word, and leaves numbers and other scripts alone")
    func stemmingIsBounded() {
        for word in ["ieing", "ssss", "eeee", "ness", "ment", "ingly", "ies", "seded", "yyyy"] {
            #expect(!Stemmer.stem(word).isEmpty)
            #expect(Stemmer.stem(word).count <= word.utf8.count)
        }
        #expect(Stemmer.stem("1234s") == Array("1234s".utf8))
        #expect(Stemmer.stem("w1000") == Array("w1000".utf8))
        #expect(Stemmer.stem("cafés") == Array("cafés".utf8))
    }

    @Test("A head stands for its related words more than they stand for it")
    func thesaurusDirections() {
        let thesaurus = Thesaurus("delete remove throw_away\nstop halt")
        let delete = TermHash.of(Stemmer.stem("delete"))
        let remove = TermHash.of(Stemmer.stem("removing"))
        #expect(thesaurus.related(to: delete) == [Thesaurus.Relation(term: remove, weight: 1)])
        #expect(thesaurus.related(to: remove) == [Thesaurus.Relation(term: delete, weight: 0.7)])
        #expect(thesaurus.heads(of: "throw", "away") == [delete])
        #expect(thesaurus.heads(of: "away", "throw").isEmpty)
    }

    @Test("A question's words become groups, stop words left out, each word once")
    func questionGroups() {
        let question = Question("How do I remove the branch I removed?", thesaurus: Thesaurus("delete remove"))
        #expect(question.groups.count == 2)
        #expect(question.groups.first?.count == 2)
        #expect(question.groups.first?.first?.weight == 1)
        #expect(Question("what is the", thesaurus: .standard).groups.isEmpty)
    }

    @Test("The plugin hash-embedder has the same thesaurus and the same stop words")
    func agreesWithPlugin() throws {
        let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        let root = folder.deletingLastPathComponent().deletingLastPathComponent()
        func source(_ path: String) throws -> String {
            let url = root.appending(path: "SamplePlugins/hash-embedder/src/" + path)
            return try String(contentsOf: url, encoding: .utf8)
        }
        let table = try source("thesaurus_table.c")
        let lines = table.split(separator: "\n").filter { $0.hasPrefix("    \"") }.map { $0.dropFirst(5).dropLast(2) }
        #expect(lines.joined(separator: "\n") == ThesaurusTable.lines)
        let stopWords = try source("stop_words.c").split(separator: "\"").enumerated()
            .filter { $0.offset > 4 && $0.offset % 2 == 1 }.map(\.element)
        #expect(stopWords.count > 100)
        #expect(stopWords.allSatisfy { StopWords.contains(Array($0.utf8)) })
    }
}
