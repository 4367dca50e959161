public import PluginABI

extension Duration {
    /// Whole nanoseconds, saturating.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : product.saturatingAdd(attoseconds / 1_000_000_000)
    }
}

extension Int64 {
    package func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

/// An ABI struct of zeros: what a reader must find in fields that the writer did not know.
@inlinable @inline(__always)
package func zeroed<Struct: BitwiseCopyable>(_ type: Struct.Type) -> Struct {
    unsafe withUnsafeTemporaryAllocation(
        byteCount: MemoryLayout<Struct>.size, alignment: MemoryLayout<Struct>.alignment
    ) {
        unsafe $0.initializeMemory(as: UInt8.self, repeating: 0)
        return unsafe $0.load(as: Struct.self)
    }
}

extension kw_hdr {
    /// The header of a struct that this host writes.
    @inlinable @inline(__always)
    package static func of<Struct>(_ type: Struct.Type) -> kw_hdr {
        kw_hdr(size: UInt32(MemoryLayout<Struct>.size), flags: 0)
    }
}
