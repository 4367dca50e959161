import Foundation

/// Text scores of passages and of whole documents for a question: BM25 over several fields, with a thesaurus.
///
/// A value; once built it may be asked from any thread.
public struct LexicalIndex: Sendable {
    /// BM25 sums; only their order and their ratios mean anything. Zero: no word of the question, nor a related one.
    public struct Scores: Sendable {
        /// One a passage, in the order of the documents.
        public var passages: [Float]
        /// One a document.
        public var documents: [Float]
    }

    /// Of every passage, in the order of the documents, the index of its document.
    public let documentOfPassage: [Int]

    /// Passages of each document; a document may have none.
    private let passagesOfDocument: [Range<Int>]
    /// Passages below each distinct run of headings.
    private let passagesOfSection: [Range<Int>]
    private let documentOfSection: [Int]

    private let vocabulary: Vocabulary
    private let bodies, headings, titles, paths, leads: TermPostings

    private let bodyNorms, headingNorms, titleNorms, pathNorms: [Float]
    private let wholeNorms, outlineNorms, documentTitleNorms, documentPathNorms, leadNorms: [Float]

    /// How much each field counts. Found on question sets about one group of projects and confirmed on another; see
    /// Tests/Benchmarks/Retrieval.
    private enum Weight {
        static let passageHeading: Float = 0.3
        static let passageTitle: Float = 2
        static let passagePath: Float = 1
        static let passageSaturation: Float = 1.2
        static let outline: Float = 1
        static let title: Float = 15
        static let path: Float = 8
        static let lead: Float = 4
        static let documentSaturation: Float = 8
        /// Share of the documents' statistics in the rarity of a term within passages.
        static let documentRarity: Float = 0.3
        /// A related word is at most this many times as rare as the asker's.
        static let relatedRarity: Float = 2
    }

    /// The beginning of a document says what it is about: this many terms, of at most `leadPassage` each passage.
    private static let leadTerms = 45
    private static let leadPassage = 60

    public init(_ documents: [Document]) {
        var vocabulary = Vocabulary()
        var bodies = TermPostings.Builder()
        var headings = TermPostings.Builder()
        var titles = TermPostings.Builder()
        var paths = TermPostings.Builder()
        var leads = TermPostings.Builder()
        var documentOfPassage: [Int] = []
        var passagesOfDocument: [Range<Int>] = []
        var passagesOfSection: [Range<Int>] = []
        var documentOfSection: [Int] = []
        var terms: [Int32] = []

        for (number, document) in documents.enumerated() {
            let firstPassage = documentOfPassage.count
            var lead: [Int32] = []
            var section: [String]?
            for passage in document.passages {
                let index = documentOfPassage.count
                if section == passage.headings {
                    passagesOfSection[passagesOfSection.count - 1] =
                        passagesOfSection[passagesOfSection.count - 1].lowerBound..<(index + 1)
                } else {
                    section = passage.headings
                    terms.removeAll(keepingCapacity: true)
                    for heading in passage.headings {
                        vocabulary.append(heading, to: &terms)
                    }
                    headings.append(terms)
                    passagesOfSection.append(index..<(index + 1))
                    documentOfSection.append(number)
                }
                terms.removeAll(keepingCapacity: true)
                vocabulary.append(passage.text, to: &terms)
                bodies.append(terms)
                if lead.count < Self.leadTerms {
                    lead.append(contentsOf: terms.prefix(Self.leadPassage))
                }
                documentOfPassage.append(number)
            }
            passagesOfDocument.append(firstPassage..<documentOfPassage.count)
            leads.append(lead)
            terms.removeAll(keepingCapacity: true)
            vocabulary.append(document.title, to: &terms)
            titles.append(terms)
            terms.removeAll(keepingCapacity: true)
            vocabulary.append(Self.withoutExtensions(document.path), to: &terms)
            paths.append(terms)
        }

        self.documentOfPassage = documentOfPassage
        self.passagesOfDocument = passagesOfDocument
        self.passagesOfSection = passagesOfSection
        self.documentOfSection = documentOfSection
        let count = vocabulary.count
        self.bodies = bodies.build(termCount: count)
        self.headings = headings.build(termCount: count)
        self.titles = titles.build(termCount: count)
        self.paths = paths.build(termCount: count)
        self.leads = leads.build(termCount: count)
        self.vocabulary = vocabulary

        let documentOf = documentOfPassage
        func perPassage(_ documentLengths: [Float]) -> [Float] { documentOf.map { documentLengths[$0] } }
        var headingLengths = [Float](repeating: 0, count: documentOfPassage.count)
        var outlineLengths = [Float](repeating: 0, count: documents.count)
        for section in passagesOfSection.indices {
            outlineLengths[documentOfSection[section]] += self.headings.lengths[section]
            for passage in passagesOfSection[section] {
                headingLengths[passage] = self.headings.lengths[section]
            }
        }
        var wholeLengths = [Float](repeating: 0, count: documents.count)
        for passage in documentOfPassage.indices {
            wholeLengths[documentOfPassage[passage]] += self.bodies.lengths[passage]
        }
        bodyNorms = Self.norms(self.bodies.lengths, 0.85)
        headingNorms = Self.norms(headingLengths, 0.3)
        titleNorms = Self.norms(perPassage(self.titles.lengths), 0.3)
        pathNorms = Self.norms(perPassage(self.paths.lengths), 0.3)
        wholeNorms = Self.norms(wholeLengths, 0.7)
        outlineNorms = Self.norms(outlineLengths, 0.5)
        documentTitleNorms = Self.norms(self.titles.lengths, 0.3)
        documentPathNorms = Self.norms(self.paths.lengths, 0.3)
        leadNorms = Self.norms(self.leads.lengths, 0.3)
    }

