/// Rows of 32-bit floats in one block that its owner lends to plugins: a row begins at a multiple of ``stride`` bytes,
/// aligned to 64 bytes, so that a scan may load whole vector registers.
///
/// The only type of this module that holds a pointer. Rows are zero at first.
public struct Matrix: ~Copyable, Sendable {
    public let rows: Int
    /// Elements of a row.
    public let dims: Int
    /// Bytes from the start of a row to the start of the next, a multiple of 64.
    public let stride: Int
    /// Shared only with an operation that is writing into it.
    package private(set) var storage: Storage

    /// - Precondition: neither is negative, and the product fits memory.
    public init(rows: Int, dims: Int) {
        precondition(rows >= 0 && dims >= 0, "a matrix has no negative side")
        let (bytes, overflow) = dims.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
        precondition(!overflow && bytes <= Int.max - 63, "a matrix row of \(dims) floats does not fit memory")
        self.rows = rows
        self.dims = dims
        stride = (bytes + 63) & ~63
        let (total, tooLarge) = stride.multipliedReportingOverflow(by: rows)
        precondition(!tooLarge, "a matrix of \(rows) x \(dims) floats does not fit memory")
        storage = Storage(bytes: total)
    }

    /// Lends one row for reading.
    public func withRow<Result>(_ row: Int, _ body: (Span<Float>) -> Result) -> Result {
        precondition(row >= 0 && row < rows, "row \(row) of a matrix of \(rows)")
        let start = row * stride
        let bytes = unsafe UnsafeRawBufferPointer(
            rebasing: storage.unsafeBytes[start..<start + dims * MemoryLayout<Float>.stride])
        return unsafe body(bytes.bindMemory(to: Float.self).span)
    }

    /// A copy of one row.
    public func row(_ row: Int) -> [Float] {
        withRow(row) { span in span.indices.map { span[$0] } }
    }

    /// Overwrites one row.
    /// - Precondition: `values` has ``dims`` elements.
    public mutating func setRow(_ row: Int, _ values: [Float]) {
        precondition(row >= 0 && row < rows, "row \(row) of a matrix of \(rows)")
        precondition(values.count == dims, "a row of \(dims) elements is given \(values.count)")
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: storage.unsafeBytes[(row * stride)...])
        unsafe values.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }

    /// Overwrites rows from `row` on with those of another matrix, or with a part of them.
    /// - Precondition: the dims are equal, and the rows exist on both sides.
    public mutating func copyRows(of other: borrowing Matrix, from range: Range<Int>? = nil, to row: Int) {
        let range = range ?? 0..<other.rows
        precondition(other.dims == dims, "rows of \(other.dims) elements for a matrix of \(dims)")
        precondition(range.lowerBound >= 0 && range.upperBound <= other.rows, "rows \(range) of \(other.rows)")
        precondition(row >= 0 && range.count <= rows - row, "\(range.count) rows at \(row) of \(rows)")
        let source = unsafe UnsafeRawBufferPointer(
            rebasing: other.storage.unsafeBytes[range.lowerBound * stride..<range.upperBound * stride])
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: storage.unsafeBytes[(row * stride)...])
        unsafe target.copyMemory(from: source)
    }

    /// Leaves the present rows to an operation that may still be writing, and goes on with zeros.
    package mutating func replaceStorage() { storage = Storage(bytes: stride * rows) }

    /// The block itself. A class, so that an operation which outlives its caller's wait keeps its memory.
    @safe
    package final class Storage: @unchecked Sendable {  // written by one operation at a time, as Matrix is exclusive
        @unsafe package let unsafeBytes: UnsafeMutableRawBufferPointer

        init(bytes: Int) {
            unsafe unsafeBytes = .allocate(byteCount: Swift.max(64, bytes), alignment: 64)
            unsafe unsafeBytes.initializeMemory(as: UInt8.self, repeating: 0)
        }

        deinit { unsafe unsafeBytes.deallocate() }
    }
}
