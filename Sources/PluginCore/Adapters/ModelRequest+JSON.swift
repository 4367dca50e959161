/// Reads the JSON form of a request, as `keyway call-adapter generate --request FILE` takes it:
///
///     {"messages": [{"role": "user", "content": "Hello"}], "maxOutputTokens": 200}
///
/// `content` is a string or an array of parts `{"type": "text", "text": ...}`; the names of the members are those of
/// ``ModelRequest``. Unknown members are errors, because a misspelt setting must not be lost silently.
extension ModelRequest {
    public init(_ json: JSON) throws(PluginError) {
        guard let members = json.objectValue else {
            throw Self.invalid("", "must be an object, but is \(json.typeName)")
        }
        guard let list = members["messages"]?.arrayValue, !list.isEmpty else {
            throw Self.invalid("/messages", "must be an array of at least one message")
        }
        var messages: [Message] = []
        for (index, element) in list.enumerated() {
            messages.append(try Self.message(element, at: "/messages/\(index)"))
        }
        self.init(messages)
        for (key, value) in members.sorted(by: { $0.key < $1.key }) where key != "messages" {
            try apply(key, value)
        }
    }

    private mutating func apply(_ key: String, _ value: JSON) throws(PluginError) {
        let place = "/\(JSON.escapedForPointer(key))"
        switch key {
        case "model": model = try Self.string(value, at: place)
        case "maxOutputTokens": maxOutputTokens = try Self.count(value, at: place)
        case "temperature": temperature = try Self.number(value, at: place)
        case "topP": topP = try Self.number(value, at: place)
        case "topK": topK = try Self.count(value, at: place)
        case "choices": choices = try Self.count(value, at: place)
        case "minP": minP = try Self.number(value, at: place)
        case "presencePenalty": presencePenalty = try Self.number(value, at: place)
        case "frequencyPenalty": frequencyPenalty = try Self.number(value, at: place)
        case "repeatPenalty": repeatPenalty = try Self.number(value, at: place)
        case "logprobs": logprobs = try Self.count(value, at: place)
        case "maxToolCalls": maxToolCalls = try Self.count(value, at: place)
        case "parallelToolCalls": parallelToolCalls = try Self.flag(value, at: place)
        case "includesRaw": includesRaw = try Self.flag(value, at: place)
        case "isBackground": isBackground = try Self.flag(value, at: place)
        case "modalities": modalities = try Self.strings(value, at: place)
        case "cacheKey": cacheKey = try Self.string(value, at: place)
        case "conversation": conversation = try Self.string(value, at: place)
        case "continuation": continuation = try Self.string(value, at: place)
        case "serviceTier": serviceTier = try Self.string(value, at: place)
        case "user": user = try Self.string(value, at: place)
        case "idempotencyKey": idempotencyKey = try Self.string(value, at: place)
        case "headers":
            guard let members = value.objectValue else { throw Self.invalid(place, "must be an object of strings") }
            for (name, text) in members.sorted(by: { $0.key < $1.key }) {
                headers[name] = try Self.string(text, at: "\(place)/\(JSON.escapedForPointer(name))")
            }
        case "metadata":
            guard value.objectValue != nil else { throw Self.invalid(place, "must be an object") }
            metadata = value
        case "logitBias":
            guard let members = value.objectValue else {
                throw Self.invalid(place, "must be an object of numbers by token")
            }
            for (token, bias) in members.sorted(by: { $0.key < $1.key }) {
                let here = "\(place)/\(JSON.escapedForPointer(token))"
                guard let number = Int64(token) else { throw Self.invalid(here, "is no token number") }
                logitBias[number] = try Self.number(bias, at: here)
            }
        case "reasoning": reasoning = try Self.reasoning(value, at: place)
        case "seed":
            guard let number = value.intValue else { throw Self.invalid(place, "must be an integer") }
            seed = number
        case "stop": stop = try Self.strings(value, at: place)
        case "extra":
            guard value.objectValue != nil else { throw Self.invalid(place, "must be an object") }
            extra = value
        case "output":
            switch value {
            case "text": output = .text
            case "json": output = .json
            default:
                if let grammar = value["grammar"]?.stringValue, let syntax = value["syntax"]?.stringValue {
                    output = .grammar(grammar, syntax: syntax)
                } else if let schema = value["schema"] {
                    output = .schema(
                        schema, name: value["name"]?.stringValue, isStrict: value["strict"]?.boolValue ?? false)
                } else {
                    throw Self.invalid(
                        place, "must be \"text\", \"json\", {\"schema\": ...} or {\"grammar\": ..., \"syntax\": ...}")
                }
            }
        case "toolChoice":
            switch value {
            case "auto": toolChoice = .auto
            case "none": toolChoice = .none
            case "required": toolChoice = .required
            default:
                if let names = value["allowed"] {
                    toolChoice = .allowed(try Self.strings(names, at: "\(place)/allowed"))
                } else {
                    toolChoice = .named(try Self.strings(value, at: place))
                }
            }
        case "tools":
            guard let list = value.arrayValue else { throw Self.invalid(place, "must be an array") }
            for (index, element) in list.enumerated() {
                guard let name = element["name"]?.stringValue, !name.isEmpty else {
                    throw Self.invalid("\(place)/\(index)/name", "is missing")
                }
                tools.append(
                    ToolSpecification(
                        name: name, title: element["title"]?.stringValue,
                        description: element["description"]?.stringValue,
                        inputSchema: element["inputSchema"] ?? ["type": "object"],
                        outputSchema: element["outputSchema"] ?? .null,
                        isStrict: element["strict"]?.boolValue ?? false))
            }
        default: throw Self.invalid(place, "is no setting of a request")
        }
    }