    /// What a term's frequency is divided by in each unit: 1 at average length, `strength` tells how far length counts.
    private static func norms(_ lengths: [Float], _ strength: Float) -> [Float] {
        let average = max(lengths.reduce(0, +) / Float(max(lengths.count, 1)), 1e-9)
        return lengths.map { 1 - strength + strength * $0 / average }
    }

    /// "guide/install.rst.txt" -> "guide/install"
    private static func withoutExtensions(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: true).map { name in
            name.split(separator: ".").filter { !["txt", "md", "rst", "markdown", "adoc", "text"].contains($0) }
                .joined(separator: " ")
        }.joined(separator: " ")
    }

    /// How many passages a document has.
    public func passageCount(ofDocument document: Int) -> Int {
        passagesOfDocument[document].count
    }

    // MARK: asking

    /// Scores every passage and document for a question in plain words.
    public func scores(for question: String) -> Scores {
        scores(for: Question(question))
    }

    func scores(for question: Question) -> Scores {
        var total = Scores(
            passages: [Float](repeating: 0, count: documentOfPassage.count),
            documents: [Float](repeating: 0, count: passagesOfDocument.count))
        var scratch = Scratch(passages: total.passages.count, documents: total.documents.count)
        for group in question.groups {
            var limit: Rarity?
            for term in group {
                if let number = vocabulary.number(ofStem: term.stem) {
                    let rarity = add(number, weight: term.weight, limit: limit, to: &scratch)
                    // The asker's own word comes first. A related word that happens to be very rare here must not count
                    // far more than the word it stands for.
                    if term.weight == 1 {
                        limit = Rarity(
                            passages: rarity.passages * Weight.relatedRarity,
                            documents: rarity.documents * Weight.relatedRarity)
                    }
                }
            }
            scratch.passages.move(to: &total.passages)
            scratch.documents.move(to: &total.documents)
        }
        return total
    }

    private struct Scratch {
        var passages: BestOf
        var documents: BestOf

        init(passages: Int, documents: Int) {
            self.passages = BestOf(count: passages)
            self.documents = BestOf(count: documents)
        }
    }

    /// What holding a term tells, by how few hold it.
    private struct Rarity {
        var passages: Float
        var documents: Float
    }

    private func add(_ term: Int, weight: Float, limit: Rarity?, to scratch: inout Scratch) -> Rarity {
        bodies.forEachUnit(of: term) { passage, frequency in
            scratch.passages.add(frequency / bodyNorms[passage], to: passage)
            let document = documentOfPassage[passage]
            scratch.documents.add(frequency / wholeNorms[document], to: document)
        }
        headings.forEachUnit(of: term) { section, frequency in
            for passage in passagesOfSection[section] {
                scratch.passages.add(Weight.passageHeading * frequency / headingNorms[passage], to: passage)
            }
            let document = documentOfSection[section]
            scratch.documents.add(Weight.outline * frequency / outlineNorms[document], to: document)
        }
        titles.forEachUnit(of: term) { document, frequency in
            for passage in passagesOfDocument[document] {
                scratch.passages.add(Weight.passageTitle * frequency / titleNorms[passage], to: passage)
            }
            scratch.documents.add(Weight.title * frequency / documentTitleNorms[document], to: document)
        }
        paths.forEachUnit(of: term) { document, frequency in
            for passage in passagesOfDocument[document] {
                scratch.passages.add(Weight.passagePath * frequency / pathNorms[passage], to: passage)
            }
            scratch.documents.add(Weight.path * frequency / documentPathNorms[document], to: document)
        }
        // Of a term in a lead the same document holds it in a body, so this finds no new document.
        leads.forEachUnit(of: term) { document, frequency in
            scratch.documents.add(Weight.lead * frequency / leadNorms[document], to: document)
        }
        let documentRarity = Self.rarity(scratch.documents.touchedCount, of: passagesOfDocument.count)
        let passageRarity = Self.rarity(bodies.unitCount(of: term), of: documentOfPassage.count)
        var rarity = Rarity(
            passages: (1 - Weight.documentRarity) * passageRarity + Weight.documentRarity * documentRarity,
            documents: documentRarity)
        if let limit {
            rarity.passages = min(rarity.passages, limit.passages)
            rarity.documents = min(rarity.documents, limit.documents)
        }
        scratch.passages.finish(weight: weight * rarity.passages, saturation: Weight.passageSaturation)
        scratch.documents.finish(weight: weight * rarity.documents, saturation: Weight.documentSaturation)
        return rarity
    }

    private static func rarity(_ holding: Int, of count: Int) -> Float {
        log(1 + (Float(count) - Float(holding) + 0.5) / (Float(holding) + 0.5))
    }
}
