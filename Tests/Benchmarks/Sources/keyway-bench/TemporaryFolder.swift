import Glibc

enum TemporaryFolder {
    /// Lends a new folder below TMPDIR, which its user empties.
    static func with<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/keyway-bench-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw BenchmarkError(
                "no folder can be made in \(parent): error \(errno). Set TMPDIR to one that can be written")
        }
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unsafe rmdir(folder) }
        return try await body(folder)
    }
}
