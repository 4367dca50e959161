internal import Crypto
internal import PluginHost
internal import Retrieval

/// The vectors of a folder's passages in a vector backend: made once for each content and embedder, found again by key.
struct PassageStore {
    let embedder: any Embedder
    /// Digest of the embedder's file: another build may give other vectors.
    let embedderDigest: String
    let backend: any VectorBackend
    let calls: CallLog

    /// Passages that are embedded and stored at a time; the step of the progress bar.
    private static let batchSize = 256

    /// The passages nearest to a question.
    ///
    /// A repository that turns out to be damaged is made anew: it is only a cache.
    /// - Parameter note: is told so, for the person who asked.
    func nearest(
        to question: String, in documents: DocumentReader.Result, root: String, info: EmbedderInfo, count: Int,
        progress: Progress, note: (String) -> Void
    ) async throws(PluginError) -> [HybridRanker.DenseHit] {
        let texts = documents.documents.flatMap { document in
            document.passages.map { EmbeddingText.make($0, in: document) }
        }
        // One prefix a folder and embedder, so that what an older content left behind is found and dropped.
        let prefix = "ask-" + Self.digest([root, info.id]).prefix(16) + "-"
        let name = prefix + Self.digest(["\(info.dims)", embedderDigest] + texts).prefix(32)
        do throws(PluginError) {
            try await prepare(name, texts, prefix: prefix, info: info, progress: progress)
            return try await nearest(to: question, in: name, info: info, count: count)
        } catch {
            switch error.code {
            // Somebody else who reads another content of the folder may have dropped the repository in between.
            case .notFound: break
            case .dataLoss:
                note("the cache was damaged and is made anew: \(error.what)")
                try await backend.wipe(name, CallContext())
            default: throw error
            }
        }
        try await prepare(name, texts, prefix: prefix, info: info, progress: progress)
        return try await nearest(to: question, in: name, info: info, count: count)
    }

    /// Makes the repository of these texts; embeds and stores what is not there yet.
    private func prepare(_ name: String, _ texts: [String], prefix: String, info: EmbedderInfo, progress: Progress)
        async throws(PluginError)
    {
        if try await count(name) == texts.count { return }
        await dropOlder(than: name, prefix: prefix)
        let specification = RepositorySpecification(name: name, dims: info.dims, embedderID: info.id)
        try await calls.measure(backend.id, "ensure") { () async throws(PluginError) in
            _ = try await backend.ensure(specification, CallContext())
        }
        var start = 0
        while start < texts.count {
            guard !Task.isCancelled else {
                throw PluginError(.cancelled, "interrupted while the documents were embedded")
            }
            let end = min(start + Self.batchSize, texts.count)
            progress.show("embedding paragraphs: \(start * 100 / texts.count) %")
            let vectors = try await calls.measure(embedder.id, "embed") { () async throws(PluginError) in
                try await embedder.embed(EmbedRequest(Array(texts[start..<end]), task: .document), dims: info.dims)
            }
            let batch = VectorBatch(
                ids: (start..<end).map(Self.id), matrix: vectors.matrix, embedderID: info.id)
            try await calls.measure(backend.id, "upsert") { () async throws(PluginError) in
                _ = try await backend.upsert(batch, into: name, CallContext())
            }
            start = end
        }
        progress.clear()
    }

    /// Items of a repository; nil if there is none.
    private func count(_ name: String) async throws(PluginError) -> Int? {
        do throws(PluginError) {
            return try await calls.measure(backend.id, "count") { () async throws(PluginError) in
                try await backend.count(.all, in: name, CallContext())
            }
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Drops what earlier contents of the same folder left behind. A failure costs disk space and no answer.
    private func dropOlder(than name: String, prefix: String) async {
        let repositories = try? await backend.repositories(CallContext())
        for old in repositories ?? [] where old.name.hasPrefix(prefix) && old.name != name {
            try? await backend.wipe(old.name, CallContext())
        }
    }

    private func nearest(to question: String, in repository: String, info: EmbedderInfo, count: Int)
        async throws(PluginError) -> [HybridRanker.DenseHit]
    {
        let vector = try await calls.measure(embedder.id, "embed") { () async throws(PluginError) in
            try await embedder.embed(EmbedRequest([question], task: .query), dims: info.dims)
        }
        let query = VectorQuery(vector.matrix.row(0), topK: count, include: [], embedderID: info.id)
        let results = try await calls.measure(backend.id, "query") { () async throws(PluginError) in
            try await backend.query([query], in: repository, CallContext())
        }
        return results[0].hits.compactMap { hit in
            Int(hit.id).map { HybridRanker.DenseHit(passage: $0, score: Float(hit.score)) }
        }
    }

    /// Fixed width, so that equal scores keep the order of the documents.
    private static func id(_ passage: Int) -> String {
        let digits = String(passage)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    private static func digest(_ parts: [String]) -> String {
        var hash = SHA256()
        for part in parts { hash.update(data: Array("\(part)\u{0}".utf8)) }
        return Hexadecimal.text(hash.finalize())
    }
}
