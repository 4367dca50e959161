extension Filter {
    /// Reads the JSON form: `{"type": "guide", "year": {"ge": 2020}}` is a conjunction; `{"and": [...]}`,
    /// `{"or": [...]}`, `{"not": {...}}` and `{"ids": [...]}` combine; operators are eq, ne, lt, le (lte), gt, ge (gte),
    /// in, notIn (nin), exists, isNull, isEmpty, prefix, contains, between `[low, high]`, allOf, size (a number, or `[least,
    /// most]`), match (text, or `{"text", "caseSensitive"}`) and geoRadius `{"lat", "lon", "meters"}`, each also with a leading
    /// `$`; `{"native": {"dialect": ..., "query": ...}}` is a backend's own.
    ///
    /// - Throws: `invalidArgument` with the JSON pointer of what is wrong.
    public init(_ json: JSON) throws(PluginError) { self = try Self.parse(json, at: "", depth: 0) }

    private static let maximumDepth = 32

    private static func parse(_ json: JSON, at pointer: String, depth: Int) throws(PluginError) -> Filter {
        guard depth < maximumDepth else { throw invalid(pointer, "is nested more than \(maximumDepth) deep") }
        if case .bool(let value) = json { return value ? .all : .none }
        guard let members = json.objectValue else {
            throw invalid(pointer, "must be an object, but is \(json.typeName)")
        }
        var parts: [Filter] = []
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            let place = "\(pointer)/\(JSON.escapedForPointer(key))"
            switch key {
            case "and", "$and": parts.append(.and(try list(value, at: place, depth: depth)))
            case "or", "$or": parts.append(.or(try list(value, at: place, depth: depth)))
            case "not", "$not": parts.append(.not(try parse(value, at: place, depth: depth + 1)))
            case "ids", "$ids":
                guard let elements = value.arrayValue else {
                    throw invalid(place, "must be an array of ids, but is \(value.typeName)")
                }
                var ids: [String] = []
                for (index, element) in elements.enumerated() {
                    guard let id = element.stringValue else {
                        throw invalid("\(place)/\(index)", "must be a string, but is \(element.typeName)")
                    }
                    ids.append(id)
                }
                parts.append(.ids(ids))
            case "native", "$native":
                guard let dialect = value["dialect"]?.stringValue, let query = value["query"]?.stringValue else {
                    throw invalid(place, "must be {\"dialect\": ..., \"query\": ...}")
                }
                parts.append(.native(dialect: dialect, query))
            default: parts += try predicates(on: key, value, at: place)
            }
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .all : .and(parts)
    }

    private static func list(_ json: JSON, at pointer: String, depth: Int) throws(PluginError) -> [Filter] {
        guard let elements = json.arrayValue else {
            throw invalid(pointer, "must be an array of filters, but is \(json.typeName)")
        }
        var filters: [Filter] = []
        for (index, element) in elements.enumerated() {
            filters.append(try parse(element, at: "\(pointer)/\(index)", depth: depth + 1))
        }
        return filters
    }

    private static func predicates(on field: String, _ json: JSON, at pointer: String) throws(PluginError) -> [Filter] {
        guard let operators = json.objectValue else {
            if json.arrayValue != nil { return [.in(field, try values(json, at: pointer))] }
            return [.equal(field, try value(json, at: pointer))]
        }
        var parts: [Filter] = []
        for (name, operand) in operators.sorted(by: { $0.key < $1.key }) {
            let place = "\(pointer)/\(JSON.escapedForPointer(name))"
            switch name.hasPrefix("$") ? String(name.dropFirst()) : name {
            case "eq": parts.append(.equal(field, try value(operand, at: place)))
            case "ne": parts.append(.notEqual(field, try value(operand, at: place)))
            case "lt": parts.append(.less(field, try value(operand, at: place)))
            case "le", "lte": parts.append(.lessOrEqual(field, try value(operand, at: place)))
            case "gt": parts.append(.greater(field, try value(operand, at: place)))
            case "ge", "gte": parts.append(.greaterOrEqual(field, try value(operand, at: place)))
            case "in": parts.append(.in(field, try values(operand, at: place)))
            case "notIn", "nin": parts.append(.notIn(field, try values(operand, at: place)))
            case "exists": parts.append(try flag(operand, at: place) ? .exists(field) : .not(.exists(field)))
            case "isNull": parts.append(try flag(operand, at: place) ? .isNull(field) : .not(.isNull(field)))
            case "contains": parts.append(.contains(field, try value(operand, at: place)))
            case "isEmpty": parts.append(try flag(operand, at: place) ? .isEmpty(field) : .not(.isEmpty(field)))
            case "prefix":
                guard let text = operand.stringValue else {
                    throw invalid(place, "must be a string, but is \(operand.typeName)")
                }
                parts.append(.prefix(field, text))
            case "between":
                let ends = try values(operand, at: place)
                guard ends.count == 2 else { throw invalid(place, "must be an array of the lowest and the highest") }
                parts.append(.between(field, ends[0], ends[1]))
            case "allOf", "all": parts.append(.allOf(field, try values(operand, at: place)))
            case "size": parts.append(.size(field, try range(operand, at: place)))
            case "match":
                guard let text = operand.stringValue ?? operand["text"]?.stringValue else {
                    throw invalid(place, "must be a string, or {\"text\": ..., \"caseSensitive\": true}")
                }
                parts.append(
                    .match(field, text, caseSensitive: operand["caseSensitive"]?.boolValue ?? false))
            case "geoRadius":
                guard let latitude = operand["lat"]?.doubleValue, let longitude = operand["lon"]?.doubleValue,
                    let meters = operand["meters"]?.doubleValue, meters >= 0
                else { throw invalid(place, "must be {\"lat\": ..., \"lon\": ..., \"meters\": ...}") }
                parts.append(.geoRadius(field, latitude: latitude, longitude: longitude, meters: meters))
            default:
                throw invalid(
                    place,
                    "is no operator; there are eq, ne, lt, le, gt, ge, in, notIn, exists, isNull, isEmpty, prefix, contains, "
                        + "between, allOf, size, match and geoRadius")
            }
        }
        guard !parts.isEmpty else { throw invalid(pointer, "names no operator") }
        return parts
    }

    private static func range(_ json: JSON, at pointer: String) throws(PluginError) -> ClosedRange<Int> {
        let ends = json.arrayValue ?? [json, json]
        guard ends.count == 2, let least = ends[0].intValue, let most = ends[1].intValue, 0 <= least, least <= most
        else {
            throw invalid(pointer, "must be a number, or an array of the least and the most")
        }
        return Int(least)...Int(most)
    }

    private static func flag(_ json: JSON, at pointer: String) throws(PluginError) -> Bool {
        guard let value = json.boolValue else { throw invalid(pointer, "must be true or false") }
        return value
    }

    private static func values(_ json: JSON, at pointer: String) throws(PluginError) -> [Value] {
        guard let elements = json.arrayValue else {
            throw invalid(pointer, "must be an array, but is \(json.typeName)")
        }
        var values: [Value] = []
        for (index, element) in elements.enumerated() {
            values.append(try value(element, at: "\(pointer)/\(index)"))
        }
        return values
    }

    private static func value(_ json: JSON, at pointer: String) throws(PluginError) -> Value {
        switch json {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .string(let value): return .string(value)
        case .array, .object: throw invalid(pointer, "must be a scalar, but is \(json.typeName)")
        }
    }

    private static func invalid(_ pointer: String, _ problem: String) -> PluginError {
        PluginError(
            .invalidArgument, "filter: \(pointer.isEmpty ? "the document" : pointer) \(problem)",
            remedy: "Write for example {\"type\": \"guide\", \"year\": {\"ge\": 2020}}", facts: .pointer(pointer))
    }
}
