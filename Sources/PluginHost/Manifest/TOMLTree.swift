internal import PluginCore

/// A table of a TOML document that is being read, and how it came to be: that decides what may still be added.
final class TOMLTable {
    enum Origin {
        /// A part of another table's header.
        case implied
        case header
        /// A part of a dotted key.
        case dotted
    }

    enum Item {
        case value(JSON)
        case table(TOMLTable)
        /// `[[name]]`, at least once.
        case tables([TOMLTable])
    }

    var origin: Origin
    var items: [String: Item] = [:]

    init(_ origin: Origin) { self.origin = origin }

    /// The document has bounded depth.
    var json: JSON {
        .object(
            items.mapValues { item in
                switch item {
                case .value(let value): value
                case .table(let table): table.json
                case .tables(let tables): .array(tables.map(\.json))
                }
            })
    }
}
