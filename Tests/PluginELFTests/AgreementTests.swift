import Foundation
import PluginELF
import Testing

/// Compares what is read here with what binutils and the dynamic linker say about every library of the machine.
@Suite("Agreement with other tools", .serialized, .timeLimit(.minutes(10)))
struct AgreementTests {
    @Test(
        "Dynamic symbols and their versions are those of nm -D",
        .enabled(if: Toolchain.nm != nil, "there is no nm on PATH"))
    func agreesWithNM() throws {
        let output = try SystemLibraries.output(of: #require(Toolchain.nm), ["-D"]) { line in
            line.hasSuffix(":") && line.hasPrefix("/") ? line.dropLast() : nil
        }
        var differences = Differences()
        for path in SystemLibraries.paths {
            let object = try SharedObject(opening: path)
            #expect(object.defects.isEmpty, "\(path): \(object.defects)")
            let ours = (object.exports + object.imports).map { symbol in
                let sign = symbol.isDefaultVersion ? "@@" : "@"
                return "\(Self.letter(symbol)) \(symbol.name)\(symbol.version.map { sign + $0 } ?? "")"
            }
            let theirs = try #require(output[path], "nm is silent about \(path)").compactMap { line in
                let words = line.split(separator: " ")
                return words.count >= 2 ? Self.letter(words[words.count - 2]) + " " + words[words.count - 1] : nil
            }
            differences.compare(path, ours: ours.sorted(), theirs: theirs.sorted())
        }
        differences.require("the dynamic symbols")
    }

    /// What of nm's letter the symbol itself decides: U and w are wanted, V and W weak, u unique, i indirect; the rest
    /// goes by the section.
    private static func letter(_ symbol: Symbol) -> String {
        guard symbol.isDefined else { return symbol.isWeak ? "w" : "U" }
        if symbol.type == .indirectFunction { return "i" }
        return symbol.binding == .unique ? "u" : symbol.isWeak ? "W" : "-"
    }

    private static func letter(_ word: Substring) -> String {
        switch word {
        case "U", "u", "i", "w", "W": String(word)
        case "v": "w"
        case "V": "W"
        default: "-"
        }
    }

    @Test(
        "The dynamic section is that of readelf -d",
        .enabled(if: Toolchain.readelf != nil, "there is no readelf on PATH"))
    func agreesWithReadelfOnTheDynamicSection() throws {
        let output = try SystemLibraries.output(of: #require(Toolchain.readelf), ["-d", "-W"], header: Self.file)
        var differences = Differences()
        for path in SystemLibraries.paths {
            let object = try SharedObject(opening: path)
            let ours = object.dynamicEntries.map { entry in
                "\(entry.name) \(entry.text ?? (entry.name.contains("FLAGS") ? "" : Self.value(entry)))"
            }
            let theirs = try #require(output[path]).compactMap { line -> String? in
                guard let open = line.firstIndex(of: "("), let close = line.firstIndex(of: ")"),
                    line.contains("0x"), line.hasPrefix(" 0x")
                else { return nil }
                let name = String(line[line.index(after: open)..<close])
                let rest = line[line.index(after: close)...]
                if name == "NULL" { return nil }
                if name.contains("FLAGS") { return name + " " }
                if let start = rest.firstIndex(of: "["), let end = rest.lastIndex(of: "]") {
                    return "\(name) \(rest[rest.index(after: start)..<end])"
                }
                return "\(name) \(rest.split(separator: " ").first ?? "")"
            }
            differences.compare(path, ours: ours, theirs: theirs)
        }
        differences.require("the dynamic sections")
    }

    /// As readelf writes it: sizes and counts in decimal, all else in hexadecimal.
    private static func value(_ entry: DynamicEntry) -> String {
        switch entry.name {
        case "PLTREL": entry.value == 7 ? "RELA" : entry.value == 17 ? "REL" : String(entry.value)
        case let name
        where name.hasSuffix("SZ") || name.hasSuffix("ENT") || name.hasSuffix("COUNT") || name.hasSuffix("NUM"):
            String(entry.value)
        default: "0x" + String(entry.value, radix: 16)
        }
    }

    private static func file(_ line: Substring) -> Substring? { line.hasPrefix("File: ") ? line.dropFirst(6) : nil }

    @Test(
        "Program headers are those of readelf -l",
        .enabled(if: Toolchain.readelf != nil, "there is no readelf on PATH"))
    func agreesWithReadelfOnSegments() throws {
        let output = try SystemLibraries.output(of: #require(Toolchain.readelf), ["-l", "-W"], header: Self.file)
        var differences = Differences()
        for path in SystemLibraries.paths {
            let object = try SharedObject(opening: path)
            let ours = object.segments.map { segment in
                let numbers = [
                    segment.offset, segment.address, segment.fileSize, segment.memorySize, segment.alignment,
                ]
                return "\(segment.kind) \(numbers.map { String($0, radix: 16) }) \(segment.permissions)"
            }
            let theirs = try #require(output[path]).compactMap { line -> String? in
                let words = line.split(separator: " ")
                guard line.hasPrefix("  "), words.count > 6, words[1].hasPrefix("0x") else { return nil }
                // Type, offset, virtual and physical address, sizes, permissions in up to three words, alignment.
                let numbers = [1, 2, 4, 5, words.count - 1].map { index in
                    String(UInt64(words[index].dropFirst(2), radix: 16) ?? .max, radix: 16)
                }
                let letters = words[6..<words.count - 1].joined()
                let permissions = ["R", "W", "E"].map { letters.contains($0) ? $0 : "-" }.joined()
                    .replacingOccurrences(of: "E", with: "X").lowercased()
                return "\(words[0]) \(numbers) \(permissions)"
            }
            differences.compare(path, ours: ours, theirs: theirs)
        }
        differences.require("the program headers")
    }

    @Test(
        "Notes, build id, system and processor level are those of readelf -n",
        .enabled(if: Toolchain.readelf != nil, "there is no readelf on PATH"))
    func agreesWithReadelfOnNotes() throws {
        let output = try SystemLibraries.output(of: #require(Toolchain.readelf), ["-n", "-W"], header: Self.file)
        var differences = Differences()
        for path in SystemLibraries.paths {
            let object = try SharedObject(opening: path)
            var ours = object.allNotes.map { "\($0.owner) \($0.size)" }
            ours += object.buildID.map { ["build id \($0)"] } ?? []
            ours += object.abiTag.map { ["system \($0.system), ABI: \($0.minimumKernel)"] } ?? []
            ours += object.properties?.levelNeeded.map { ["level \($0)"] } ?? []
            ours +=
                object.properties.map { properties in
                    ["IBT": properties.ibt, "SHSTK": properties.shadowStack].filter(\.value).keys.sorted()
                } ?? []
            var theirs: [String] = []
            for line in try #require(output[path]) {
                let words = line.split(whereSeparator: { " \t,".contains($0) }).map(String.init)
                // Probes (stapsdt) have a second line, which also begins with a word and a number.
                if words.count > 2, words[0] != "Location:", words[1].hasPrefix("0x"),
                    let size = UInt64(words[1].dropFirst(2), radix: 16)
                {
                    theirs.append("\(words[0]) \(size)")
                }
                if let place = line.range(of: "Build ID: ") { theirs.append("build id \(line[place.upperBound...])") }
                if let place = line.range(of: "OS: ") { theirs.append("system \(line[place.upperBound...])") }
                if let place = line.range(of: "x86 ISA needed: ") {
                    let levels = line[place.upperBound...].split(separator: ",").first?.split(separator: " ").first
                    let level = levels.map { $0 == "x86-64-baseline" ? "x86-64" : String($0) } ?? ""
                    theirs.append("level \(level)")
                }
                if line.contains("x86 feature: ") { theirs += ["IBT", "SHSTK"].filter(line.contains) }
            }
            differences.compare(path, ours: ours.sorted(), theirs: theirs.sorted())
        }
        differences.require("the notes")
    }

    @Test(
        "Libraries, missing libraries and undefined symbols are those of ldd -r",
        .enabled(if: Toolchain.ldd != nil, "there is no ldd on PATH"))
    func agreesWithTheDynamicLinker() throws {
        let output = try SystemLibraries.output(of: #require(Toolchain.ldd), ["-r"]) { line in
            line.hasSuffix(":") && line.hasPrefix("/") ? line.dropLast() : nil
        }
        let resolver = try LibraryResolver(root: "/")
        var differences = Differences()
        for path in SystemLibraries.paths {
            guard let lines = output[path], !lines.contains(where: { $0.contains("not a dynamic executable") }) else {
                continue
            }
            let linkage = resolver.linkage(of: try SharedObject(opening: path))
            var ours = linkage.libraries.map { library in
                "\(library.name) => \(library.path.map(Self.real) ?? "not found")"
            }
            ours += linkage.undefined.filter { !$0.isWeak }.map { "undefined \($0.name)" }
            ours += linkage.missingVersions.filter { !$0.isWeak }.map { "version \($0.version)" }
            differences.compare(
                path, ours: Set(ours.filter { !$0.contains("ld-linux") }).sorted(),
                theirs: Set(lines.compactMap(Self.answer)).sorted())
        }
        differences.require("the linkage")
    }

    private static func real(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    /// A line of ldd in our words; nil for the kernel's own image and the dynamic linker, which are always there.
    private static func answer(_ line: Substring) -> String? {
        let words = line.split(whereSeparator: { " \t()".contains($0) })
        if line.contains("undefined symbol: ") {
            return words.count > 2 ? "undefined \(words[2].split(separator: ",")[0])" : nil
        }
        if line.contains("not defined in file"), words.count > 3 {
            // "symbol NAME, version VERSION not defined in file ..."
            return "undefined \(words[1].dropLast())"
        }
        if line.contains(": version `"), let start = line.firstIndex(of: "`"), let end = line.lastIndex(of: "'") {
            return "version \(line[line.index(after: start)..<end])"
        }
        guard let arrow = words.firstIndex(of: "=>"), arrow > 0, words.count > arrow + 1 else { return nil }
        if words[arrow - 1].contains("ld-linux") { return nil }
        return "\(words[arrow - 1]) => \(words[arrow + 1] == "not" ? "not found" : real(String(words[arrow + 1])))"
    }
}
