/// What a manifest says about HTTP endpoints.
extension ManifestReader {
    /// - Parameters:
    ///   - api: an object with the list as its only member; another place for the same.
    ///   - id: of the plugin, below whose name its endpoints are served.
    mutating func endpoints(_ value: ManifestValue?, _ api: ManifestValue?, of id: String) -> [Endpoint] {
        let other = object(api, .api)?["endpoints"]
        if value != nil, let other { error(other.pointer, "says again what /endpoints says") }
        return elements(value ?? other).compactMap { endpoint($0, of: id) }
    }

    private enum Method: String, CaseIterable { case GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS }

    private mutating func endpoint(_ value: ManifestValue, of id: String) -> Endpoint? {
        guard let object = object(value, .endpoint) else { return nil }
        for key in ["method", "path"] where object.members[key] == nil { error(object.place(of: key), "is missing") }
        guard let method = word(object["method"], as: Method.self), let path = route(object["path"], of: id) else {
            return nil
        }
        var endpoint = Endpoint(method.rawValue, path, summary: string(object["summary", "description"]))
        let validation = self.object(object["validation"], .endpointValidation)
        endpoint.bodySchema = schema(object["bodySchema"] ?? validation?["body"]) ?? .null
        endpoint.querySchema = schema(object["querySchema"] ?? validation?["query"]) ?? .null
        endpoint.parametersSchema = schema(object["parametersSchema"] ?? validation?["params"]) ?? .null
        endpoint.responseSchema = schema(object["responseSchema"]) ?? .null
        endpoint.middleware = strings(object["middleware"])
        endpoint.rateLimit = rate(object["rateLimit"])
        endpoint.maxBody = size(object["maxBody"]).map { Int($0) }
        if flag(object["streams"]) == true { endpoint.traits.insert(.streams) }
        let auth = self.object(object["auth"], .endpointAuth)
        if (flag(object["public"]) ?? flag(auth?["required"]).map { !$0 }) == true { endpoint.traits.insert(.isPublic) }
        endpoint.roles = strings(object["roles"] ?? auth?["roles"])
        endpoint.permissions = strings(object["permissions"] ?? auth?["permissions"])
        if let handler = object["handler"] {
            warn(handler.pointer, "is ignored: requests go to the endpoints table of the plugin, with their number")
        }
        return endpoint
    }

    /// A path below the plugin's own prefix.
    private mutating func route(_ value: ManifestValue?, of id: String) -> String? {
        guard let text = string(value), let value else { return nil }
        guard text.hasPrefix("/"), !text.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "?") }),
            !text.split(separator: "/").contains("..")
        else {
            error(value.pointer, "must be a path such as \"/items/{id}\", but is \(value.json.brief)")
            return nil
        }
        let prefix = "/plugins/\(id)/"
        if text.hasPrefix(prefix) { return String(text.dropFirst(prefix.utf8.count - 1)) }
        if text.hasPrefix("/plugins/") {
            warn(value.pointer, "is served below /plugins/\(id), as /plugins/\(id)\(text)")
        }
        return text
    }

    /// The window is a number of seconds, or text with a unit.
    private mutating func rate(_ value: ManifestValue?) -> Endpoint.Rate? {
        guard let object = object(value, .rateLimit) else { return nil }
        for key in ["requests", "window"] where object.members[key] == nil {
            error(object.place(of: key), "is missing")
        }
        guard let requests = whole(object["requests"], in: 1...Int(Int32.max)),
            let window = duration(object["window"], unit: .seconds(1))
        else { return nil }
        return Endpoint.Rate(requests: requests, window: window)
    }
}

extension Endpoint {
    /// As a manifest has it; what is not said is left out.
    var manifestJSON: JSON {
        var members: [String: JSON] = ["method": .string(method), "path": .string(path)]
        if let summary { members["summary"] = .string(summary) }
        let schemas = [
            ("bodySchema", bodySchema), ("querySchema", querySchema), ("parametersSchema", parametersSchema),
            ("responseSchema", responseSchema),
        ]
        for (key, schema) in schemas where schema != .null { members[key] = schema }
        if !middleware.isEmpty { members["middleware"] = .array(middleware.map(JSON.string)) }
        if let rateLimit {
            members["rateLimit"] = [
                "requests": .int(Int64(rateLimit.requests)), "window": .double(rateLimit.window.milliseconds / 1000),
            ]
        }
        if let maxBody { members["maxBody"] = .int(Int64(maxBody)) }
        if traits.contains(.isPublic) { members["public"] = true }
        if traits.contains(.streams) { members["streams"] = true }
        if !roles.isEmpty { members["roles"] = .array(roles.map(JSON.string)) }
        if !permissions.isEmpty { members["permissions"] = .array(permissions.map(JSON.string)) }
        return .object(members)
    }
}
