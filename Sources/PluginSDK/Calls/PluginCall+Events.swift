internal import PluginABI
internal import PluginBridge
internal import PluginCore

extension PluginCall {
    /// Text alone, the hot path of a stream: lent where it lies.
    @inline(__always)
    func emit(_ kind: UInt32, choice: Int, index: Int, text: String) throws(PluginError) {
        var event = unsafe kw_event()
        unsafe event.kind = kind
        unsafe event.choice = UInt32(clamping: choice)
        unsafe event.index = UInt32(clamping: index)
        let status = unsafe text.withLentUTF8 { utf8 in
            unsafe event.text = utf8
            return unsafe send(&event)
        }
        try check(status)
    }

    /// Hands one event to the consumer. What it points to is lent until this returns. Blocks while the consumer is behind.
    func emit(
        _ kind: UInt32, choice: Int = 0, index: Int = 0, flags: UInt32 = 0, text: String = "", id: String = "",
        name: String = ""
    ) throws(PluginError) {
        var event = unsafe zeroed(kw_event.self)
        unsafe event.kind = kind
        unsafe event.flags = flags
        unsafe event.choice = UInt32(clamping: choice)
        unsafe event.index = UInt32(clamping: index)
        try unsafe emit(&event, text: text, id: id, name: name)
    }

    /// The same with bytes.
    func emit(
        _ kind: UInt32, choice: Int = 0, index: Int = 0, text: String = "", data: kw_bytes
    ) throws(PluginError) {
        var event = unsafe zeroed(kw_event.self)
        unsafe event.kind = kind
        unsafe event.choice = UInt32(clamping: choice)
        unsafe event.index = UInt32(clamping: index)
        unsafe event.data = data
        try unsafe emit(&event, text: text, id: "", name: "")
    }

    /// The same with growable structs of the kind.
    func emit(
        _ kind: UInt32, choice: Int = 0, index: Int = 0, id: String = "", payload: kw_span
    ) throws(PluginError) {
        var event = unsafe zeroed(kw_event.self)
        unsafe event.kind = kind
        unsafe event.choice = UInt32(clamping: choice)
        unsafe event.index = UInt32(clamping: index)
        unsafe event.payload = payload
        try unsafe emit(&event, text: "", id: id, name: "")
    }

    private func emit(_ event: inout kw_event, text: String, id: String, name: String) throws(PluginError) {
        let status = unsafe text.withLentUTF8 { text in
            unsafe event.text = text
            return unsafe id.withLentUTF8 { id in
                unsafe event.id = id
                return unsafe name.withLentUTF8 { name in
                    unsafe event.name = name
                    return unsafe send(&event)
                }
            }
        }
        try check(status)
    }

    /// The same for text that is no `String`.
    func emit(_ kind: UInt32, choice: Int, index: Int, utf8: Span<UInt8>) throws(PluginError) {
        let status = unsafe utf8.withUnsafeBytes { bytes in
            var event = unsafe zeroed(kw_event.self)
            unsafe event.kind = kind
            unsafe event.choice = UInt32(clamping: choice)
            unsafe event.index = UInt32(clamping: index)
            if let base = bytes.baseAddress, unsafe !bytes.isEmpty {
                unsafe event.text = kw_str(ptr: base.assumingMemoryBound(to: CChar.self), len: UInt64(bytes.count))
            }
            return unsafe send(&event)
        }
        try check(status)
    }

    /// Bytes of an event of `kind`.
    func emit(_ kind: UInt32, bytes: Span<UInt8>) throws(PluginError) {
        try unsafe bytes.withUnsafeBytes { buffer throws(PluginError) in
            guard unsafe !buffer.isEmpty else { return }
            try unsafe emit(kind, data: kw_bytes(ptr: buffer.baseAddress, len: UInt64(buffer.count)))
        }
    }

    @inline(__always)
    private func send(_ event: inout kw_event) -> kw_status {
        unsafe event.h = .of(kw_event.self)
        return unsafe pointer.pointee.api.pointee.emit(pointer, &event, 0)
    }

    @inline(__always)
    private func check(_ status: kw_status) throws(PluginError) {
        if status != KW_OK { try Self.refuse(status) }
    }

    @inline(never)
    private static func refuse(_ status: kw_status) throws(PluginError) {
        switch status {
        // A call that takes no events drops them.
        case KW_UNIMPLEMENTED: return
        case KW_CANCELLED: throw cancelled()
        default:
            throw PluginError(
                PluginError.Code(status: status) ?? .internal, "the host did not take an event (status \(status))",
                remedy: "Write events before the operation replies, and from one thread at a time")
        }
    }
}

extension String {
    /// Lends the text in the ABI's form, without a copy if it is stored as UTF-8 (all but bridged strings are).
    @inline(__always)
    func withLentUTF8<Result>(_ body: (kw_str) -> Result) -> Result {
        @inline(__always)
        func lend(_ utf8: UnsafeBufferPointer<UInt8>) -> Result {
            guard let base = utf8.baseAddress, !utf8.isEmpty else { return unsafe body(kw_str()) }
            return unsafe body(
                kw_str(ptr: UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self), len: UInt64(utf8.count)))
        }
        if let result = unsafe utf8.withContiguousStorageIfAvailable({ unsafe lend($0) }) { return result }
        var copy = self
        return copy.withUTF8 { unsafe lend($0) }
    }
}
