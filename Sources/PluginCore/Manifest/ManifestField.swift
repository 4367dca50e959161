/// A member of the manifest's document.
package enum ManifestField: Int, CaseIterable {
    case schema, id, name, version, type, description, authors, license, keywords, categories, tags, homepage,
        repository
    case main, sha256, buildID, sdk, engines, platforms, requires, interfaces, dependencies, optionalDependencies
    case peerDependencies, devDependencies, conflicts, provides, configuration, configSchema, permissions, limits, hooks
    case tools, operations, endpoints, api, loading, isolation, health, plugin

    /// In the order of the cases. Reflection knows them as well, and takes a millisecond to say them.
    private static let names = [
        "$schema", "id", "name", "version", "type", "description", "authors", "license", "keywords", "categories",
        "tags",
        "homepage", "repository", "main", "sha256", "buildID", "sdk", "engines", "platforms", "requires", "interfaces",
        "dependencies", "optionalDependencies", "peerDependencies", "devDependencies", "conflicts", "provides",
        "configuration", "configSchema", "permissions", "limits", "hooks", "tools", "operations", "endpoints", "api",
        "loading", "isolation", "health", "plugin",
    ]

    var canonical: String { Self.names[rawValue] }

    /// As it may be written, the canonical spelling first.
    package var spellings: [String] {
        switch self {
        case .authors: [canonical, "author"]
        case .main: [canonical, "entry", "entry_point"]
        case .sdk: [canonical, "sdkVersion"]
        case .limits: [canonical, "resource_limits"]
        default: [canonical]
        }
    }

    package static let bySpelling: [String: ManifestField] = {
        var fields: [String: ManifestField] = [:]
        for field in allCases {
            for spelling in field.spellings { fields[spelling] = field }
        }
        return fields
    }()

    static let canonical = allCases.map(\.canonical)
}

/// The members of the document, by what they mean: one look at each, because most manifests have few of them.
struct ManifestFields {
    private var values = [ManifestValue?](repeating: nil, count: ManifestField.allCases.count)
    /// Keys of the document that have no meaning, sorted.
    private(set) var unknown: [String] = []

    /// nil if the document is no object.
    init?(_ document: JSON, _ reader: inout ManifestReader) {
        guard let members = document.objectValue else {
            reader.error("", "must be an object, but is \(document.typeName)")
            return nil
        }
        add(members, below: "", &reader)
        // Identity and description may stand in a table of their own.
        if let plugin = self[.plugin] {
            if let members = plugin.json.objectValue {
                add(members, below: plugin.pointer, &reader)
            } else {
                reader.error(plugin.pointer, "must be an object, but is \(plugin.json.typeName)")
            }
        }
    }

    subscript(field: ManifestField) -> ManifestValue? { values[field.rawValue] }

    private mutating func add(_ members: [String: JSON], below parent: String, _ reader: inout ManifestReader) {
        var strangers: [String] = []
        var repeated: [(pointer: String, before: String)] = []
        for (key, json) in members {
            guard let field = ManifestField.bySpelling[key] else {
                strangers.append(key)
                continue
            }
            let value = ManifestValue(json, "\(parent)/\(key)")
            if let before = values[field.rawValue] {
                // The order of a dictionary must not decide which of the two is wrong.
                let (first, second) = (min(before.pointer, value.pointer), max(before.pointer, value.pointer))
                repeated.append((second, first))
            } else {
                values[field.rawValue] = value
            }
        }
        for (pointer, before) in repeated.sorted(by: { $0.pointer < $1.pointer }) {
            reader.error(pointer, "says again what \(before) says")
        }
        strangers.sort()
        for key in strangers {
            reader.warn(
                "\(parent)/\(JSON.escapedForPointer(key))",
                ManifestReader.unknown(key, among: ManifestField.canonical))
        }
        if parent.isEmpty { unknown = strangers }
    }
}
