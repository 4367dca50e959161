/// Configuration in variables of the host's environment: `KEYWAY_CONFIG_<ID>__<KEY>__<KEY>`.
///
/// Id and keys are in capitals, with `_` for whatever is no letter and no digit of ASCII. Which key is meant, and how the text
/// is read, the plugin's schema says; without one, or for members that it does not name, there are no variables. Ids that differ
/// in such characters only, or in case, share their variables.
public enum ConfigurationVariables {
    public static let prefix = "KEYWAY_CONFIG_"

    /// The layers of a plugin's variables, one each, and what is wrong with them.
    ///
    /// - Parameters:
    ///   - variables: by name; those of other plugins, and others altogether, are passed over.
    ///   - severity: of what cannot be understood.
    public static func layers(
        _ variables: [String: String], plugin id: String, schema: ConfigurationSchema?,
        severity: ConfigurationProblem.Severity = .error
    ) -> (layers: [ConfigurationLayer], problems: [ConfigurationProblem]) {
        let own = prefix + spelled(id) + "__"
        var found: [(path: ConfigurationPath, layer: ConfigurationLayer)] = []
        var problems: [ConfigurationProblem] = []
        for (name, text) in variables.sorted(by: { $0.key < $1.key }) where name.hasPrefix(own) {
            func note(_ message: String, at pointer: String = "") {
                problems.append(ConfigurationProblem(severity, pointer, message, layer: .variable, source: name))
            }
            guard let schema else {
                note("has no value that the variable could set: the plugin has no schema that names any")
                continue
            }
            let search = Search(String(name.dropFirst(own.count)), schema)
            guard let path = search.paths.first, search.paths.count == 1 else {
                note(search.problem(own))
                continue
            }
            do throws(PluginError) {
                let value = try path.setting(schema.value(of: text, at: path), in: [:])
                found.append((path, ConfigurationLayer(.variable, source: name, value)))
            } catch {
                note("must be JSON of \(schema.types(at: path).sorted().joined(separator: " or "))", at: path.pointer)
            }
        }
        // A variable for a part is over one for the whole.
        let sorted = found.sorted { ($0.path.keys.count, $0.layer.source) < ($1.path.keys.count, $1.layer.source) }
        return (sorted.map(\.layer), problems)
    }

    static func spelled(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    switch scalar {
                    case "a"..."z": Unicode.Scalar(UInt8(scalar.value) - 0x20)
                    case "A"..."Z", "0"..."9": scalar
                    default: "_"
                    }
                }))
    }

    /// The places that the end of a variable's name can mean.
    private struct Search {
        var paths: [ConfigurationPath] = []
        private let rest: String
        /// How far names were understood, and what could have stood there.
        private var understood = 0
        private var candidates: Set<String> = []

        init(_ rest: String, _ schema: ConfigurationSchema) {
            self.rest = rest
            find(rest[...], schema.expanded([schema.document]), ConfigurationPath(keys: []), schema)
        }

        private mutating func find(
            _ rest: Substring, _ place: [JSON], _ path: ConfigurationPath, _ schema: ConfigurationSchema
        ) {
            let names = ConfigurationSchema.names(in: place)
            if path.keys.count > understood { (understood, candidates) = (path.keys.count, []) }
            if path.keys.count == understood { candidates.formUnion(names.map { path.appending($0).pointer }) }
            for name in names where !name.isEmpty {
                let spelling = spelled(name)
                if rest == spelling {
                    paths.append(path.appending(name))
                } else if rest.hasPrefix(spelling + "__") {
                    let inner = schema.expanded(ConfigurationSchema.children(name, of: place))
                    find(rest.dropFirst(spelling.count + 2), inner, path.appending(name), schema)
                }
            }
        }

        /// - Parameter own: with what all variables of the plugin begin.
        func problem(_ own: String) -> String {
            guard paths.isEmpty else {
                let places = paths.map(\.pointer).joined(separator: ", ")
                return "has several values that the variable could set: \(places); use a file"
            }
            let names = candidates.sorted().prefix(20).map { pointer in
                let keys = pointer.split(separator: "/").map(JSON.unescapedFromPointer)
                return keys.map(spelled).joined(separator: "__")
            }
            guard !names.isEmpty else { return "has no value that the variable could set: the schema names none there" }
            let similar = SimilarName.find(rest, in: names).map { " (is \(own)\($0) meant?)" } ?? ""
            return "has no value that the variable could set\(similar); there are "
                + names.map { own + $0 }.joined(separator: ", ")
        }
    }
}
