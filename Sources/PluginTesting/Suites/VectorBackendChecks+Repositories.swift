internal import PluginCore

extension VectorBackendChecks {
    func info() async throws -> String {
        let info = try await backend.info(context)
        try require(!info.backend.isEmpty, "a name", seen: "none")
        try require(!info.metrics.isEmpty, "a metric", seen: "none")
        let limits = [
            ("maxBatch", info.maxBatch), ("maxDims", info.maxDims), ("maxTopK", info.maxTopK),
            ("maxQueries", info.maxQueries),
        ]
        for case (let name, let limit?) in limits {
            try require(limit > 0, "a positive \(name), or nil", seen: "\(limit)")
        }
        try require(
            info.dialects.isEmpty || info.filterOperations.contains(.native), "native filters where there are dialects",
            seen: "\(info.dialects)")
        let again = try await backend.info(context)
        try require(
            again.backend == info.backend && again.features == info.features && again.metrics == info.metrics
                && again.filterOperations == info.filterOperations, "the same info when asked again", seen: "\(again)")
        return "\(info.backend), metrics \(info.metrics.map(\.rawValue).sorted())"
    }

    func ensure(_ name: String) async throws -> String {
        let wanted = try await specification(name, embedderID: "embedder/1")
        for pass in 1...2 {
            let info = try await backend.ensure(wanted, context)
            let what = "as specified, call \(pass)"
            try requireEqual(info.name, name, "the name \(what)")
            try requireEqual(info.dims, wanted.dims, "dimensions \(what)")
            try requireEqual(info.metric, wanted.metric, "the metric \(what)")
            try requireEqual(info.embedderID, wanted.embedderID, "the embedder \(what)")
            try requireEqual(info.items, pass == 1 ? 0 : 3, "items \(what)")
            if pass == 1 { try await write(Array(fixture.prefix(3)), to: name) }
        }
        return "made, and found again with its items"
    }

    func ensureConflict(_ name: String) async throws -> String {
        let wanted = try await specification(name, embedderID: "embedder/1")
        try await backend.ensure(wanted, context)
        var other = wanted
        other.dims += 1
        try await requireError(.dimensionMismatch, when: "the repository has other dimensions") {
            try await backend.ensure(other, context)
        }
        other = wanted
        other.embedderID = "embedder/2"
        try await requireError(.conflict, when: "the repository is of another embedder") {
            try await backend.ensure(other, context)
        }
        let metrics = try await backend.info(context).metrics
        if let metric = metrics.sorted(by: { $0.rawValue < $1.rawValue }).first(where: { $0 != wanted.metric }) {
            other = wanted
            other.metric = metric
            try await requireError(.conflict, when: "the repository has another metric") {
                try await backend.ensure(other, context)
            }
        }
        let info = try await backend.ensure(wanted, context)
        try require(info.dims == wanted.dims && info.metric == wanted.metric, "nothing changed", seen: "\(info)")
        return "refused"
    }

    func repositories(_ name: String) async throws -> String {
        let names = ["\(name)-b", "\(name)-a", "\(name)-a2"]
        for name in names { try await drop(name) }
        for (count, name) in names.enumerated() { try await fill(name, Array(fixture.prefix(count))) }
        let found = try await backend.repositories(context)
        try require(
            zip(found, found.dropFirst()).allSatisfy { $0.name.precedes($1.name) }, "names that rise",
            seen: excerpt(found.map(\.name)))
        for (count, name) in names.enumerated() {
            let info = found.first { $0.name == name }
            try requireEqual(info?.items, count, "items of \(name)")
            try requireEqual(info?.dims, settings.dims, "dimensions of \(name)")
        }
        for name in names { try await drop(name) }
        let rest = try await backend.repositories(context)
        try require(!rest.contains { names.contains($0.name) }, "no repository that was dropped", seen: "\(rest)")
        return "\(names.count) of \(found.count)"
    }

    func isolation(_ name: String) async throws -> String {
        let (left, right) = ("\(name)-left", "\(name)-right")
        try await drop(left)
        try await drop(right)
        let items = VectorFixture(count: 20, dims: settings.dims, seed: settings.seed).items
        // The same ids on both sides, with other vectors.
        let others = zip(items, VectorFixture(count: 20, dims: settings.dims, seed: settings.seed &+ 1).items).map {
            StoredItem(id: $0.id, vector: $1.vector, metadata: ["side": "right"], text: "right")
        }
        try await fill(left, items)
        try await fill(right, others + [StoredItem(id: "only", vector: others[0].vector, metadata: .null, text: "")])
        try await requireContents(left, items)
        let all = query(topK: 100, filter: .equal("side", .string("right")))
        try requireEqual(try await answer(all, in: left).hits.count, 0, "hits from the other repository")
        _ = try await backend.remove(.all, from: right, context)
        try await requireContents(left, items)
        try await drop(right)
        try await requireContents(left, items)
        try await drop(left)
        return "two repositories with the same ids"
    }

    func unknownRepository(_ name: String) async throws -> String {
        func refused(_ operation: String, _ call: () async throws -> Void) async throws {
            try await requireError(.notFound, when: "\(operation) names a repository that is not there", call)
        }
        try await refused("query") { _ = try await answer(query(topK: 1), in: name) }
        try await refused("count") { _ = try await backend.count(.all, in: name, context) }
        try await refused("items") { _ = try await backend.items(["a"], in: name, including: [], context) }
        try await refused("scan") { _ = try await scanned(name) }
        try await refused("update") { _ = try await backend.update(.all, in: name, set: ["a": 1], context) }
        try await refused("remove") { _ = try await backend.remove(.all, from: name, context) }
        try await refused("wipe") { try await backend.wipe(name, context) }
        try await refused("flush") { try await backend.flush(name, compact: false, context) }
        let found = try await backend.repositories(context).contains { $0.name == name }
        try require(!found, "no repository made by looking", seen: name)
        return "8 operations"
    }

    func wipe(_ name: String) async throws -> String {
        try await fill(name)
        try await backend.wipe(name, context)
        try await requireError(.notFound, when: "a repository was dropped") {
            _ = try await backend.count(.all, in: name, context)
        }
        var other = try await specification(name)
        other.dims += 1
        let info = try await backend.ensure(other, context)
        try requireEqual(info.items, 0, "no items in a repository that was made anew")
        try requireEqual(info.dims, other.dims, "dimensions of a repository that was made anew")
        return "dropped, and made anew with other dimensions"
    }

    func flush(_ name: String) async throws -> String {
        try await fill(name)
        _ = try await backend.remove(.ids([fixture[0].id]), from: name, context)
        for compact in [false, true] {
            try await backend.flush(name, compact: compact, context)
            try await requireContents(name, Array(fixture.dropFirst()))
        }
        return "nothing lost, compacted too"
    }
}
