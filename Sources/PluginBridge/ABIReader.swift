package import PluginABI
package import PluginCore

/// Reads what the other side of the ABI wrote. Pointers come with their lengths; text must be UTF-8. What is not so is the
/// writer's fault and said so, never a trap.
@safe
package struct ABIReader {
    /// Who wrote what is read.
    package enum Side: Sendable {
        /// The plugin: what it broke is a violation of its contract.
        case reply
        /// The host: what is wrong with it is an invalid argument.
        case input
    }

    /// For the error: which plugin, which operation.
    package let plugin: String
    package let operation: StaticString
    package let side: Side
    /// Whether bytes live as long as the call; nil: nobody checks. A pointer that a plugin kept from an earlier call
    /// points to memory that is something else by now.
    private let isAlive: (@Sendable (UnsafeRawPointer, Int) -> Bool)?

    @safe
    package init(
        plugin: String, operation: StaticString, side: Side = .reply,
        isAlive: (@Sendable (UnsafeRawPointer, Int) -> Bool)? = nil
    ) {
        self.plugin = plugin
        self.operation = operation
        self.side = side
        unsafe self.isAlive = isAlive
    }

    package func violation(_ reason: String) -> PluginError {
        switch side {
        case .reply:
            PluginError(
                .protocolViolation, "\(operation) \(reason)", remedy: "Report this to the plugin's author",
                plugin: plugin, stage: .call, operation: "\(operation)")
        case .input:
            PluginError(
                .invalidArgument, "\(operation) \(reason)", remedy: "Correct the input", plugin: plugin, stage: .call,
                operation: "\(operation)")
        }
    }

    /// What is wrong with something that was written.
    func fault(_ what: String) -> PluginError {
        violation(side == .reply ? "replied \(what)" : "was given \(what)")
    }

    /// A number or bits of a request that have no name here: a wish that nobody would fulfil.
    package func unknown(_ what: String) -> PluginError {
        PluginError(
            .unsupported, "\(operation) was given \(what), which this plugin does not know",
            remedy: "Rebuild the plugin with a newer SDK, or ask for less", plugin: plugin, stage: .call,
            operation: "\(operation)")
    }

    package func requireKnown(_ bits: UInt64, among known: UInt64, _ field: String) throws(PluginError) {
        guard bits & ~known == 0 else { throw unknown("bits \(bits & ~known) of \(field)") }
    }

    func requireAlive(_ pointer: UnsafeRawPointer, _ count: Int, _ field: String) throws(PluginError) {
        guard let isAlive = unsafe isAlive, unsafe !isAlive(pointer, count) else { return }
        throw fault("\(field) in memory that is neither the call's, nor leased, nor static")
    }

    package func text(_ text: kw_str, _ field: String) throws(PluginError) -> String {
        guard unsafe text.len > 0 else { return "" }
        guard let pointer = unsafe text.ptr, let count = unsafe Int(exactly: text.len) else {
            throw fault("\(field) with a length and no text")
        }
        unsafe try requireAlive(pointer, count, field)
        let bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: count)
        guard let string = unsafe String(validating: bytes, as: UTF8.self) else {
            throw fault("\(field) that is not UTF-8")
        }
        return string
    }

    package func optionalText(_ text: kw_str, _ field: String) throws(PluginError) -> String? {
        unsafe text.len == 0 ? nil : try self.text(text, field)
    }

    /// Text of an error message: shown, so repaired rather than refused.
    package static func repaired(_ text: kw_str) -> String {
        guard let pointer = unsafe text.ptr, let count = unsafe Int(exactly: text.len), count > 0 else { return "" }
        return unsafe String(decoding: UnsafeRawBufferPointer(start: pointer, count: count), as: UTF8.self)
    }

    package func bytes(_ bytes: kw_bytes, _ field: String) throws(PluginError) -> [UInt8] {
        guard unsafe bytes.len > 0 else { return [] }
        guard let pointer = unsafe bytes.ptr, let count = unsafe Int(exactly: bytes.len) else {
            throw fault("\(field) with a length and no bytes")
        }
        unsafe try requireAlive(pointer, count, field)
        return unsafe Array(UnsafeRawBufferPointer(start: pointer, count: count))
    }

    /// More elements than any reply has, where nothing else says how many there may be.
    package static var elementLimit: Int { 1 << 20 }

    /// The elements of a span of growable structs, each imported into this host's size.
    /// - Parameter limit: a count above it is a violation, and nothing is read.
    package func elements<Element: BitwiseCopyable, Result>(
        _ span: kw_span, of type: Element.Type, _ field: String, atMost limit: Int = elementLimit,
        _ convert: (borrowing Element) throws(PluginError) -> Result
    ) throws(PluginError) -> [Result] {
        guard unsafe span.count > 0 else { return [] }
        let stride = unsafe Int(span.stride)
        guard let base = unsafe span.ptr, stride >= MemoryLayout<kw_hdr>.size, stride % 4 == 0 else {
            throw fault("\(field) as a span without memory or with a stride of \(stride)")
        }
        try unsafe check(span, field, limit)
        unsafe try requireAlive(base, Int(span.count) * stride, field)
        var results: [Result] = []
        unsafe results.reserveCapacity(Int(span.count))
        for index in unsafe 0..<Int(span.count) {
            let element = unsafe try imported(unsafe base + index * stride, as: type, limit: stride, field)
            results.append(try convert(element))
        }
        return results
    }

    /// The one growable struct that a span refers to, or nil.
    package func optional<Element: BitwiseCopyable, Result>(
        _ span: kw_span, of type: Element.Type, _ field: String,
        _ convert: (borrowing Element) throws(PluginError) -> Result
    ) throws(PluginError) -> Result? {
        unsafe try elements(span, of: type, field, atMost: 1, convert).first
    }

    package func values<Element: BitwiseCopyable>(
        _ span: kw_span, of type: Element.Type, _ field: String, atMost limit: Int = elementLimit
    ) throws(PluginError) -> [Element] {
        guard unsafe span.count > 0 else { return [] }
        let stride = unsafe Int(span.stride)
        guard let base = unsafe span.ptr, stride >= MemoryLayout<Element>.size else {
            throw fault("\(field) as a span without memory or with a stride of \(stride)")
        }
        try unsafe check(span, field, limit)
        unsafe try requireAlive(base, Int(span.count - 1) * stride + MemoryLayout<Element>.size, field)
        return unsafe (0..<Int(span.count)).map { index in
            unsafe (base + index * stride).loadUnaligned(as: Element.self)
        }
    }

    private func check(_ span: kw_span, _ field: String, _ limit: Int) throws(PluginError) {
        guard unsafe Int(span.count) <= limit else {
            throw fault("\(unsafe span.count) \(field), where there can be \(limit) at most")
        }
    }

    private func imported<Element: BitwiseCopyable>(
        _ source: UnsafeRawPointer, as type: Element.Type, limit: Int, _ field: String
    ) throws(PluginError) -> Element {
        let header = unsafe source.loadUnaligned(as: kw_hdr.self)
        let size = Int(header.size)
        guard size >= MemoryLayout<kw_hdr>.size, size <= limit else {
            throw fault("\(field) whose element says that it has \(size) bytes in a stride of \(limit)")
        }
        guard size <= MemoryLayout<Element>.size || header.flags & UInt32(KW_MUST) == 0 else {
            throw fault("\(field) that this host is too old to understand")
        }
        return unsafe withUnsafeTemporaryAllocation(
            byteCount: MemoryLayout<Element>.size, alignment: MemoryLayout<Element>.alignment
        ) { buffer in
            unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0)
            unsafe buffer.baseAddress!.copyMemory(
                from: source, byteCount: Swift.min(size, MemoryLayout<Element>.size))
            return unsafe buffer.load(as: Element.self)
        }
    }
}
