internal import PluginABI
public import PluginCore

/// Where an embedder writes: the caller's own memory, a row an input. Lives as long as the call.
@safe
public struct EmbedOutput: ~Copyable {
    @usableFromInline let rows: UnsafeMutableRawPointer?
    @usableFromInline let rowStride: Int
    public let count: Int
    /// Elements of a row.
    public let dims: Int
    private var box: ReportBox?

    /// What is to be said besides the rows; nil = nothing, which costs nothing.
    public var report: EmbedReport? {
        get { box?.report }
        set { box = newValue.map(ReportBox.init) }
    }

    /// - Throws: `invalidArgument` if the memory does not hold the rows, `unsupported` for rows of another type than
    ///   32-bit floats.
    @inline(__always)
    init(_ input: UnsafePointer<kw_embed_in>, count: Int) throws(PluginError) {
        let (rows, dims) = unsafe (input.pointee.rows, Int(input.pointee.dims))
        let (stride, capacity) = unsafe (input.pointee.row_stride, input.pointee.capacity)
        guard unsafe input.pointee.element == UInt32(KW_ELEMENT_F32) else {
            throw unsafe Self.foreignElement(input.pointee.element)
        }
        guard dims > 0 else { throw EmbedInputs.fault("was given rows of no elements") }
        if count > 0 {
            let width = UInt64(dims) &* 4
            let (last, overflow) = stride.multipliedReportingOverflow(by: UInt64(count - 1))
            guard unsafe rows != nil, (UInt(bitPattern: rows) | UInt(stride)) & 3 == 0, stride >= width,
                !overflow, last <= capacity, capacity &- last >= width
            else { throw unsafe Self.badRows(input.pointee, count) }
        }
        unsafe self.rows = rows
        self.count = count
        self.dims = dims
        rowStride = Int(truncatingIfNeeded: stride)
        box = nil
    }

    @inline(never)
    private static func foreignElement(_ element: UInt32) -> PluginError {
        PluginError(
            .unsupported, "embedder.embed was asked for rows of element type \(element)",
            remedy: "Ask for 32-bit floats", operation: "embedder.embed")
    }

    @inline(never)
    private static func badRows(_ input: kw_embed_in, _ count: Int) -> PluginError {
        unsafe EmbedInputs.fault(
            "was given \(input.capacity) bytes at a stride of \(input.row_stride), which do not hold \(count) aligned rows "
                + "of \(input.dims) floats")
    }

    /// Lends one row for writing. It may hold anything: write every element.
    /// - Precondition: `index` is below ``count``.
    @inlinable @inline(__always)
    public mutating func withRow<Result, Failure: Error>(
        _ index: Int, _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(index >= 0 && index < count, "there is no row of this index")
        let start = unsafe (rows.unsafelyUnwrapped + index &* rowStride).assumingMemoryBound(to: Float.self)
        let buffer = unsafe UnsafeMutableBufferPointer(start: start, count: dims)
        var span = unsafe buffer.mutableSpan
        return try body(&span)
    }
}

/// Apart, because a report is large and most calls have none.
private final class ReportBox {
    let report: EmbedReport
    init(_ report: EmbedReport) { self.report = report }
}
