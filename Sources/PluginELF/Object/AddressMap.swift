/// Where in the file the dynamic linker will find an address: the PT_LOAD segments.
struct AddressMap {
    private let loads: [Segment]

    init(_ segments: [Segment]) { loads = segments.filter { $0.kind == .load } }

    /// The offset of an address in the file, and how many bytes of the file follow it in its segment.
    func place(_ address: UInt64) -> (offset: UInt64, available: UInt64)? {
        for load in loads where address >= load.address && address - load.address < load.fileSize {
            let distance = address - load.address
            let (offset, overflow) = load.offset.addingReportingOverflow(distance)
            return overflow ? nil : (offset, load.fileSize - distance)
        }
        return nil
    }

    func offset(_ address: UInt64, count: UInt64) -> UInt64? {
        guard let (offset, available) = place(address), count <= available else { return nil }
        return offset
    }

    /// Bytes from the first page to the last one, as the dynamic linker reserves them.
    var span: UInt64 {
        guard let first = loads.map(\.address).min(), let last = loads.map({ $0.address &+ $0.memorySize }).max(),
            last > first
        else { return 0 }
        return (last &+ 4095) & ~4095 &- (first & ~4095)
    }

    func isExecutable(_ address: UInt64) -> Bool {
        loads.contains { $0.isExecutable && $0.contains(address: address) }
    }

    /// What is wrong with the segments, by the rules that the dynamic linker trusts without looking.
    func defects(fileSize: UInt64) -> [Defect] {
        var found: [Defect] = []
        var end: UInt64 = 0
        var shift: UInt64 = 0
        for (index, load) in loads.enumerated() {
            let place = "PT_LOAD segment \(index)"
            if load.offset > fileSize || load.fileSize > fileSize - load.offset {
                found.append(Defect(place: place, message: "lies outside the file"))
            }
            if load.memorySize < load.fileSize {
                found.append(Defect(place: place, message: "holds more bytes in the file than in memory"))
            }
            let (last, overflow) = load.address.addingReportingOverflow(load.memorySize)
            if overflow || last > 1 << 47 {
                found.append(Defect(place: place, message: "ends outside the address space"))
                return found
            }
            if index > 0, load.address < end {
                found.append(Defect(place: place, message: "overlaps the segment before it"))
            } else if index > 0, load.address & ~4095 < end, load.offset &- load.address != shift {
                // Whole pages are mapped: this segment would replace bytes of the one before by others of the file,
                // and what is checked here would not be what is loaded.
                found.append(Defect(place: place, message: "replaces a page of the segment before it"))
            }
            end = max(end, last)
            shift = load.offset &- load.address
        }
        return found
    }
}
