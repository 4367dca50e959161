import Foundation
import PluginELF
import Testing

@Suite(
    "The dynamic linker's cache",
    .enabled(if: FileManager.default.isReadableFile(atPath: LinkerCache.path), "this machine has no ld.so.cache"))
struct LinkerCacheTests {
    @Test("The C library is found where it is")
    func findsTheCLibrary() throws {
        let cache = try #require(LinkerCache(contents(LinkerCache.path)))
        let path = try #require(cache.paths(of: "libc.so.6").first)
        #expect(try SharedObject(opening: path).soname == "libc.so.6")
        #expect(cache.paths(of: "libc.so").allSatisfy { $0.hasSuffix("/libc.so") })
        #expect(cache.paths(of: "libkeyway-nobody-has-this.so").isEmpty)
    }

    @Test("The cache behind one of the older form is read")
    func readsTheCombinedForm() throws {
        let bytes = try contents(LinkerCache.path)
        // The older form: magic, number of entries, entries of 12 bytes; then the newer form, aligned to 8.
        let old = Array("ld.so-1.7.0\0".utf8) + [3, 0, 0, 0] + [UInt8](repeating: 0, count: 36)
        let padding = [UInt8](repeating: 0, count: (8 - old.count % 8) % 8)
        let isNew = bytes.starts(with: "glibc-ld.so.cache1.1".utf8)
        let combined = try #require(LinkerCache(isNew ? old + padding + bytes : bytes))
        #expect(combined.paths(of: "libc.so.6") == LinkerCache(bytes)?.paths(of: "libc.so.6"))
        #expect(!combined.paths(of: "libc.so.6").isEmpty)
    }

    @Test("A damaged or cut cache is no cache, or one with fewer libraries")
    func survivesDamage() throws {
        let bytes = try contents(LinkerCache.path)
        for length in stride(from: 0, to: min(bytes.count, 4096), by: 7) {
            let cut = LinkerCache(Array(bytes[..<length]))
            #expect(cut?.paths(of: "libc.so.6").isEmpty ?? true)
        }
        // The names of the folders for better processors stand at the end.
        let places = [20..<min(bytes.count, 2048), max(bytes.count - 512, 20)..<bytes.count - 4]
        for place in places.flatMap({ stride(from: $0.lowerBound, to: $0.upperBound, by: 4) }) {
            var damaged = bytes
            for index in 0..<4 { damaged[place + index] = 0xFF }
            let paths = LinkerCache(damaged)?.paths(of: "libc.so.6") ?? []
            #expect(paths.count <= 8)
        }
    }
}
