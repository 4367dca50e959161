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
        case "denyPatterns": denyPatterns = try Self.rules(value, at: place)
        case "overflow": overflow = try Self.choice(value, at: place, ["truncate", "kill", "spool"])
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
        case "approval":
            approval = try Self.choice(value, at: place, Approval.allCases.map(\.rawValue))
        case "interactive": isInteractive = try Self.flag(value, at: place)
        case "autoApprove": approvesAutomatically = try Self.flag(value, at: place)
        case "background": background = try Self.choice(value, at: place, Background.allCases.map(\.rawValue))
        case "terminal": terminal = try Self.flag(value, at: place)
        case "headBytes": headBytes = try Self.count(value, at: place) ?? 0
        case "tailBytes": tailBytes = try Self.count(value, at: place) ?? 0
        case "userID":
            guard let number = value.intValue, let id = UInt32(exactly: number) else {
                throw Self.invalid(place, "must be a user id")
            }
            userID = id
        case "seccompProfile":
            guard let name = value.stringValue, !name.isEmpty else { throw Self.invalid(place, "must be a name") }
            seccompProfile = name
        case "isolate":
            for word in try Self.words(value, at: place) {
                guard let namespace = Isolation(name: word) else {
                    throw Self.invalid(place, "must name pid, ipc, net, mount or user, not \(word)")
                }
                isolation.insert(namespace)
            }
        case "network":
            guard let list = value.arrayValue else { throw Self.invalid(place, "must be an array of rules") }
            for (index, element) in list.enumerated() {
                network.append(try Self.networkRule(element, at: "\(place)/\(index)"))
            }
        case "toolLimits":
            guard let list = value.arrayValue else { throw Self.invalid(place, "must be an array") }
            for (index, element) in list.enumerated() {
                toolLimits.append(try Self.toolLimits(element, at: "\(place)/\(index)"))
            }
        default:
            guard try limits.apply(key, value, at: place) else {
                throw Self.invalid(place, "is no field of a policy")
            }
        }
    }

    private static func toolLimits(_ json: JSON, at place: String) throws(PluginError) -> ToolLimits {
        guard var members = json.objectValue, let prefix = members.removeValue(forKey: "prefix") else {
            throw invalid("\(place)/prefix", "is missing; write {\"prefix\": [\"make\"], \"wallMs\": 600000}")
        }
        let words: [String]
        if let text = prefix.stringValue {
            words = rule(text)
        } else {
            words = try Self.words(prefix, at: "\(place)/prefix")
        }
        var result = ToolLimits(prefix: words, limits: Limits())
        guard !result.prefix.isEmpty else { throw invalid("\(place)/prefix", "has no words") }
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            let here = "\(place)/\(JSON.escapedForPointer(key))"
            guard try result.limits.apply(key, value, at: here) else { throw invalid(here, "is no limit") }
        }
        return result
    }

    private static func networkRule(_ json: JSON, at place: String) throws(PluginError) -> NetworkRule {
        guard let members = json.objectValue else { throw invalid(place, "must be an object") }
        var target: NetworkRule.Target?
        var ports: ClosedRange<Int>?
        var isDenied = false
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            let here = "\(place)/\(JSON.escapedForPointer(key))"
            switch key {
            case "deny": isDenied = try flag(value, at: here)
            case "ports": ports = try portRange(value, at: here)
            case "domain":
                guard let name = value.stringValue, !name.isEmpty else { throw invalid(here, "must be a host name") }
                target = .domain(name, ports: nil)
            case "unix":
                guard let path = value.stringValue, path.hasPrefix("/") else {
                    throw invalid(here, "must be an absolute path")
                }
                target = .unixSocket(path)
            case "bind": target = .bind(try portRange(value, at: here))
            default: throw invalid(here, "is no member of a network rule; there are ports, domain, unix, bind and deny")
            }
        }
        switch (target, ports) {
        case (.domain(let name, _), _): target = .domain(name, ports: ports)
        case (nil, let ports?): target = .ports(ports)
        case (nil, nil): throw invalid(place, "names neither ports nor a domain, unix socket or bind")
        case (_, _?): throw invalid("\(place)/ports", "goes with a domain or alone")
        default: break
        }
        return NetworkRule(target!, isDenied: isDenied)
    }

    /// A port, or an array of the first and the last.
    private static func portRange(_ json: JSON, at place: String) throws(PluginError) -> ClosedRange<Int> {
        let ends = json.arrayValue ?? [json, json]
        guard ends.count == 2, let first = ends[0].intValue, let last = ends[1].intValue, 1 <= first, first <= last,
            last <= 65535
        else { throw invalid(place, "must be a port, or an array of the first and the last") }
        return Int(first)...Int(last)
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

    fileprivate static func duration(_ json: JSON, at place: String) throws(PluginError) -> Duration? {
        if json == .null { return nil }
        guard let value = json.doubleValue, value >= 0, value < 1e12 else {
            throw invalid(place, "must be a number of milliseconds, not negative, or null")
        }
        return .nanoseconds(Int64(value * 1e6))
    }

    fileprivate static func count(_ json: JSON, at place: String) throws(PluginError) -> Int? {
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

extension ToolPolicy.Limits {
    /// Reads one member of the JSON form; false if it is no limit.
    fileprivate mutating func apply(_ key: String, _ value: JSON, at place: String) throws(PluginError) -> Bool {
        switch key {
        case "wallMs": wall = try ToolPolicy.duration(value, at: place)
        case "cpuMs": cpu = try ToolPolicy.duration(value, at: place)
        case "idleMs": idle = try ToolPolicy.duration(value, at: place)
        case "graceMs": grace = try ToolPolicy.duration(value, at: place)
        case "memory": memory = try ToolPolicy.count(value, at: place)
        case "fileSize": fileSize = try ToolPolicy.count(value, at: place)
        case "diskWrite": diskWrite = try ToolPolicy.count(value, at: place)
        case "openFiles": openFiles = try ToolPolicy.count(value, at: place)
        case "processes": processes = try ToolPolicy.count(value, at: place)
        case "stdoutBytes": stdoutBytes = try ToolPolicy.count(value, at: place)
        case "stderrBytes": stderrBytes = try ToolPolicy.count(value, at: place)
        default: return false
        }
        return true
    }
}

extension ToolPolicy.Isolation {
    fileprivate init?(name: String) {
        switch name {
        case "pid": self = .pid
        case "ipc": self = .ipc
        case "net": self = .net
        case "mount": self = .mount
        case "user": self = .user
        default: return nil
        }
    }
}
