public import PluginCore

/// The document in which a policy is kept:
///
///     {
///       "version": 1,
///       "default": ["threads"],
///       "plugins": {
///         "command-runner": [
///           {"permission": "process.exec", "by": "ada", "since": 1767225600, "reason": "runs git for the assistant"}
///         ]
///       }
///     }
///
/// A grant of which nothing else is to be said may be a permission alone.
extension GrantPolicy {
    private static let formatVersion: Int64 = 1

    public var json: JSON {
        [
            "version": .int(Self.formatVersion), "default": .array(defaults.map(\.json)),
            "plugins": .object(plugins.mapValues { .array($0.map(\.json)) }),
        ]
    }

    /// - Parameter source: the document's file, for errors and grants.
    /// - Throws: ``PluginError`` with code `dataLoss` and the JSON pointer of what is wrong. Nothing of such a document is
    ///   used: what could not be understood may have been about more than it looks.
    public init(_ document: JSON, source: String) throws(PluginError) {
        self.init()
        let reader = Reader(source: source)
        let members = try reader.members(document, "", ["version", "default", "plugins"])
        guard members["version"]?.intValue == Self.formatVersion else {
            throw reader.damaged("/version", "must be \(Self.formatVersion)")
        }
        try add(members["default"] ?? [], to: nil, "/default", reader)
        guard let plugins = (members["plugins"] ?? [:]).objectValue else {
            throw reader.damaged("/plugins", "must be an object of ids and their grants")
        }
        for (name, grants) in plugins.sorted(by: { $0.key < $1.key }) {
            try add(grants, to: name, "/plugins/\(JSON.escapedForPointer(name))", reader)
        }
    }

    private mutating func add(
        _ grants: JSON, to name: String?, _ pointer: String, _ reader: Reader
    ) throws(PluginError) {
        guard let list = grants.arrayValue else { throw reader.damaged(pointer, "must be an array of grants") }
        for (index, element) in list.enumerated() {
            let place = "\(pointer)/\(index)"
            let grant = try reader.grant(element, place)
            do throws(PluginError) {
                try self.grant(grant, to: name)
            } catch {
                throw reader.damaged(place, "cannot be: \(error.what)")
            }
        }
    }

    private struct Reader {
        let source: String

        func grant(_ json: JSON, _ pointer: String) throws(PluginError) -> Grant {
            var grant: Grant
            if let text = json.stringValue {
                grant = Grant(try permission(text, pointer))
            } else {
                let members = try members(json, pointer, ["permission", "reason", "by", "since"])
                guard let text = members["permission"]?.stringValue else {
                    throw damaged("\(pointer)/permission", "must be a permission such as \"fs.read:data\"")
                }
                grant = Grant(
                    try permission(text, "\(pointer)/permission"), reason: try optionalText(members, "reason", pointer),
                    grantor: try optionalText(members, "by", pointer))
                if let since = members["since"], since != .null {
                    guard let seconds = since.intValue else {
                        throw damaged("\(pointer)/since", "must be seconds since 1970")
                    }
                    grant.since = seconds
                }
            }
            grant.source = source
            return grant
        }

        private func permission(_ text: String, _ pointer: String) throws(PluginError) -> Permission {
            do throws(PluginError) { return try Permission(parsing: text) } catch { throw damaged(pointer, error.what) }
        }

        private func optionalText(_ members: [String: JSON], _ key: String, _ pointer: String) throws(PluginError)
            -> String?
        {
            guard let value = members[key], value != .null else { return nil }
            guard let text = value.stringValue else { throw damaged("\(pointer)/\(key)", "must be a string") }
            return text
        }

        /// Unknown members are errors: a "deny" that nobody reads would be believed to deny.
        func members(_ json: JSON, _ pointer: String, _ known: Set<String>) throws(PluginError) -> [String: JSON] {
            guard let members = json.objectValue else {
                throw damaged(pointer, "must be an object, but is \(json.typeName)")
            }
            if let other = members.keys.filter({ !known.contains($0) }).min() {
                throw damaged(
                    "\(pointer)/\(JSON.escapedForPointer(other))",
                    "is unknown; there are \(known.sorted().joined(separator: ", "))")
            }
            return members
        }

        func damaged(_ pointer: String, _ problem: String) -> PluginError {
            PluginError(
                .dataLoss, "\(source): \(pointer.isEmpty ? "the document" : pointer) \(problem)",
                remedy: "Correct it, or put back a copy. No plugin is loaded by a policy that cannot be read",
                facts: .pointer(pointer))
        }
    }
}

extension GrantPolicy.Grant {
    /// As it stands in the document.
    public var json: JSON {
        var members: [String: JSON] = ["permission": .string(permission.text)]
        if let reason { members["reason"] = .string(reason) }
        if let grantor { members["by"] = .string(grantor) }
        if let since { members["since"] = .int(since) }
        return .object(members)
    }
}
