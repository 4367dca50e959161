internal import PluginHost

/// The JSON lines form of vector items.
enum ItemLines {
    private static let members: Set<String> = ["id", "vector", "metadata", "text"]

    static func read(_ file: String) throws(PluginError) -> VectorBatch {
        let bytes = try InputFile.read(file)
        var ids: [String] = []
        var rows: [[Float]] = []
        var texts: [String] = []
        var metadata: [JSON] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { !" \t\r".utf8.contains($0) }) else { continue }
            let place = "\(file):\(index + 1)"
            let item = try JSON(parsing: line, what: place)
            if let unknown = item.objectValue?.keys.sorted().first(where: { !members.contains($0) }) {
                throw invalid("\(place) has a member \"\(unknown)\", which is none of an item", "/\(unknown)")
            }
            guard let id = item["id"]?.stringValue, !id.isEmpty else {
                throw invalid("\(place) has no \"id\", or one that is no string", "/id")
            }
            guard let vector = item["vector"] else { throw invalid("\(place) has no \"vector\"", "/vector") }
            let row = try self.vector(vector, what: "the vector at \(place)")
            if let first = rows.first, first.count != row.count {
                throw PluginError(
                    .dimensionMismatch,
                    "\(place) has a vector of \(row.count) elements, those before it have \(first.count)",
                    remedy: "Give all items vectors of one length",
                    facts: .dimensions(expected: first.count, actual: row.count))
            }
            switch item["metadata"] ?? .null {
            case .null: metadata.append(.null)
            case .object(let members): metadata.append(.object(members))
            default: throw invalid("\(place) has \"metadata\" that is no object", "/metadata")
            }
            switch item["text"] ?? .null {
            case .null: texts.append("")
            case .string(let text): texts.append(text)
            default: throw invalid("\(place) has \"text\" that is no string", "/text")
            }
            ids.append(id)
            rows.append(row)
        }
        guard let dims = rows.first?.count else {
            throw PluginError(.invalidArgument, "\(file) has no items", remedy: "Write one JSON object a line")
        }
        var matrix = Matrix(rows: rows.count, dims: dims)
        for (index, row) in rows.enumerated() { matrix.setRow(index, row) }
        return VectorBatch(ids: ids, matrix: matrix, texts: texts, metadata: metadata)
    }

    static func vector(_ json: JSON, what: String) throws(PluginError) -> [Float] {
        guard let elements = json.arrayValue, !elements.isEmpty else {
            throw invalid("\(what) is no array of numbers, or an empty one", "")
        }
        var values: [Float] = []
        values.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard let value = element.doubleValue, Float(value).isFinite else {
                throw invalid("\(what) has an element that is no number a vector can hold", "/\(index)")
            }
            values.append(Float(value))
        }
        return values
    }

    private static func invalid(_ what: String, _ pointer: String) -> PluginError {
        PluginError(
            .invalidArgument, what, remedy: "Write for example {\"id\": \"a\", \"vector\": [0.1, 0.2]}",
            facts: .pointer(pointer))
    }
}
