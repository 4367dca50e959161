import Foundation
import Testing

/// Copies of one built plugin with ids of their own: what a folder of many plugins needs, without compiling many.
enum PluginCopies {
    /// - Parameter id: seven characters, which take the place of "fixture" in the manifest note.
    @discardableResult
    static func copy(_ plugin: String, to path: String, id: String) throws -> String {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: plugin))
        let (old, new) = (Data("{\"id\":\"fixture\"".utf8), Data("{\"id\":\"\(id)\"".utf8))
        let range = try #require(bytes.range(of: old))
        try #require(old.count == new.count)
        bytes.replaceSubrange(range, with: new)
        try bytes.write(to: URL(fileURLWithPath: path))
        return path
    }

    /// "p000000", "p000001", ...
    static func id(_ number: Int) -> String { "p" + String(repeating: "0", count: 6 - "\(number)".count) + "\(number)" }
}
