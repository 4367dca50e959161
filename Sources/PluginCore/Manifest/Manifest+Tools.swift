/// What a manifest says about tools and operations, so that they can be listed before anything is loaded.
extension ManifestReader {
    mutating func tools(_ value: ManifestValue?) -> [ToolSpecification] {
        named(value).compactMap { name, value in
            guard let object = object(value, .tool) else { return nil }
            var tool = ToolSpecification(name: name)
            tool.title = string(object["title"])
            tool.description = string(object["description"])
            if let schema = schema(object["inputSchema", "parameters"]) { tool.inputSchema = schema }
            tool.outputSchema = schema(object["outputSchema"]) ?? .null
            if let examples = object["examples"], !elements(examples).isEmpty { tool.examples = examples.json }
            if flag(object["readOnly"]) == true { tool.hints.insert(.readOnly) }
            if let flag = flag(object["destructive"]) { tool.hints.insert(flag ? .destructive : .notDestructive) }
            if flag(object["idempotent"]) == true { tool.hints.insert(.idempotent) }
            if let flag = flag(object["openWorld"]) { tool.hints.insert(flag ? .openWorld : .closedWorld) }
            tool.isStrict = flag(object["strict"]) ?? false
            return tool
        }
    }

    mutating func operations(_ value: ManifestValue?) -> [OperationDescription] {
        named(value).compactMap { name, value in
            guard let object = object(value, .operation) else { return nil }
            var operation = OperationDescription(name: name)
            operation.description = string(object["description"])
            operation.inputSchema = schema(object["inputSchema"]) ?? .null
            operation.outputSchema = schema(object["outputSchema"]) ?? .null
            if let formats = object["inputFormats", "input_formats"] { operation.inputFormats = strings(formats) }
            if let formats = object["outputFormats", "output_formats"] { operation.outputFormats = strings(formats) }
            operation.capabilities = strings(object["capabilities"])
            if flag(object["idempotent"]) == true { operation.traits.insert(.idempotent) }
            if flag(object["streams"]) == true { operation.traits.insert(.streams) }
            if flag(object["readOnly"]) == true { operation.traits.insert(.readOnly) }
            if let examples = object["examples"], !elements(examples).isEmpty { operation.examples = examples.json }
            operation.agentTypes = strings(object["agentTypes"])
            return operation
        }
    }
}

extension ToolSpecification {
    /// As a manifest has it; what is not said is left out.
    var manifestJSON: JSON {
        var members: [String: JSON] = ["name": .string(name), "inputSchema": inputSchema]
        if let title { members["title"] = .string(title) }
        if let description { members["description"] = .string(description) }
        if outputSchema != .null { members["outputSchema"] = outputSchema }
        if examples != .null { members["examples"] = examples }
        if hints.contains(.readOnly) { members["readOnly"] = true }
        if hints.contains(.destructive) { members["destructive"] = true }
        if hints.contains(.notDestructive) { members["destructive"] = false }
        if hints.contains(.idempotent) { members["idempotent"] = true }
        if hints.contains(.openWorld) { members["openWorld"] = true }
        if hints.contains(.closedWorld) { members["openWorld"] = false }
        if isStrict { members["strict"] = true }
        return .object(members)
    }
}

extension OperationDescription {
    /// As a manifest has it; what is not said is left out.
    var manifestJSON: JSON {
        var members: [String: JSON] = [
            "name": .string(name), "inputFormats": .array(inputFormats.map(JSON.string)),
            "outputFormats": .array(outputFormats.map(JSON.string)),
        ]
        if let description { members["description"] = .string(description) }
        if inputSchema != .null { members["inputSchema"] = inputSchema }
        if outputSchema != .null { members["outputSchema"] = outputSchema }
        if !capabilities.isEmpty { members["capabilities"] = .array(capabilities.map(JSON.string)) }
        if traits.contains(.idempotent) { members["idempotent"] = true }
        if traits.contains(.streams) { members["streams"] = true }
        if traits.contains(.readOnly) { members["readOnly"] = true }
        if examples != .null { members["examples"] = examples }
        if !agentTypes.isEmpty { members["agentTypes"] = .array(agentTypes.map(JSON.string)) }
        return .object(members)
    }
}
