/// What is handed to an embedder for a passage.
public enum EmbeddingText {
    /// The passage after its headings (or its document's title, where there are none): a paragraph that reads "By
    /// default this is off" means little without the name of the option above it.
    public static func make(_ passage: Passage, in document: Document) -> String {
        let context = passage.headings.isEmpty ? [document.title] : passage.headings
        return context.joined(separator: " ") + "\n" + passage.text
    }
}
