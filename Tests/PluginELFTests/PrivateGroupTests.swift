import Foundation
import Testing

@testable import PluginELF

@Suite("A user's private group") struct PrivateGroupTests {
    @Test("is the first one if it has the user's name, and nobody else's") func found() throws {
        func entries(_ file: String) throws -> [[String]] {
            try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
                .map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
        }
        let groups = try entries("/etc/group")
        var kinds: Set<Bool> = []
        for user in try entries("/etc/passwd") {
            let id = try #require(UInt32(user[2]))
            let group = groups.first { $0[2] == user[3] }
            let members = group?[3].split(separator: ",").filter { $0 != user[0] } ?? []
            let isPrivate = id != 0 && group?[0] == user[0] && members.isEmpty
            #expect(PrivateGroup.find(user: id) == (isPrivate ? UInt32(user[3]) : nil), "\(user[0])")
            kinds.insert(isPrivate)
        }
        #expect(kinds == [false, true])
        #expect(PrivateGroup.find(user: 4_000_000_000) == nil)
    }

    @Test("is the only one that may write, and only without an access list") func writers() {
        let other: UInt32 = 4_000_000_000
        func isOpen(_ mode: UInt32, _ group: UInt32, list: Bool = false) -> Bool {
            PrivateGroup.isWritableByOthers(mode: mode, group: group, hasAccessList: list)
        }
        #expect(!isOpen(0o644, other) && !isOpen(0o755, other, list: true))
        #expect(isOpen(0o664, other) && isOpen(0o646, other) && isOpen(0o666, other))
        guard let own = PrivateGroup.id else { return }
        #expect(!isOpen(0o664, own) && !isOpen(0o775, own))
        #expect(isOpen(0o664, own, list: true) && isOpen(0o646, own) && isOpen(0o666, own))
    }

    @Test("an access list is seen") func accessList() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try Data().write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(!PrivateGroup.hasAccessList(path))
        #expect(PrivateGroup.hasAccessList(path + "/none"))
        // acl(5) as setxattr(2) takes it: version 2, then tag, rights and id of owner, user 4242, group, mask, others.
        let entries: [(UInt16, UInt16, UInt32)] = [
            (1, 6, .max), (2, 6, 4242), (4, 4, .max), (16, 6, .max), (32, 4, .max),
        ]
        func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
            (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        }
        let list = bytes(UInt32(2)) + entries.flatMap { bytes($0.0) + bytes($0.1) + bytes($0.2) }
        typealias SetAttribute =
            @convention(c) (
                UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer, Int, Int32
            ) -> Int32
        // The Glibc module does not have it.
        let symbol = unsafe try #require(dlsym(nil, "setxattr"))
        let set = unsafe unsafeBitCast(symbol, to: SetAttribute.self)
        let isSet = unsafe set(path, "system.posix_acl_access", list, list.count, 0) == 0
        // File systems without such lists have none to be seen.
        #expect(PrivateGroup.hasAccessList(path) == isSet)
    }
}
