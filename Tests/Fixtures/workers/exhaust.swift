// Ways in which Swift finds no memory, which always ends it.

@_cdecl("exhaust")
public func exhaust(_ way: UnsafePointer<CChar>) -> Int32 {
    switch String(cString: way) {
    case "little by little":
        var memory: [[UInt8]] = []
        while true { memory.append([UInt8](repeating: 1, count: 1 << 20)) }
    case "at once": return Int32([UInt8](repeating: 1, count: 1 << 30).last ?? 0)
    case "growing":
        var text = "text"
        while true { text += text }
    // Not of memory.
    case "trap": return Int32([1, 2, 3][Int.random(in: 3...9)])
    case "unwrapped": return Int32(Int("no number")!)
    default: return 0
    }
}
