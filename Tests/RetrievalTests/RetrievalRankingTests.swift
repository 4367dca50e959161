import Testing

@testable import Retrieval

@Suite("Ranking passages")
struct RetrievalRankingTests {
    private static let pages = [
        (
            "stash.md",
            "# Stash\n\nKeeps unfinished changes aside until they are wanted again.\n\nUse pop to get them back."
        ),
        (
            "clean.md",
            "# Clean\n\nRemoves untracked files from the working folder.\n\nWith -n nothing is removed, only listed."
        ),
        ("push.md", "# Push\n\nUploads commits to another repository.\n\nA hook there may refuse the upload."),
        ("style.md", "# Style\n\nLines have at most 120 columns.\n\nFiles end with a line feed."),
    ]

    private static let documents = pages.enumerated().map { number, page in
        DocumentSplitter.split(path: page.0, bytes: Array(page.1.utf8), number: number)
    }

    private let index = LexicalIndex(Self.documents)

    private func files(_ question: String, dense: [HybridRanker.DenseHit] = [], limit: Int = 8) -> [String] {
        HybridRanker.rank(question, in: index, dense: dense, limit: limit).map {
            Self.documents[index.documentOfPassage[$0.passage]].path
        }
    }

    @Test(
        "A question in a user's words finds the page that uses others",
        arguments: [
            ("how do I delete junk that was never added", "clean.md"),
            ("send my work to the server", "push.md"),
            ("pushing", "push.md"),
            ("how wide may a line be", "style.md"),
        ])
    func findsPage(_ question: String, _ expected: String) {
        #expect(files(question).first == expected)
    }

    @Test("The first passages come from different documents")
    func distinctDocuments() {
        let found = files("files or lines removed, changes back, upload a repository")
        let leading = found.prefix(4)
        #expect(Set(leading).count == leading.count)
        #expect(leading.count >= 3)
    }

    @Test("No passage is returned twice, and no more than were asked for")
    func limits() {
        for limit in [0, 1, 3, 100] {
            let ranked = HybridRanker.rank("remove files and lines", in: index, dense: [], limit: limit)
            #expect(ranked.count <= limit)
            #expect(Set(ranked.map(\.passage)).count == ranked.count)
            #expect(ranked.allSatisfy { $0.score > 0 && $0.score <= 1 })
        }
    }

    @Test("Vectors alone can bring a passage in that shares no word with the question")
    func denseAlone() {
        #expect(files("zebra giraffe").isEmpty)
        let hits = [HybridRanker.DenseHit(passage: 4, score: 0.7), HybridRanker.DenseHit(passage: 1, score: 0.1)]
        #expect(files("zebra giraffe", dense: hits) == ["push.md"])
    }

    @Test("A strong vector hit decides between pages that the words leave level")
    func denseDecides() {
        let question = "files"
        let style = Self.documents.firstIndex { $0.path == "style.md" }.flatMap {
            index.documentOfPassage.lastIndex(of: $0)
        }
        let clean = index.documentOfPassage.firstIndex(of: 1)
        for (passage, file) in [(style, "style.md"), (clean, "clean.md")] {
            if let passage {
                #expect(files(question, dense: [.init(passage: passage, score: 0.9)]).first == file)
            }
        }
    }

    @Test("Hits that make no sense are ignored")
    func hostileHits() {
        let hits = [
            HybridRanker.DenseHit(passage: -1, score: 0.9), HybridRanker.DenseHit(passage: 999, score: 0.9),
            HybridRanker.DenseHit(passage: 0, score: .nan), HybridRanker.DenseHit(passage: 0, score: .infinity),
        ]
        #expect(files("upload", dense: hits) == files("upload"))
    }

    @Test("An index of nothing answers nothing")
    func emptyIndex() {
        let empty = LexicalIndex([])
        #expect(HybridRanker.rank("anything", in: empty, dense: [], limit: 5).isEmpty)
        let hollow = LexicalIndex([Document(path: "a.md", title: "", passages: [])])
        #expect(HybridRanker.rank("anything", in: hollow, dense: [], limit: 5).isEmpty)
        #expect(files("").isEmpty)
        #expect(files("what is the").isEmpty)
    }

    @Test("Scores are the same whenever the same documents are indexed")
    func deterministic() {
        let again = LexicalIndex(Self.documents)
        for question in ["remove files", "upload commits to the server", "lines"] {
            #expect(
                HybridRanker.rank(question, in: index, dense: [], limit: 8)
                    == HybridRanker.rank(question, in: again, dense: [], limit: 8))
        }
    }

    @Test("What is embedded begins with the headings, or with the title where there are none")
    func embeddingText() {
        let document = Document(path: "a.md", title: "Title", passages: [])
        let inside = Passage(document: 0, line: 4, headings: ["Install", "Linux"], text: "Run it.")
        let top = Passage(document: 0, line: 1, headings: [], text: "Hello.")
        #expect(EmbeddingText.make(inside, in: document) == "Install Linux\nRun it.")
        #expect(EmbeddingText.make(top, in: document) == "Title\nHello.")
    }
}
