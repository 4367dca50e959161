import Foundation
import PluginCore
import PluginELF
import TestPrograms
import Testing

@Suite("Files that are read at once", .needsCompiler)
struct HeldFileTests {
    /// What a file is, or why it is refused.
    private func answer(_ path: String, holdingUpTo limit: UInt64) -> String {
        do throws(PluginError) {
            let object = try SharedObject(reading: FileImage(opening: path, holdingUpTo: limit))
            return
                "\(object.defects) \(object.segments) \(object.sections) \(object.exports) \(object.imports) \(object.allNotes)"
                + " \(object.relocations) \(object.constructors) \(object.dynamicEntries)"
        } catch {
            return error.message
        }
    }

    @Test("A damaged file has the same facts and faults, read at once or in parts")
    func agree() throws {
        let folder = try TemporaryFolder()
        let bytes = try contents(PluginFixture(flags: ["-g"]).build(in: folder))
        for size in stride(from: 0, through: bytes.count, by: 97) {
            let path = try folder.write(bytes.prefix(size), to: "cut.so")
            #expect(answer(path, holdingUpTo: 0) == answer(path, holdingUpTo: .max), "cut at \(size)")
        }
        for place in stride(from: 0, to: min(bytes.count, 4096), by: 13) {
            var damaged = bytes
            damaged[place] ^= 0xFF
            let path = try folder.write(damaged, to: "damaged.so")
            #expect(answer(path, holdingUpTo: 0) == answer(path, holdingUpTo: .max), "damaged at \(place)")
        }
    }

    @Test("A file that is held keeps its bytes, and one above the limit is not held", arguments: [true, false])
    func keepsBytes(isHeld: Bool) throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture().build(in: folder)
        let bytes = try contents(path)
        let image = try FileImage(opening: path, holdingUpTo: UInt64(bytes.count) - (isHeld ? 0 : 1))
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.write(contentsOf: [UInt8](repeating: 0, count: 64))
        #expect((image.bytes(at: 0, count: bytes.count) == bytes) == isHeld)
        #expect(image.bytes(at: 1, count: bytes.count) == nil)
        #expect((try? SharedObject(reading: image)) == nil || isHeld)
    }
}
