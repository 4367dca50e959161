/// What a manifest says about hooks: the points at which the plugin wants to be called.
extension ManifestReader {
    /// An object of hook points with their options, or a list. A member of the object whose value is text is a
    /// lifecycle handler of another host: ours calls operations of the plugin instead.
    mutating func hooks(_ value: ManifestValue?) -> [Hook] {
        guard let value else { return [] }
        guard let members = value.json.objectValue else {
            return named(value).compactMap { hook($0.name, $0.value) }
        }
        let object = ManifestObject(members: members, pointer: value.pointer)
        return object.sorted.compactMap { name, options in
            if Self.isLifecycleHandler(name) {
                warn(
                    options.pointer,
                    "is a handler of the plugin's life and is ignored: the host calls start, stop and configure of"
                        + " the plugin's table")
                return nil
            }
            switch options.json {
            case false: return nil
            case true: break
            case .string: warn(options.pointer, "names a handler, which is ignored: the host calls the plugin's table")
            default: return hook(name, options)
            }
            return hook(name, ManifestValue(.object([:]), options.pointer))
        }
    }

    /// onLoad, onUSBAttach
    private static func isLifecycleHandler(_ name: String) -> Bool {
        name.hasPrefix("on") && name.dropFirst(2).first?.isUppercase == true
    }

    private mutating func hook(_ name: String, _ value: ManifestValue) -> Hook? {
        guard (1...256).contains(name.utf8.count) else {
            error(value.pointer, "has a name that is not 1 to 256 bytes long")
            return nil
        }
        guard let object = object(value, .hook) else { return nil }
        var modes: Hook.Modes = []
        for mode in words(object["modes", "mode"]) {
            switch mode {
            case .observe: modes.insert(.observe)
            case .filter: modes.insert(.filter)
            case .veto: modes.insert(.veto)
            }
        }
        var hook = Hook(name, modes: modes.isEmpty ? .observe : modes)
        hook.priority = priority(object["priority"]) ?? 0
        hook.timeout = duration(object["timeout"])
        hook.payloadType = string(object["payloadType"])
        hook.retries = whole(object["retries"], in: 0...100) ?? 0
        hook.isAsynchronous = flag(object["async"]) ?? false
        if hook.isAsynchronous, hook.modes != .observe, let pointer = object["async"]?.pointer {
            error(pointer, "is for hooks that only observe: the others have to be waited for")
        }
        return hook
    }

    private enum Mode: String, CaseIterable { case observe, filter, veto }

    /// One mode or a list.
    private mutating func words(_ value: ManifestValue?) -> [Mode] {
        guard let value else { return [] }
        guard value.json.arrayValue != nil else { return word(value, as: Mode.self).map { [$0] } ?? [] }
        return elements(value).compactMap { word($0, as: Mode.self) }
    }
}

extension Hook {
    /// As a manifest has it; what is not said is left out.
    var manifestJSON: JSON {
        var members: [String: JSON] = ["name": .string(name)]
        let words: [(Modes, JSON)] = [(.observe, "observe"), (.filter, "filter"), (.veto, "veto")]
        members["modes"] = .array(words.filter { modes.contains($0.0) }.map(\.1))
        if priority != 0 { members["priority"] = .int(Int64(priority)) }
        if let timeout { members["timeout"] = .double(timeout.milliseconds) }
        if let payloadType { members["payloadType"] = .string(payloadType) }
        if retries != 0 { members["retries"] = .int(Int64(retries)) }
        if isAsynchronous { members["async"] = true }
        return .object(members)
    }
}
