import Foundation
import PluginELF
import Testing

/// The shared objects of this machine, and what other tools say about them.
enum SystemLibraries {
    /// Every ELF file of 64 bits whose name has ".so" under the system's library folders, each file once, links
    /// resolved. Files of more than 64 MB are left out: the time that the other tools need for them adds nothing.
    static let paths: [String] = {
        var found: Set<String> = []
        let folders = [
            "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/lib/x86_64-linux-gnu",
            "/lib/aarch64-linux-gnu", "/lib64",
        ]
        for folder in folders {
            for case let name as String in FileManager.default.enumerator(atPath: folder) ?? .init()
            where name.contains(".so") {
                let path = URL(fileURLWithPath: "\(folder)/\(name)").resolvingSymlinksInPath().path
                guard !found.contains(path), let file = FileHandle(forReadingAtPath: path),
                    let start = try? file.read(upToCount: 18), start.count == 18,
                    start.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2]), start[16] == 3,
                    (try? file.seekToEnd()).map({ $0 < 64 << 20 }) == true
                else { continue }
                found.insert(path)
            }
        }
        return found.sorted()
    }()

    /// As many as must be compared: 300, or all of a machine that has fewer.
    static var enough: Int { min(300, paths.count) }

    /// What a program prints about each file, by path.
    /// - Parameter header: the path in a line that begins the output about a file, or nil.
    static func output(
        of program: String, _ arguments: [String], header: (Substring) -> Substring?
    ) throws -> [String: [Substring]] {
        var result: [String: [Substring]] = [:]
        for start in stride(from: 0, to: paths.count, by: 100) {
            let batch = Array(paths[start..<min(start + 100, paths.count)])
            var current: String?
            for line in try Toolchain.output(program, arguments + batch).split(separator: "\n") {
                if let path = header(line), batch.contains(String(path)) {
                    current = String(path)
                    result[String(path)] = []
                } else if let current {
                    result[current]?.append(line)
                }
            }
        }
        return result
    }
}

/// Files that differ from another tool, with what differs.
struct Differences {
    private(set) var byPath: [String: String] = [:]
    private(set) var compared = 0
    private let explained: [String: String]

    /// - Parameter explained: why files of a name may differ; at most five.
    init(explained: [String: String] = [:]) {
        precondition(explained.count <= 5)
        self.explained = explained
    }

    mutating func compare(_ path: String, ours: [String], theirs: [String]) {
        compared += 1
        guard ours != theirs, explained[URL(fileURLWithPath: path).lastPathComponent] == nil else { return }
        let onlyOurs = Set(ours).subtracting(theirs).sorted().prefix(4)
        let onlyTheirs = Set(theirs).subtracting(ours).sorted().prefix(4)
        byPath[path] = "only ours: \(onlyOurs), only theirs: \(onlyTheirs), \(ours.count) and \(theirs.count)"
    }

    /// Fails for each difference, and if too few files were compared.
    func require(_ what: String) {
        for (path, difference) in byPath.sorted(by: { $0.key < $1.key }).prefix(10) {
            Issue.record("\(what), \(path): \(difference)")
        }
        #expect(byPath.isEmpty)
        #expect(compared >= SystemLibraries.enough)
        print("compared \(what) of \(compared) shared objects, \(explained.count) differences explained")
    }
}
