/// The words of other hosts for what a plugin may do.
package enum PermissionSpelling {
    /// What an object of permissions may have besides our own kinds.
    package static let groups = [
        "api", "database", "environment", "events", "filesystem", "memory", "network", "process", "system", "usb",
    ]

    /// What a group's verb means.
    enum Meaning {
        /// A kind, and the resource where the spelling means a fixed one.
        case asks([Permission.Kind], resource: String? = nil)
        /// Hosts; what stands for the port where none is named.
        case hosts(ports: [String])
        /// A table or procedure.
        case database
        /// Nothing has to be asked for.
        case nothing(String)
    }

    private static let meanings: [String: [String: Meaning]] = [
        "filesystem": [
            "read": .asks([.readFiles]), "write": .asks([.writeFiles]), "readwrite": .asks([.readFiles, .writeFiles]),
            "execute": .asks([.execute]),
        ],
        "network": [
            "outbound": .hosts(ports: ["*"]), "hosts": .hosts(ports: ["*"]), "raw": .hosts(ports: ["*"]),
            "http": .hosts(ports: ["80", "443"]), "websocket": .hosts(ports: ["80", "443"]),
            "inbound": .asks([.listen]),
        ],
        "process": [
            "spawn": .asks([.execute]), "shell": .asks([.execute], resource: "/bin/sh"), "signal": .asks([.signal]),
        ],
        "environment": ["read": .asks([.environment]), "write": .asks([.changeEnvironment])],
        "memory": ["shared": .asks([.sharedMemory]), "vector": .asks([.service], resource: "vector")],
        "system": [
            "info": .nothing("facts about the machine may be read by all"),
            "native": .nothing("all plugins are native code"),
        ],
        "database": ["read": .database, "write": .database, "execute": .database],
        "events": ["subscribe": .asks([.subscribe]), "publish": .asks([.publish])],
    ]

    static func meaning(_ group: String, _ verb: String) -> Meaning? { meanings[group]?[verb] }

    package static func verbs(_ group: String) -> [String] { meanings[group]?.keys.sorted() ?? [] }
}

extension PermissionReader {
    // MARK: - Texts

    /// `fs.read:data`, `fs_read:data`, `network:HOST,HOST`, `filesystem:read`, `process`.
    mutating func readText(_ text: String, at pointer: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (word, rest) = (parts[0], parts.count > 1 ? parts[1] : nil)
        switch word {
        case "fs_read": ask(.readFiles, rest, at: pointer, spelling: text)
        case "fs_write": ask(.writeFiles, rest, at: pointer, spelling: text)
        case "env":
            guard let rest, rest.contains(",") else { break }
            for name in rest.split(whereSeparator: { ", ".contains($0) }) {
                ask(.environment, String(name), at: pointer, spelling: text)
            }
            return
        case "database":
            let inner = rest?.split(separator: ":", maxSplits: 1).map(String.init) ?? []
            readVerb("database", inner.first ?? "", inner.count > 1 ? inner[1] : nil, at: pointer, spelling: text)
            return
        case "process":
            if let rest, PermissionSpelling.meaning(word, rest) == nil {
                ask(.execute, rest, at: pointer, spelling: text)
            } else {
                readVerb(word, rest ?? "spawn", nil, at: pointer, spelling: text)
            }
            return
        case "network":
            if let rest, PermissionSpelling.meaning(word, rest) == nil {
                for host in rest.split(separator: ",") {
                    readVerb(word, "outbound", String(host), at: pointer, spelling: text)
                }
            } else {
                readVerb(word, rest ?? "outbound", nil, at: pointer, spelling: text)
            }
            return
        case "filesystem", "environment", "memory", "system", "events":
            readVerb(word, rest ?? "", nil, at: pointer, spelling: text)
            return
        default: break
        }
        guard word != "fs_read", word != "fs_write" else { return }
        do throws(PluginError) {
            let permission = try Permission(parsing: text)
            ask(permission.kind, permission.resource, at: pointer)
        } catch {
            reader.error(pointer, "is wrong: \(error.what)")
        }
    }

    // MARK: - Groups

