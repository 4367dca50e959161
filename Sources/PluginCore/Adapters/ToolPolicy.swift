/// What a tool executor may run, and within which limits. Deny by default: without a rule in ``allow`` nothing runs.
public struct ToolPolicy: Sendable, Hashable {
    public enum Overflow: String, Sendable {
        /// Keep reading, stop passing on.
        case truncate
        case kill
    }

    public enum Inheritance: String, Sendable {
        case none
        /// PATH, HOME, LANG, LC_*, TERM, TMPDIR, TZ, USER, LOGNAME, SHELL.
        case core
        case all
    }

    public struct PathRule: Sendable, Hashable {
        public enum Access: String, Sendable { case none, read, write }
        public var path: String
        public var access: Access
        public var execute: Bool

        public init(path: String, access: Access, execute: Bool = false) {
            self.path = path
            self.access = access
            self.execute = execute
        }
    }

    public var isEnabled = true
    public var allowShell = false
    public var allowNetwork = false
    /// Refuse to run unless every field that is set is enforced.
    public var requireEnforced = false
    /// First words of the command lines that may run: `["git", "status"]`.
    public var allow: [[String]] = []
    /// Wins over ``allow``.
    public var deny: [[String]] = []
    public var overflow = Overflow.truncate
    public var inheritEnvironment = Inheritance.core
    /// Globs of further variables to inherit.
    public var environmentAllow: [String] = []
    /// Globs that are never inherited; upper and lower case are the same.
    public var environmentDeny: [String] = [
        "*KEY*", "*SECRET*", "*TOKEN*", "*PASS*", "*CREDENTIAL*", "*AUTH*", "*_PAT",
    ]
    public var environmentSet: [String: String] = [:]
    public var paths: [PathRule] = []
    public var wall: Duration? = .seconds(60)
    public var cpu: Duration?
    /// Longest time without output.
    public var idle: Duration?
    /// Between SIGTERM and SIGKILL.
    public var grace: Duration = .seconds(2)
    /// Bytes.
    public var memory: Int?
    public var fileSize: Int?
    public var openFiles: Int?
    public var processes: Int?
    public var stdoutBytes: Int? = 1 << 20
    public var stderrBytes: Int? = 1 << 20

    public init() {}
}

extension ToolPolicy {
    /// Reads the JSON form, as `keyway call-adapter execute --policy FILE` takes it:
    ///
    ///     {"allow": [["git", "status"], "ls"], "wallMs": 5000, "stdoutBytes": 65536}
    ///
    /// A rule is an array of words, or a string that is split at spaces. Durations are milliseconds.
    /// - Throws: `invalidArgument` with the JSON pointer; unknown members are errors.
    public init(_ json: JSON) throws(PluginError) {
        self.init()
        guard let members = json.objectValue else {
            throw Self.invalid("", "must be an object, but is \(json.typeName)")
        }
        for (key, value) in members.sorted(by: { $0.key < $1.key }) { try apply(key, value) }
    }

