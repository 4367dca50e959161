extension ObjectReader {
    /// Is a function without a name the compiler's frame_dummy, with nothing to do?
    ///
    /// Where it stands tells nothing: anybody's constructor can stand there. Its code does. It jumps to
    /// register_tm_clones, which takes the two ends of a table, and returns if they are equal before it calls anything.
    /// That both ends are equal stands in the code itself, so nothing that is bound later can change it.
    func isIdleStartCode(_ image: borrowing FileImage, at address: UInt64) -> Bool {
        guard object.identity.machine == .x8664, is64 else { return false }
        var place = address
        if code(image, at: place, count: 4) == [0xF3, 0x0F, 0x1E, 0xFA] { place += 4 }  // endbr64
        guard let jump = code(image, at: place, count: 5), jump[0] == 0xE9 else { return false }
        place = Self.target(jump, 1, from: place)
        guard let body = code(image, at: place, count: 0x39) else { return false }
        return body.starts(with: [0x48, 0x8D, 0x3D])  // lea START(%rip), %rdi
            && body[7...].starts(with: [0x48, 0x8D, 0x35])  // lea END(%rip), %rsi
            && Self.target(Array(body[..<7]), 3, from: place) == Self.target(Array(body[7..<14]), 3, from: place + 7)
            && body[14...].starts(with: Self.countOfClones) && body[0x38] == 0xC3  // ret
    }

    /// What makes a count of the two addresses, and leaves for the return at its end if the count is 0.
    private static let countOfClones: [UInt8] = [
        0x48, 0x29, 0xFE,  // sub %rdi, %rsi
        0x48, 0x89, 0xF0,  // mov %rsi, %rax
        0x48, 0xC1, 0xEE, 0x3F,  // shr $63, %rsi
        0x48, 0xC1, 0xF8, 0x03,  // sar $3, %rax
        0x48, 0x01, 0xC6,  // add %rax, %rsi
        0x48, 0xD1, 0xFE,  // sar %rsi
        0x74, 0x14,  // je
    ]

    private func code(_ image: borrowing FileImage, at address: UInt64, count: Int) -> [UInt8]? {
        guard map.isExecutable(address) else { return nil }
        return map.offset(address, count: UInt64(count)).flatMap { image.bytes(at: $0, count: count) }
    }

    /// What an instruction means by the 32 bits at its end: a distance from the instruction that follows.
    private static func target(_ instruction: [UInt8], _ place: Int, from address: UInt64) -> UInt64 {
        let table = ByteTable(bytes: instruction, bigEndian: false)
        let distance = Int32(bitPattern: table.u32(place) ?? 0)
        return address &+ UInt64(instruction.count) &+ UInt64(bitPattern: Int64(distance))
    }
}
