internal import PluginCore

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Musl
#endif

extension VectorBackendChecks {
    func snapshot(_ name: String) async throws -> String {
        try await withSnapshot(name) { path in
            let copy = "\(name)-copy"
            try await drop(copy)
            // What is saved is not what comes later.
            _ = try await backend.remove(.ids([fixture[0].id]), from: name, context)
            let info = try await backend.restore(copy, from: path, replacing: false, context)
            try requireEqual(info.items, fixture.count, "items restored")
            try requireEqual(info.dims, settings.dims, "dimensions restored")
            try requireEqual(info.metric, try await metric(), "the metric restored")
            try await requireContents(copy, fixture)
            let query = query(topK: 10)
            let oracle = VectorOracle(items: fixture, metric: try await metric())
            try oracle.check(try await answer(query, in: copy), of: query)
            try await requireContents(name, Array(fixture.dropFirst()))
            try await drop(copy)
            return "\(fixture.count) items under another name"
        }
    }

    func restoreConflict(_ name: String) async throws -> String {
        try await withSnapshot(name) { path in
            _ = try await backend.remove(.ids([fixture[0].id]), from: name, context)
            try await requireError(.conflict, when: "a repository that is there is not to be replaced") {
                _ = try await backend.restore(name, from: path, replacing: false, context)
            }
            try await requireContents(name, Array(fixture.dropFirst()))
            _ = try await backend.restore(name, from: path, replacing: true, context)
            try await requireContents(name, fixture)
            return "refused, then replaced"
        }
    }

    func damagedSnapshot(_ name: String) async throws -> String {
        try await withSnapshot(name) { path in
            guard let size = size(of: path), size > 16 else {
                throw CheckFailure(expected: "a file of more than 16 bytes for \(fixture.count) items", seen: path)
            }
            guard unsafe truncate(path, off_t(size - 7)) == 0 else {
                throw CheckFailure(expected: "a file to cut", seen: path)
            }
            let copy = "\(name)-copy"
            try await drop(copy)
            try await requireError(.dataLoss, when: "the snapshot lacks its last 7 bytes") {
                _ = try await backend.restore(copy, from: path, replacing: false, context)
            }
            let isMade = try await backend.repositories(context).contains { $0.name == copy }
            try require(!isMade, "no repository from a damaged snapshot", seen: copy)
            try await requireError(.dataLoss, when: "a damaged snapshot is to replace a repository") {
                _ = try await backend.restore(name, from: path, replacing: true, context)
            }
            try await requireContents(name, fixture)
            return "refused"
        }
    }

    private func withSnapshot(_ name: String, _ body: (String) async throws -> String) async throws -> String {
        guard let folder = settings.folder else { throw NotApplicable(reason: "no folder for snapshots was given") }
        try await fill(name)
        let path = "\(folder)/\(name).snapshot"
        unsafe unlink(path)
        defer { unsafe unlink(path) }
        do throws(PluginError) {
            try await backend.snapshot(name, to: path, context)
        } catch {
            guard error.code == .unsupported else { throw error }
            throw NotApplicable(reason: "it makes no snapshots")
        }
        return try await body(path)
    }

    private func size(of path: String) -> Int? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}
