internal import PluginABI
internal import PluginBridge
public import PluginCore

/// Where a scan writes its items. They leave in batches, because an event costs more than an item.
@safe
public struct ItemOutput: ~Copyable {
    private let call: UnsafeMutablePointer<kw_call>
    private var pending: [VectorItem] = []
    /// Items written so far.
    public private(set) var count = 0

    /// Items of one event.
    public static let batch = 256

    init(_ call: UnsafeMutablePointer<kw_call>) { unsafe self.call = call }

    /// Writes one item.
    /// - Throws: `cancelled` once nobody listens.
    public mutating func write(_ item: VectorItem) throws(PluginError) {
        pending.append(item)
        count += 1
        if pending.count == Self.batch { try flush() }
    }

    /// Sends what was written. Done at the end of a scan anyway; before a long pause it lets the consumer go on.
    public mutating func flush() throws(PluginError) {
        guard !pending.isEmpty else { return }
        var writer = ABIWriter()
        let payload = unsafe writer.items(pending)
        pending.removeAll(keepingCapacity: true)
        defer { extendLifetime(writer) }
        try unsafe PluginCall(call).emit(UInt32(KW_EVENT_ITEMS), payload: payload)
    }
}
