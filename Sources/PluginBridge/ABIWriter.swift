package import PluginABI

/// Turns Swift values into the ABI's form: strings and arrays in memory that lives as long as the reader needs it.
///
/// A host writes the input of a call into memory of the writer's own, freed with it. A plugin writes a reply into the call's
/// arena, which the host frees.
@safe
package struct ABIWriter: ~Copyable {
    private let arena: UnsafeMutablePointer<kw_call>?
    private var blocks: [UnsafeMutableRawPointer] = unsafe []
    private var next: UnsafeMutableRawPointer?
    private var left = 0
    /// The arena had no room: what was written since is gone with the writer and must not be replied.
    package private(set) var isExhausted = false

    /// A writer whose memory lives as long as it does.
    package init() { unsafe arena = nil }

    /// A writer into a call's arena.
    package init(arena call: UnsafeMutablePointer<kw_call>) { unsafe arena = call }

    deinit {
        for index in unsafe blocks.indices { unsafe blocks[index].deallocate() }
    }

    private mutating func allocate(_ size: Int) -> UnsafeMutableRawPointer {
        if let call = unsafe arena {
            if let memory = unsafe call.pointee.api.pointee.alloc(call, UInt64(size), 16) { return unsafe memory }
            isExhausted = true
        }
        let size = (size + 15) & ~15
        if size > left {
            let capacity = Swift.max(size, 4096)
            let block = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
            unsafe blocks.append(block)
            unsafe next = block
            left = capacity
        }
        let result = unsafe next!
        unsafe next = result + size
        left -= size
        return unsafe result
    }

    package mutating func string(_ text: String) -> kw_str {
        var text = text
        return text.withUTF8 { utf8 in
            guard !utf8.isEmpty else { return unsafe kw_str() }
            let copy = unsafe allocate(utf8.count)
            unsafe copy.copyMemory(from: utf8.baseAddress!, byteCount: utf8.count)
            return unsafe kw_str(ptr: copy.assumingMemoryBound(to: CChar.self), len: UInt64(utf8.count))
        }
    }

    package mutating func string(_ text: String?) -> kw_str {
        guard let text else { return unsafe kw_str() }
        return unsafe string(text)
    }

    package mutating func bytes(_ bytes: [UInt8]) -> kw_bytes {
        guard !bytes.isEmpty else { return unsafe kw_bytes() }
        let copy = unsafe allocate(bytes.count)
        unsafe bytes.withUnsafeBytes { unsafe copy.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return unsafe kw_bytes(ptr: UnsafeRawPointer(copy), len: UInt64(bytes.count))
    }

    /// An array of ABI structs.
    package mutating func span<Element: BitwiseCopyable>(_ elements: [Element]) -> kw_span {
        guard !elements.isEmpty else { return unsafe kw_span() }
        let copy = unsafe allocate(elements.count * MemoryLayout<Element>.stride)
        unsafe elements.withUnsafeBytes { unsafe copy.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return unsafe kw_span(
            ptr: UnsafeRawPointer(copy), count: UInt32(elements.count), stride: UInt32(MemoryLayout<Element>.stride))
    }

    package mutating func strings(_ texts: [String]) -> kw_span {
        var list: [kw_str] = unsafe []
        unsafe list.reserveCapacity(texts.count)
        for text in texts { unsafe list.append(string(text)) }
        return unsafe span(list)
    }

    package mutating func pairs(_ pairs: [String: String]) -> kw_span {
        var list: [kw_pair] = unsafe []
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            unsafe list.append(kw_pair(h: .of(kw_pair.self), key: string(key), value: string(value)))
        }
        return unsafe span(list)
    }
}
