internal import ArgumentParser
internal import PluginHost

/// What every call takes that is about one repository of a vector backend.
struct RepositoryOptions: ParsableArguments {
    @OptionGroup var adapter: AdapterOptions

    @Option(name: .customLong("repo"), help: ArgumentHelp("The repository.", valueName: "name"))
    var name: String

    func withBackend(_ body: (ManagedVectorBackend<NativeVectorBackend>) async throws -> Void) async throws {
        try await adapter.withPlugin { try await body(try $0.requiredVectorBackend()) }
    }

    func noteWithoutData() {
        guard adapter.data == nil else { return }
        Console.error("keyway: note: without --data the items are gone when this command ends.")
    }

    /// How many items something was done with.
    func print(count: Int, _ done: String) {
        if adapter.output.json {
            Console.print(json: ["repo": .string(name), "count": .int(Int64(count))])
        } else {
            Console.print("\(count) \(count == 1 ? "item" : "items") \(done) \(name)".visible)
        }
    }

    /// That something was done with the repository as a whole.
    func print(_ done: String) {
        if adapter.output.json {
            Console.print(json: ["repo": .string(name)])
        } else {
            Console.print("\(name) \(done)".visible)
        }
    }

    func print(_ info: RepositoryInfo) {
        if adapter.output.json {
            Console.print(json: info.json)
        } else {
            for line in TextTable.lines([info.row]) { Console.print(line) }
        }
    }
}

extension VectorItem {
    /// As a line of items, which `upsert` takes back if it has its vector.
    var json: JSON {
        var members: [String: JSON] = [
            "id": .string(id), "metadata": metadata, "text": .optional(text, JSON.string),
        ]
        if let vector { members["vector"] = .array(vector.map { .double(Double($0)) }) }
        return .object(members)
    }

    var row: [String] { [id, metadata == .null ? "" : metadata.text, text ?? ""] }
}

extension RepositoryInfo {
    var json: JSON {
        [
            "name": .string(name), "dims": .int(Int64(dims)), "metric": .optional(metric) { .string($0.rawValue) },
            "items": .int(Int64(items)), "bytes": .int(Int64(bytes)), "embedder": .optional(embedderID, JSON.string),
            "index": index, "version": .optional(version) { .int(Int64(clamping: $0)) },
        ]
    }

    var row: [String] {
        [name, "\(dims) dimensions", metric?.rawValue ?? "", "\(items) items", "\(bytes) bytes", embedderID ?? ""]
    }
}