    private mutating func apply(_ key: String, _ value: JSON) throws(PluginError) {
        let place = "/\(JSON.escapedForPointer(key))"
        switch key {
        case "enabled": isEnabled = try Self.flag(value, at: place)
        case "allowShell": allowShell = try Self.flag(value, at: place)
        case "allowNetwork": allowNetwork = try Self.flag(value, at: place)
        case "requireEnforced": requireEnforced = try Self.flag(value, at: place)
        case "allow": allow = try Self.rules(value, at: place)
        case "deny": deny = try Self.rules(value, at: place)
        case "overflow": overflow = try Self.choice(value, at: place, ["truncate", "kill"])
        case "inheritEnvironment": inheritEnvironment = try Self.choice(value, at: place, ["none", "core", "all"])
        case "environmentAllow": environmentAllow = try Self.words(value, at: place)
        case "environmentDeny": environmentDeny = try Self.words(value, at: place)
        case "environmentSet":
            guard let pairs = value.objectValue else { throw Self.invalid(place, "must be an object of strings") }
            for (name, text) in pairs {
                guard let text = text.stringValue else {
                    throw Self.invalid(
                        "\(place)/\(JSON.escapedForPointer(name))", "must be a string, but is \(text.typeName)")
                }
                environmentSet[name] = text
            }
        case "paths":
            guard let list = value.arrayValue else { throw Self.invalid(place, "must be an array") }
            for (index, element) in list.enumerated() {
                let here = "\(place)/\(index)"
                guard let path = element["path"]?.stringValue, path.hasPrefix("/") else {
                    throw Self.invalid("\(here)/path", "must be an absolute path")
                }
                paths.append(
                    PathRule(
                        path: path,
                        access: try Self.choice(
                            element["access"] ?? .null, at: "\(here)/access", ["none", "read", "write"]),
                        execute: try element["execute"].map { value throws(PluginError) in
                            try Self.flag(value, at: "\(here)/execute")
                        } ?? false))
            }
        case "wallMs": wall = try Self.duration(value, at: place)
        case "cpuMs": cpu = try Self.duration(value, at: place)
        case "idleMs": idle = try Self.duration(value, at: place)
        case "graceMs": grace = try Self.duration(value, at: place) ?? .zero
        case "memory": memory = try Self.count(value, at: place)
        case "fileSize": fileSize = try Self.count(value, at: place)
        case "openFiles": openFiles = try Self.count(value, at: place)
        case "processes": processes = try Self.count(value, at: place)
        case "stdoutBytes": stdoutBytes = try Self.count(value, at: place)
        case "stderrBytes": stderrBytes = try Self.count(value, at: place)
        default: throw Self.invalid(place, "is no field of a policy")
        }
    }

    /// Splits `git status` into words. Quotes have no meaning: a rule with spaces inside a word is an array.
    public static func rule(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func rules(_ json: JSON, at place: String) throws(PluginError) -> [[String]] {
        guard let list = json.arrayValue else { throw invalid(place, "must be an array of rules") }
        var rules: [[String]] = []
        for (index, element) in list.enumerated() {
            let rule: [String]
            if let text = element.stringValue {
                rule = Self.rule(text)
            } else {
                rule = try words(element, at: "\(place)/\(index)")
            }
            guard !rule.isEmpty else { throw invalid("\(place)/\(index)", "has no words") }
            rules.append(rule)
        }
        return rules
    }

    private static func words(_ json: JSON, at place: String) throws(PluginError) -> [String] {
        guard let list = json.arrayValue else { throw invalid(place, "must be an array of strings") }
        var words: [String] = []
        for (index, element) in list.enumerated() {
            guard let word = element.stringValue else {
                throw invalid("\(place)/\(index)", "must be a string, but is \(element.typeName)")
            }
            words.append(word)
        }
        return words
    }

    private static func flag(_ json: JSON, at place: String) throws(PluginError) -> Bool {
        guard let value = json.boolValue else { throw invalid(place, "must be true or false") }
        return value
    }

    private static func choice<Choice: RawRepresentable<String>>(
        _ json: JSON, at place: String, _ names: [String]
    ) throws(PluginError) -> Choice {
        guard let choice = json.stringValue.flatMap(Choice.init) else {
            throw invalid(place, "must be one of \(names.joined(separator: ", "))")
        }
        return choice
    }

    private static func duration(_ json: JSON, at place: String) throws(PluginError) -> Duration? {
        if json == .null { return nil }
        guard let value = json.doubleValue, value >= 0, value < 1e12 else {
            throw invalid(place, "must be a number of milliseconds, not negative, or null")
        }
        return .nanoseconds(Int64(value * 1e6))
    }

    private static func count(_ json: JSON, at place: String) throws(PluginError) -> Int? {
        if json == .null { return nil }
        guard let value = json.intValue, value > 0 else {
            throw invalid(place, "must be a positive whole number, or null")
        }
        return Int(value)
    }

    private static func invalid(_ pointer: String, _ problem: String) -> PluginError {
        PluginError(
            .invalidArgument, "policy: \(pointer.isEmpty ? "the document" : pointer) \(problem)",
            remedy: "Write for example {\"allow\": [[\"ls\"]], \"wallMs\": 5000}", facts: .pointer(pointer))
    }
}
