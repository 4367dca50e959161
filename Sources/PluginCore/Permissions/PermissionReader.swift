/// Reads what a manifest asks for, in every spelling, as ``PermissionRequest``s. docs/manifest.md has the table.
struct PermissionReader {
    var reader: ManifestReader
    /// Amounts of memory are asked for as permissions elsewhere; here they are limits.
    var limits: ResourceLimits
    private(set) var requests: [PermissionRequest] = []
    private var indices: [Permission: Int] = [:]

    /// What is asked for at present: needed, and narrowed to these where nothing narrower is said.
    private var isRequired = true
    private(set) var hosts: [String] = []
    private(set) var paths: [String] = []
    /// By permission, kind, or spelling.
    private var justifications: [String: String] = [:]

    /// No plugin needs more, and an operator could not judge them.
    private static let maximumRequests = 1024
    /// Was more than that asked for?
    private(set) var isFull = false

    init(_ reader: ManifestReader, _ limits: ResourceLimits) {
        self.reader = reader
        self.limits = limits
    }

    mutating func read(_ value: ManifestValue) {
        switch value.json {
        case .array: for element in reader.elements(value) { readElement(element) }
        case .object(let members): readObject(ManifestObject(members: members, pointer: value.pointer))
        default:
            reader.error(value.pointer, "must be an array or an object, but is \(value.json.typeName)")
        }
    }

    // MARK: - Asking

    /// - Parameter spelling: the word of another host that was used; its request may then repeat.
    mutating func ask(
        _ kind: Permission.Kind, _ resource: String?, at pointer: String, spelling: String? = nil,
        isRequired: Bool? = nil, why: String? = nil
    ) {
        let permission: Permission
        do throws(PluginError) {
            permission = try Permission(kind, resource)
        } catch {
            reader.error(pointer, "is wrong: \(error.what)")
            return
        }
        let isRequired = isRequired ?? self.isRequired
        let why =
            why ?? spelling.flatMap { justifications[$0] } ?? justifications[permission.text]
            ?? justifications[kind.rawValue]
        if let index = indices[permission] {
            guard spelling != nil else {
                reader.error(pointer, "asks for \(permission) a second time")
                return
            }
            requests[index].isRequired = requests[index].isRequired || isRequired
            requests[index].justification = requests[index].justification ?? why
            return
        }
        guard requests.count < Self.maximumRequests else {
            if !isFull { reader.error(pointer, "asks for more than \(Self.maximumRequests) permissions") }
            isFull = true
            return
        }
        indices[permission] = requests.count
        requests.append(PermissionRequest(permission, isRequired: isRequired, justification: why))
        if !kind.isGrantable {
            let advice = isRequired ? ": a plugin that requires it is not loaded, so make it optional" : ""
            reader.warn(pointer, "asks for \(permission), which no host can grant\(advice)")
        } else if permission.isEverything {
            reader.warn(
                pointer,
                "asks for everything of the kind \(kind.rawValue), which is never granted by default; name what"
                    + " is needed")
        }
    }

    // MARK: - A list

    /// A permission as text, or an object with one.
    private mutating func readElement(_ element: ManifestValue) {
        if let text = element.json.stringValue {
            readText(text, at: element.pointer)
            return
        }
        guard let members = element.json.objectValue else {
            reader.error(
                element.pointer, "must be a permission or an object with one, but is \(element.json.typeName)")
            return
        }
        if members["permission"] == nil, members["path"] != nil {
            readFolder(element)
        } else {
            readRequest(element)
        }
    }

    /// `{"permission", "resource", "required", "why"}`
    private mutating func readRequest(_ element: ManifestValue) {
        guard let object = reader.object(element, .request, isExact: true) else { return }
        guard let value = object["permission"] else {
            reader.error(object.place(of: "permission"), "is missing")
            return
        }
        let resource = reader.string(object["resource"])
        let isRequired = reader.flag(object["required"]) ?? self.isRequired
        let why = reader.string(object["why"])
        guard let permission = reader.parsed(value, { text throws(PluginError) in try Permission(parsing: text) })
        else { return }
        if resource != nil, permission.resource != nil {
            reader.error(value.pointer, "is wrong: it has a resource in its text and another beside it")
            return
        }
        ask(
            permission.kind, resource ?? permission.resource, at: value.pointer, isRequired: isRequired, why: why)
    }

    // MARK: - An object

    private mutating func readObject(_ object: ManifestObject) {
        let (hosts, paths, justifications) = (hosts, paths, justifications)
        self.hosts += reader.strings(object["allowedHosts"])
        self.paths += reader.strings(object["allowedPaths"])
        for (key, text) in reader.object(object["justifications"])?.sorted ?? [] {
            self.justifications[key] = reader.string(text)
        }
        for (key, member) in object.sorted { readMember(key, member) }
        (self.hosts, self.paths, self.justifications) = (hosts, paths, justifications)
    }

    private mutating func readMember(_ key: String, _ value: ManifestValue) {
        let kind = Permission.Kind(rawValue: key)
        if Permission.Kind.all.contains(kind), key != "database" {
            readResources(kind, value)
            return
        }
        switch key {
        case "required", "optional":
            let outer = isRequired
            isRequired = key == "required"
            read(value)
            isRequired = outer
        case "permissions": read(value)
        // Read with the object, and a number that says nothing.
        case "justifications", "allowedHosts", "allowedPaths", "schemaVersion": break
        default:
            if PermissionSpelling.groups.contains(key) {
                readGroup(key, value)
            } else if key.contains(":") {
                if reader.flag(value) == true { readText(key, at: value.pointer) }
            } else {
                let known = PermissionSpelling.groups + Permission.Kind.grantable.map(\.rawValue)
                let hint = SimilarName.find(key, in: known).map { "; is \"\($0)\" meant?" } ?? ""
                reader.error(value.pointer, "is no kind of permission\(hint)")
            }
        }
    }

    /// `"fs.read": ["data", "models"]`, one resource as text, or true for all of the kind; false asks for nothing.
    private mutating func readResources(_ kind: Permission.Kind, _ value: ManifestValue) {
        switch value.json {
        case .bool(let all): if all { ask(kind, nil, at: value.pointer) }
        case .string(let one): ask(kind, one, at: value.pointer)
        case .array:
            for element in reader.elements(value) {
                if let text = reader.string(element) { ask(kind, text, at: element.pointer) }
            }
        default: reader.error(value.pointer, "must be resources, or true, but is \(value.json.typeName)")
        }
    }
}