    /// `"filesystem": ["read"]`, `{"read": ["data"]}` or `[{"path": "data", "mode": "read"}]`, and so on.
    mutating func readGroup(_ group: String, _ value: ManifestValue) {
        switch value.json {
        case .array:
            for element in reader.elements(value) {
                if group == "filesystem", element.json.objectValue != nil {
                    readFolder(element)
                } else if let verb = reader.string(element) {
                    readVerb(group, verb, nil, at: element.pointer)
                }
            }
        case .string(let verb): readVerb(group, verb, nil, at: value.pointer)
        case .bool(let isWanted):
            guard isWanted else { return }
            if group == "process" {
                readVerb(group, "spawn", nil, at: value.pointer)
            } else {
                reader.error(value.pointer, "must say what of it, such as \(Self.example(group))")
            }
        case .object(let members):
            switch group {
            case "usb": readDevices(value)
            case "api": readEndpoints(value)
            default:
                for (verb, resources) in ManifestObject(members: members, pointer: value.pointer).sorted {
                    readResources(group, verb, resources)
                }
            }
        default: reader.error(value.pointer, "must be an array or an object, but is \(value.json.typeName)")
        }
    }

    private static func example(_ group: String) -> String {
        switch group {
        case "usb": #"{"vendor_ids": ["0x1234"]}"#
        case "api": #"{"endpoints": ["/items"]}"#
        default: "[\"\(PermissionSpelling.verbs(group).first ?? "")\"]"
        }
    }

    private mutating func readResources(_ group: String, _ verb: String, _ value: ManifestValue) {
        if group == "memory", verb == "max_heap_mb" {
            limits.memory = reader.size(value, unit: 1_000_000) ?? limits.memory
        } else if group == "memory", verb == "max_workers" {
            limits.workers = reader.whole(value, in: 1...1024) ?? limits.workers
        } else if group == "network", verb == "inbound", value.json.objectValue != nil {
            readListener(value)
        } else if let isWanted = value.json.boolValue {
            if isWanted { readVerb(group, verb, nil, at: value.pointer) }
        } else if let port = value.json.intValue, verb == "inbound" {
            readVerb(group, verb, "\(port)", at: value.pointer)
        } else {
            for element in value.json.stringValue == nil ? reader.elements(value) : [value] {
                let text = element.json.intValue.map { "\($0)" } ?? reader.string(element)
                if let text { readVerb(group, verb, text, at: element.pointer) }
            }
        }
    }

    /// - Parameters:
    ///   - resource: nil for everything, unless the manifest narrows that for the whole group.
    ///   - spelling: what justifications may call it; the group and the verb unless it was written differently.
    mutating func readVerb(
        _ group: String, _ verb: String, _ resource: String?, at pointer: String, spelling: String? = nil
    ) {
        let spelling = spelling ?? "\(group):\(verb)"
        switch PermissionSpelling.meaning(group, verb) {
        case .asks(let kinds, let fixed):
            for kind in kinds {
                let isNarrowed = resource == nil && fixed == nil && group == "filesystem" && !paths.isEmpty
                for resource in isNarrowed ? paths.map(Optional.some) : [fixed ?? resource] {
                    ask(kind, resource, at: pointer, spelling: spelling)
                }
            }
        case .hosts(let ports):
            let hosts = resource.map { [$0] } ?? hosts
            if hosts.isEmpty { ask(.network, nil, at: pointer, spelling: spelling) }
            for host in hosts {
                if host == "*" {
                    ask(.network, nil, at: pointer, spelling: spelling)
                } else if NetworkPattern.Words(host).port != nil {
                    ask(.network, host, at: pointer, spelling: spelling)
                } else {
                    for port in ports { ask(.network, "\(host):\(port)", at: pointer, spelling: spelling) }
                }
            }
        case .database:
            ask(.database, resource.map { "\(verb):\($0)" } ?? verb, at: pointer, spelling: spelling)
        case .nothing(let why): reader.warn(pointer, "need not be asked for: \(why)")
        case nil:
            let verbs = PermissionSpelling.verbs(group)
            if verbs.isEmpty {
                reader.error(pointer, "must say what of it, such as \(Self.example(group))")
            } else {
                let hint = SimilarName.find(verb, in: verbs).map { "; is \"\($0)\" meant?" } ?? ""
                reader.error(
                    pointer,
                    "asks for \(JSON.string(verb).brief) of \(group); there are \(verbs.joined(separator: ", "))\(hint)"
                )
            }
        }
    }
}
