internal import PluginCore

extension PluginError {
    /// An error as the host sent it (``PluginError/json``). Lists of findings and ranges of SDKs are in the message alone.
    init(controlError json: JSON) {
        self.init(
            Code(rawValue: json["code"]?.stringValue ?? "internal"),
            json["message"]?.stringValue ?? "the host gives no reason", facts: Facts(controlError: json),
            plugin: json["plugin"]?.stringValue, stage: json["stage"]?.stringValue.flatMap(Stage.init),
            operation: json["operation"]?.stringValue, retryable: json["retryable"]?.boolValue ?? false,
            retryAfter: json["retryAfterMs"]?.doubleValue.map { .milliseconds($0) })
    }
}

extension PluginError.Facts {
    fileprivate init(controlError json: JSON) {
        func integer(_ key: String) -> Int64? { json[key]?.intValue }
        func text(_ key: String) -> String? { json[key]?.stringValue }
        if let path = text("file") {
            self = .file(path: path)
        } else if let name = text("limit"), let value = integer("value"), let unit = text("unit"),
            let source = text("source")
        {
            self = .limit(name: name, value: value, unit: unit, source: source)
        } else if let limit = json["limit"], let kind = limit["kind"]?.stringValue,
            let value = limit["value"]?.intValue,
            let unit = limit["unit"]?.stringValue, let source = limit["source"]?.stringValue,
            let owner = limit["setBy"]?.stringValue
        {
            self = .resourceLimit(kind: kind, value: value, unit: unit, source: source, setBy: owner)
        } else if let kind = text("deadline"), let milliseconds = json["milliseconds"]?.doubleValue {
            self = .deadline(kind: kind, milliseconds: milliseconds)
        } else if let pointer = text("pointer") {
            self = .pointer(pointer)
        } else if let names = json["names"]?.arrayValue {
            self = .names(names.compactMap(\.stringValue))
        } else if let expected = integer("expected"), let actual = integer("actual") {
            self = .dimensions(expected: Int(expected), actual: Int(actual))
        } else if let text = text("linker") {
            self = .linker(text)
        } else if let number = integer("errno").flatMap(Int32.init(exactly:)), let call = text("call") {
            self = .errno(number, call: call)
        } else {
            self = .none
        }
    }
}
