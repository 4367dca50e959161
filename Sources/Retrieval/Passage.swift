/// A paragraph of a document, or a heading with no paragraph below it, with the place it came from.
public struct Passage: Sendable, Equatable {
    /// Index of its document in the list that was indexed.
    public var document: Int
    /// Number of its first line in the file, from 1.
    public var line: Int
    /// The headings above it, outermost first.
    public var headings: [String]
    /// The paragraph as it stands in the file, or the heading without its marks; bytes that are not UTF-8 are read as
    /// Windows-1252.
    public var text: String

    public init(document: Int, line: Int, headings: [String], text: String) {
        self.document = document
        self.line = line
        self.headings = headings
        self.text = text
    }
}

/// A file, taken apart into passages.
public struct Document: Sendable, Equatable {
    /// Path relative to the folder that was read.
    public var path: String
    /// What the file calls itself: its front matter's title, else its first heading, else its name with spaces for any
    /// control characters.
    public var title: String
    /// In the order of the file. Empty for a file without text.
    public var passages: [Passage]

    public init(path: String, title: String, passages: [Passage]) {
        self.path = path
        self.title = title
        self.passages = passages
    }
}
