internal import PluginABI
internal import PluginBridge
internal import PluginCore

/// Events that every streaming operation may emit.
extension ABIReader {
    func warning(_ event: borrowing kw_event) throws(PluginError) -> Warning {
        Warning(
            feature: try unsafe text(event.name, "an event's name"),
            message: try unsafe text(event.text, "an event's text"))
    }

    /// The share that is done, if the plugin knows, and what it is doing.
    func progress(_ event: borrowing kw_event) throws(PluginError) -> (fraction: Double?, text: String) {
        let data = try unsafe bytes(event.data, "progress")
        guard data.isEmpty || data.count == MemoryLayout<Double>.size else {
            throw violation("emitted a progress of \(data.count) bytes, which is no number")
        }
        let fraction = unsafe data.isEmpty ? nil : data.withUnsafeBytes { unsafe $0.loadUnaligned(as: Double.self) }
        if let fraction, !(0...1).contains(fraction) { throw violation("emitted a progress of \(fraction)") }
        return (fraction, try unsafe text(event.text, "progress"))
    }

    /// What an event of this kind is about.
    func payload<Payload: BitwiseCopyable, Result>(
        _ event: borrowing kw_event, of type: Payload.Type, _ what: String,
        _ convert: (borrowing Payload) throws(PluginError) -> Result
    ) throws(PluginError) -> Result {
        guard let payload = try unsafe optional(event.payload, of: type, what, convert) else {
            throw violation("emitted an event of \(what) without it")
        }
        return payload
    }

    /// A kind that this host does not know is passed over, unless it must be understood.
    func skip(_ event: borrowing kw_event) throws(PluginError) {
        guard unsafe event.h.flags & UInt32(KW_MUST) == 0 else {
            throw violation("emitted an event of kind \(unsafe event.kind) that must be understood and is not")
        }
    }
}
