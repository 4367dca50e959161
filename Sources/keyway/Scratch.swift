internal import Foundation
internal import PluginHost
internal import Synchronization

/// A folder that is there for as long as this is, made when it is first wanted.
final class Scratch: Sendable {
    private let folder = Mutex<String?>(nil)

    deinit { if let folder = folder.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: folder) } }

    func path() throws(PluginError) -> String {
        try folder.withLock { folder throws(PluginError) in
            if let folder { return folder }
            var template = Array(FileManager.default.temporaryDirectory.path.utf8CString.dropLast())
            template += Array("/keyway-XXXXXX".utf8CString)
            guard unsafe mkdtemp(&template) != nil else {
                throw PluginError(
                    .unavailable, "no temporary folder can be made (error \(errno))",
                    remedy: "Set TMPDIR to a folder that you can write", facts: .errno(errno, call: "mkdtemp"))
            }
            let made = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            folder = made
            return made
        }
    }
}
