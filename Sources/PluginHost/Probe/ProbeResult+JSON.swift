public import PluginCore
internal import PluginLoader

extension ProbeResult {
    /// Reads what the scanner says of a plugin.
    /// - Parameter tail: the last bytes that the plugin printed.
    /// - Throws: ``PluginError`` with code `protocolViolation` if a scanner of this version would not say so, and
    ///   `unavailable` if it could not run the plugin.
    init(
        scanned json: JSON, tail: some Sequence<UInt8>, of plugin: PreparedPlugin, deadline: Duration
    ) throws(PluginError) {
        guard let name = json["outcome"]?.stringValue else { throw Self.invalid("/outcome") }
        if name == "failed" {
            let call = json["call"]?.stringValue ?? "probe"
            let number = Int32(clamping: json["errno"]?.intValue ?? 0)
            throw PluginError(
                .unavailable, "keyway-scanner could not try it: \(call) failed with error \(number)",
                remedy: "Check the limits on processes, memory and open files", facts: .errno(number, call: call),
                plugin: plugin.path, stage: .load)
        }
        guard let phase = json["phase"]?.stringValue.flatMap(Phase.init), let bytes = json["outputBytes"]?.intValue,
            let nanoseconds = json["durationNs"]?.intValue
        else { throw Self.invalid("") }
        self.plugin = plugin.manifest?.id ?? plugin.path
        self.phase = phase
        path = plugin.path
        output = String(decoding: Array(tail), as: UTF8.self)
        outputBytes = UInt64(clamping: bytes)
        duration = .nanoseconds(nanoseconds)
        backtrace = try (json["backtrace"]?.arrayValue ?? []).map { frame throws(PluginError) in try Frame(frame) }
        let message = json["message"]?.stringValue
        outcome =
            switch name {
            case "passed": Self.judge(json, of: plugin) ?? (bytes > 0 ? .chatter : .passed)
            case "crashed":
                .crashed(signal: try Self.number(json, "signal"), address: Self.hexadecimal(json["address"]))
            case "exited": .exited(status: try Self.number(json, "status"))
            case "hung": .hung(deadline: deadline)
            case "unloadable": .unloadable(message ?? "")
            case "refused": .refused(message ?? "")
            default: throw Self.invalid("/outcome")
            }
    }

    /// The result of a plugin that ended its scanner.
    init(breakingScanner plugin: PreparedPlugin, duration: Duration) {
        self.plugin = plugin.manifest?.id ?? plugin.path
        self.duration = duration
        path = plugin.path
        (outcome, phase, backtrace, output, outputBytes) = (.brokeScanner, .load, [], "", 0)
    }

    /// The result of a plugin whose private library is gone since it was judged.
    init(of plugin: PreparedPlugin, missing error: PluginError) {
        self.plugin = plugin.manifest?.id ?? plugin.path
        path = plugin.path
        outcome = .refused("its library \(error.plugin ?? "beside it") is gone since it was judged")
        (duration, phase, backtrace, output, outputBytes) = (.zero, .setup, [], "", 0)
    }

    /// What a plugin says at run time has to be what its notes say: by these it was judged.
    private static func judge(_ json: JSON, of plugin: PreparedPlugin) -> Outcome? {
        guard let manifest = plugin.manifest, let note = plugin.object.notes.abi else { return nil }
        let interfaces = (json["interfaces"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
        let promised = plugin.object.notes.interfaces
        if json["id"]?.stringValue != manifest.id || json["version"]?.stringValue != manifest.version.description {
            let said = "\(json["id"]?.stringValue ?? "") \(json["version"]?.stringValue ?? "")"
            return .refused(
                "its table says that it is \(said), its manifest note says \(manifest.id) \(manifest.version)")
        }
        if interfaces.sorted() != promised.sorted() {
            return .refused("its table offers \(interfaces.sorted()), its notes promise \(promised.sorted())")
        }
        let range = [note.sdkBuilt, note.sdkMinimum, note.sdkMaximum, note.capabilityBits].map { Int64($0) }
        if ["sdkBuilt", "sdkMin", "sdkMax", "caps"].map({ json[$0]?.intValue }) != range {
            return .refused("its table and its ABI note differ in SDK range or capabilities")
        }
        return nil
    }

    private static func number(_ json: JSON, _ key: String) throws(PluginError) -> Int32 {
        guard let number = json[key]?.intValue.flatMap(Int32.init(exactly:)) else { throw invalid("/\(key)") }
        return number
    }

    fileprivate static func hexadecimal(_ json: JSON?) -> UInt64? {
        json?.stringValue.flatMap { UInt64($0, radix: 16) }
    }

    fileprivate static func invalid(_ pointer: String) -> PluginError {
        PluginError(
            .protocolViolation, "keyway-scanner said something that it cannot mean",
            remedy: "Build it and this program from the same source", facts: .pointer(pointer), stage: .load)
    }

    /// For programs; what does not apply is null.
    public var json: JSON {
        var members: [String: JSON] = [
            "plugin": .string(plugin), "file": .string(path), "outcome": .string(outcome.name),
            "reason": hasPassed ? nil : .string(reason), "phase": .string(phase.rawValue), "signal": nil,
            "address": nil, "status": nil,
            "backtrace": .array(backtrace.map { .string($0.text) }), "output": .string(output),
            "outputBytes": .int(Int64(clamping: outputBytes)), "durationMs": .double(duration.milliseconds),
        ]
        if case .crashed(let signal, let address) = outcome {
            members["signal"] = .int(Int64(signal))
            members["address"] = .optional(address) { .string("0x\(String($0, radix: 16))") }
        }
        if case .exited(let status) = outcome { members["status"] = .int(Int64(status)) }
        return .object(members)
    }
}

extension ProbeResult.Frame {
    init(_ json: JSON) throws(PluginError) {
        guard let offset = ProbeResult.hexadecimal(json["offset"]), let module = json["module"]?.stringValue else {
            throw ProbeResult.invalid("/backtrace")
        }
        self.module = module
        self.offset = offset
        symbol = json["symbol"]?.stringValue
        symbolOffset = ProbeResult.hexadecimal(json["symbolOffset"]) ?? 0
    }
}