    private static func reasoning(_ json: JSON, at place: String) throws(PluginError) -> Reasoning {
        guard let members = json.objectValue else { throw invalid(place, "must be an object") }
        var result = Reasoning()
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            let here = "\(place)/\(JSON.escapedForPointer(key))"
            switch key {
            case "effort":
                guard let effort = value.stringValue.flatMap(Reasoning.Effort.init) else {
                    throw invalid(
                        here,
                        "must be one of \(Reasoning.Effort.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                result.effort = effort
            case "tokens": result.tokens = try count(value, at: here)
            case "isShown": result.isShown = try flag(value, at: here)
            default: throw invalid(here, "is no setting of reasoning; there are effort, tokens and isShown")
            }
        }
        return result
    }

    private static func flag(_ json: JSON, at place: String) throws(PluginError) -> Bool {
        guard let value = json.boolValue else { throw invalid(place, "must be true or false") }
        return value
    }

    private static func message(_ json: JSON, at place: String) throws(PluginError) -> Message {
        guard let role = json["role"]?.stringValue.flatMap(Message.Role.init) else {
            throw invalid(
                "\(place)/role", "must be one of \(Message.Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard let content = json["content"] ?? json["parts"] else { throw invalid("\(place)/content", "is missing") }
        if let text = content.stringValue {
            return Message(role, parts: [.text(text)], name: json["name"]?.stringValue)
        }
        guard let list = content.arrayValue else {
            throw invalid("\(place)/content", "must be a string or an array of parts")
        }
        var parts: [Part] = []
        for (index, element) in list.enumerated() {
            parts.append(try part(element, at: "\(place)/content/\(index)"))
        }
        return Message(role, parts: parts, name: json["name"]?.stringValue)
    }

    private static func part(_ json: JSON, at place: String) throws(PluginError) -> Part {
        func text(_ key: String) throws(PluginError) -> String {
            guard let value = json[key]?.stringValue else { throw invalid("\(place)/\(key)", "must be a string") }
            return value
        }
        switch json["type"]?.stringValue {
        case "text": return .text(try text("text"))
        case "reasoning": return .reasoning(try text("text"), signature: nil)
        case "refusal": return .refusal(try text("text"))
        case "toolCall":
            return .toolCall(
                ToolCall(
                    id: try text("id"), name: try text("name"), arguments: try text("arguments"),
                    index: Int(json["index"]?.intValue ?? 0)))
        case "toolResult":
            return .toolResult(
                callID: try text("callID"), text: try text("text"), isError: json["isError"]?.boolValue ?? false)
        case "url": return .url(try text("url"), mediaType: json["mediaType"]?.stringValue ?? "")
        default:
            throw invalid("\(place)/type", "must be text, reasoning, refusal, toolCall, toolResult or url")
        }
    }

    private static func string(_ json: JSON, at place: String) throws(PluginError) -> String {
        guard let text = json.stringValue else { throw invalid(place, "must be a string, but is \(json.typeName)") }
        return text
    }

    private static func strings(_ json: JSON, at place: String) throws(PluginError) -> [String] {
        guard let list = json.arrayValue else { return [try string(json, at: place)] }
        var texts: [String] = []
        for (index, element) in list.enumerated() { texts.append(try string(element, at: "\(place)/\(index)")) }
        return texts
    }

    private static func number(_ json: JSON, at place: String) throws(PluginError) -> Double {
        guard let number = json.doubleValue else { throw invalid(place, "must be a number, but is \(json.typeName)") }
        return number
    }

    private static func count(_ json: JSON, at place: String) throws(PluginError) -> Int {
        guard let number = json.intValue, number >= 0, number <= Int64(UInt32.max) else {
            throw invalid(place, "must be a whole number, not negative")
        }
        return Int(number)
    }

    private static func invalid(_ pointer: String, _ problem: String) -> PluginError {
        PluginError(
            .invalidArgument, "request: \(pointer.isEmpty ? "the document" : pointer) \(problem)",
            remedy: "Write for example {\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]}",
            facts: .pointer(pointer))
    }
}
