import Foundation
import PluginELF
import TestPrograms
import Testing

@Suite("Nothing is mapped to run", .needsCompiler, .needsTrace)
struct TraceTests {
    @Test("The system is never asked to map a plugin executable while the command judges it")
    func mapsNothing() throws {
        let folder = try TemporaryFolder()
        let path = try PluginFixture(
            extra: "__attribute__((constructor)) static void warm_up(void) { __asm__(\"\"); }"
        ).build(in: folder)
        let strace = try #require(Toolchain.strace)
        let log = folder.file("trace")
        for words in [["validate", path], ["inspect", path], ["list", "--path", folder.path]] {
            try Toolchain.run(
                strace,
                ["-f", "-y", "-e", "trace=openat,mmap,mprotect,execve", "-o", log, KeywayCommand.path] + words)
            let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
            #expect(lines.contains { $0.contains("openat") && $0.contains("witness.so") }, "\(words)")
            let mapped = lines.filter { $0.contains("PROT_EXEC") }
            // The trace tells of such mappings: those of the command's own libraries are there.
            #expect(mapped.contains { $0.contains("libc.so") }, "\(words)")
            // A copy of the plugin would be in a memory file.
            #expect(!mapped.contains { $0.contains("witness") || $0.contains("memfd") }, "\(words)")
        }
    }
}

private enum Trace {
    /// Is there something to trace, and may this process trace it? Containers can forbid it.
    static let works =
        KeywayCommand.isBuilt
        && Toolchain.strace.map { (try? Toolchain.run($0, ["-qq", "-e", "trace=none", "true"])) != nil }
            ?? false
}

extension Trait where Self == ConditionTrait {
    fileprivate static var needsTrace: Self {
        .enabled(if: Trace.works, "strace is missing or may not trace, or the command is not built (make build)")
    }
}
