import PluginSDK

/// Stops what must not leave the house, before it is stored.
struct SecretFilter: HookPlugin {
    static let description = PluginDescription(id: "secret-filter", version: "0.1.0")

    init(configuration: JSON, host: HostContext) throws(PluginError) {}

    func hooks(_ call: borrowing PluginCall) throws(PluginError) -> [Hook] {
        [Hook("before.vector.upsert", modes: .veto)]
    }

    func handle(_ event: borrowing HookInput, _ call: borrowing PluginCall) throws(PluginError) -> HookReply {
        // Looks at the payload where it lies; only a hit makes a reply with content.
        let marker = Array("BEGIN PRIVATE KEY".utf8)
        let isSecret = event.withPayload { bytes in
            guard bytes.count >= marker.count else { return false }
            for start in 0...(bytes.count - marker.count)
            where marker.indices.allSatisfy({ bytes[start + $0] == marker[$0] }) { return true }
            return false
        }
        return isSecret ? HookReply(.stop(reason: "the document holds a private key")) : HookReply()
    }
}
