/// What several sources say of a configuration, and what holds.
///
/// Objects merge member by member, to any depth; arrays and all other values replace what is under them, and so does a
/// ``SecretReference``. Null is a value as any other: it replaces, and does not remove; whether it may stand somewhere is the
/// schema's matter.
public struct ConfigurationLayers: Sendable {
    /// The lowest first.
    public let layers: [ConfigurationLayer]
    /// What holds. Secrets are references in it.
    public let merged: JSON

    /// Without what the schema says inside of what others say.
    private let unfilled: JSON
    private let origins: Origins

    /// Which layer the value at some place is from.
    private struct Origins {
        /// Of an object, the highest that has a part in it.
        var layer: Int
        var members: [String: Origins] = [:]
    }

    /// - Parameters:
    ///   - layers: in any order; of two of one kind the later one is over the other.
    ///   - schema: whose defaults are under all of them. They are also given to objects that a layer puts somewhere, as
    ///     ``JSONSchema/defaults(for:)`` does.
    /// - Throws: `configuration` if a layer is no object, `resourceExhausted` if one, or the whole, is nested too deeply.
    public init(_ layers: [ConfigurationLayer], schema: ConfigurationSchema? = nil) throws(PluginError) {
        var sorted = ConfigurationLayer.Kind.allCases.flatMap { kind in layers.filter { $0.kind == kind } }
        if let schema {
            let defaults = try schema.compiled.defaults(for: [:])
            sorted.insert(ConfigurationLayer(.schemaDefault, source: schema.source, defaults), at: 0)
        }
        var (value, origins) = (JSON.object([:]), Origins(layer: 0))
        for (index, layer) in sorted.enumerated() {
            guard layer.value.objectValue != nil, !SecretReference.isReference(layer.value) else {
                throw PluginError(
                    .configuration,
                    "the configuration of \(layer.source) must be an object, but is \(layer.value.shortened)",
                    remedy: "Put an object of keys and values there", facts: .pointer(""))
            }
            guard layer.value.measure.depth <= JSON.maximumDepth else {
                throw PluginError(
                    .resourceExhausted, "the configuration of \(layer.source) is nested too deeply",
                    remedy: "Make it flatter", facts: .pointer(""))
            }
            Self.merge(layer.value, into: &value, &origins, index)
        }
        self.layers = sorted
        self.origins = origins
        unfilled = value
        merged = try schema.map { schema throws(PluginError) in try schema.compiled.defaults(for: value) } ?? value
    }

    private static func merge(_ upper: JSON, into value: inout JSON, _ origins: inout Origins, _ layer: Int) {
        guard case .object(let members) = upper, !SecretReference.isReference(upper) else {
            (value, origins) = (upper, Origins(layer: layer))
            return
        }
        var merged: [String: JSON] = [:]
        if case .object(let lower) = value, !SecretReference.isReference(value) {
            merged = lower
        } else {
            origins.members = [:]
        }
        // Held once, so that a member is changed in its place.
        value = .null
        origins.layer = layer
        for (key, member) in members {
            var (below, place) = (merged[key] ?? .null, origins.members[key] ?? Origins(layer: layer))
            merge(member, into: &below, &place, layer)
            merged[key] = below
            origins.members[key] = place
        }
        value = .object(merged)
    }

    // MARK: - Origins

    /// Which layer the value at a place comes from: of an object, the highest that has a part in it. nil if there is no value.
    public func origin(of path: ConfigurationPath) -> ConfigurationLayer? {
        guard path.value(in: merged) != nil else { return nil }
        guard path.value(in: unfilled) != nil else { return layers.first { $0.kind == .schemaDefault } }
        var place = origins
        for key in path.keys {
            // Arrays come from one layer.
            guard let member = place.members[key] else { break }
            place = member
        }
        return layers.indices.contains(place.layer) ? layers[place.layer] : nil
    }

    /// A value that is no object, or an empty one, with its place and origin.
    public struct Leaf: Sendable, Hashable {
        public let path: ConfigurationPath
        public let value: JSON
        public let origin: ConfigurationLayer?
    }

    /// What holds, value by value, in the order of the keys. A secret is one value; so is an array.
    public var leaves: [Leaf] {
        var leaves: [Leaf] = []
        collect(merged, ConfigurationPath(keys: []), &leaves)
        return leaves
    }

    private func collect(_ value: JSON, _ path: ConfigurationPath, _ leaves: inout [Leaf]) {
        guard case .object(let members) = value, !SecretReference.isReference(value), !members.isEmpty else {
            if !path.keys.isEmpty { leaves.append(Leaf(path: path, value: value, origin: origin(of: path))) }
            return
        }
        for (key, member) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            collect(member, path.appending(key), &leaves)
        }
    }
}
