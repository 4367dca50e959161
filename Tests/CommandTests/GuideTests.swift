import Foundation
import TestPrograms
import Testing

@Suite("The guides for host developers", .timeLimit(.minutes(10)))
struct GuideTests {
    @Test(
        "their Swift code compiles, each as one program in the order in which it stands",
        arguments: ["host-developer", "permissions", "registry", "running-host", "stores", "workers"])
    func compiles(name: String) throws {
        let guide = try String(contentsOf: Command.root.appendingPathComponent("docs/\(name).md"), encoding: .utf8)
        let folder = try TemporaryFolder()
        let program = Self.program(in: guide)
        #expect(program.contains("import PluginHost"))
        let result = try Self.typeCheck(program, in: folder)
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test("code that does not fit the modules is seen")
    func control() throws {
        let folder = try TemporaryFolder()
        let result = try Self.typeCheck("import PluginHost\nlet host = PluginHost(path: 3)\n", in: folder)
        #expect(result.status != 0)
        #expect(result.errors.contains("main.swift:2:"), "\(result.errors)")
    }

    /// The blocks of Swift, without the part of a Package.swift, which is marked. Lines keep their numbers.
    private static func program(in guide: String) -> String {
        var isInside = false
        var before = ""
        var lines: [String] = []
        for line in guide.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") {
                isInside = line == "```swift" && before != "<!-- manifest -->"
                lines.append("")
            } else {
                lines.append(isInside ? line : "")
            }
            before = line
        }
        return lines.joined(separator: "\n")
    }

    private static func typeCheck(_ program: String, in folder: TemporaryFolder) throws -> ProgramResult {
        let build = Command.root.path + "/.build/debug"
        var arguments = [
            "-typecheck", "-swift-version", "6", "-warnings-as-errors", "-I", "\(build)/Modules",
        ]
        for headers in ["PluginABI/include", "Sources/CLibELF", "Sources/CPluginMarshal/include"] {
            arguments += ["-I", "\(Command.root.path)/\(headers)"]
        }
        // Modules of C that PluginHost's modules use.
        for module in try FileManager.default.contentsOfDirectory(atPath: build) {
            let map = "\(build)/\(module)/module.modulemap"
            if module.hasPrefix("C"), FileManager.default.fileExists(atPath: map) {
                arguments += ["-Xcc", "-fmodule-map-file=\(map)"]
            }
        }
        return try Programs.run("swiftc", arguments + [folder.write(program, to: "main.swift").path])
    }
}
