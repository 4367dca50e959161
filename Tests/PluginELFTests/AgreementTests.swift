import Foundation
import PluginELF
import Testing

@Suite("Agreement with binutils", .timeLimit(.minutes(5)))
struct AgreementTests {
    /// Shared objects of the system, one name each.
    private static let libraries: [String] = {
        var found: [String: String] = [:]
        for folder in ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.contains(".so")
            {
                let path = URL(fileURLWithPath: "\(folder)/\(name)").resolvingSymlinksInPath().path
                guard let file = FileHandle(forReadingAtPath: path), let start = try? file.read(upToCount: 4),
                    Array(start) == [0x7F, 0x45, 0x4C, 0x46]
                else { continue }
                found[path] = name
            }
        }
        return Array(found.keys.sorted().prefix(120))
    }()

    /// One line a symbol: binding and kind are in nm's letter, which is left out.
    private func exportsByNM(_ path: String) throws -> [String] {
        let nm = try #require(Toolchain.nm)
        return try Toolchain.run(nm, ["-D", "--defined-only", path]).split(separator: "\n").compactMap { line in
            line.split(separator: " ").last.map(String.init)
        }.sorted()
    }

    private func exportsByUs(_ object: SharedObject) -> [String] {
        object.exports.map { symbol in
            guard let version = symbol.version else { return symbol.name }
            return "\(symbol.name)\(symbol.isDefaultVersion ? "@@" : "@")\(version)"
        }.sorted()
    }

    @Test(
        "Exports are those of nm -D --defined-only",
        .enabled(if: Toolchain.nm != nil, "there is no nm on PATH"))
    func agreesWithNM() throws {
        var compared = 0
        for path in Self.libraries {
            let object = try SharedObject(opening: path)
            guard object.identity.class.rawValue == "64" else { continue }
            #expect(object.defects.isEmpty, "\(path): \(object.defects)")
            let (theirs, ours) = (try exportsByNM(path), exportsByUs(object))
            // Compared apart from the macro, which would print thousands of names.
            let isEqual = theirs == ours
            #expect(isEqual, "\(path): \(Set(theirs).symmetricDifference(ours).sorted().prefix(5))")
            compared += 1
        }
        #expect(compared == Self.libraries.count && compared >= min(50, Self.libraries.count))
        print("compared the exports of \(compared) libraries with nm")
    }

    @Test(
        "Needed libraries, name and search path are those of readelf -d",
        .enabled(if: Toolchain.readelf != nil, "there is no readelf on PATH"))
    func agreesWithReadelf() throws {
        let readelf = try #require(Toolchain.readelf)
        var compared = 0
        for path in Self.libraries {
            let object = try SharedObject(opening: path)
            let lines = try Toolchain.run(readelf, ["-d", "-W", path]).split(separator: "\n")
            func values(_ tag: String) -> [String] {
                lines.filter { $0.contains("(\(tag))") }.compactMap { line in
                    guard let start = line.firstIndex(of: "["), let end = line.lastIndex(of: "]") else { return nil }
                    return String(line[line.index(after: start)..<end])
                }
            }
            #expect(object.needed == values("NEEDED"), "\(path)")
            #expect(object.soname == values("SONAME").first, "\(path)")
            #expect(object.runpath.joined(separator: ":") == values("RUNPATH").first ?? "", "\(path)")
            #expect(object.flags.textRelocations == lines.contains { $0.contains("TEXTREL") }, "\(path)")
            #expect(object.flags.noDelete == lines.contains { $0.contains("NODELETE") }, "\(path)")
            compared += 1
        }
        #expect(compared == Self.libraries.count && compared >= min(50, Self.libraries.count))
        print("compared the dynamic sections of \(compared) libraries with readelf")
    }
}
