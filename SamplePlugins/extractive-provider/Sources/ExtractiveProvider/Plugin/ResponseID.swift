internal import PluginSDK

/// A name for an answer that is the same whenever the conversation is: FNV-1a over its texts, 64 bits.
enum ResponseID {
    static func of(_ request: ModelRequest) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            // A byte that text never holds keeps neighbours apart.
            hash = (hash ^ 0xFF) &* 0x0000_0100_0000_01B3
        }
        for message in request.messages {
            add(message.role.rawValue)
            for part in message.parts {
                switch part {
                case .text(let text): add(text)
                case .toolResult(let result): add(result.text)
                default: add("")
                }
            }
        }
        let digits = String(hash, radix: 16)
        return "extractive-" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
