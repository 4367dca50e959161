import Foundation
import PluginHost
import Testing

@Suite("Operators' files of trust") struct TrustFileTests {
    @Test("are read whole or not at all, and several are merged") func reading() throws {
        let folder = try Sample.Folder()
        func write(_ text: String, _ name: String) throws -> String {
            let path = "\(folder.path)/\(name)"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            try #require(unsafe chmod(path, 0o600) == 0)
            return path
        }
        let own = try write(#"{"version": 1, "preset": "development", "folders": ["/a"]}"#, "own.json")
        let system = try write(#"{"version": 1, "preset": "strict"}"#, "system.json")
        #expect(try TrustPolicy.reading([folder.path + "/none"]) == nil)
        #expect(try TrustPolicy.reading([own, folder.path + "/none"]) == TrustPolicy(.development, folders: ["/a"]))
        #expect(try TrustPolicy.reading([own, system]) == .strict(["/a"]))
        for (text, pointer) in [
            ("[]", ""), ("{}", "/version"), (#"{"version": 2, "preset": "strict"}"#, "/version"),
            (#"{"version": 1}"#, "/preset"), (#"{"version": 1, "preset": "lax"}"#, "/preset"),
            (#"{"version": 1, "preset": "strict", "folder": []}"#, "/folder"),
            (#"{"version": 1, "preset": "strict", "folders": "/a"}"#, "/folders"),
            (#"{"version": 1, "preset": "strict", "folders": ["/a", "b"]}"#, "/folders/1"),
        ] {
            let bad = try write(text, "bad.json")
            let error = #expect(throws: PluginError.self) { try TrustPolicy.reading([bad]) }
            #expect(error?.code == .dataLoss && error?.facts == .pointer(pointer), "\(text)")
        }
        try #require(unsafe chmod(own, 0o666) == 0)
        let error = #expect(throws: PluginError.self) { try TrustPolicy.reading([own]) }
        #expect(error?.code == .permissionDenied && error?.what.hasPrefix("the policy of trust \(own) can be") == true)
    }
}
