internal import PluginCore

/// Where the next page of a listing begins: among the installed plugins, or in one of the stores.
enum PageCursor {
    /// Behind this file; nil for the beginning.
    case file(String?)
    /// In the store of this index, behind its own cursor.
    case store(Int, String?)

    /// - Throws: ``PluginError`` with code `invalidArgument` if it is no cursor of this host.
    init(_ text: String?, storeCount: Int) throws(PluginError) {
        guard let text else {
            self = .file(nil)
            return
        }
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        if parts[0] == "file", parts.count > 1 {
            self = .file(String(text.dropFirst(5)))
        } else if parts[0] == "store", parts.count > 1, let index = Int(parts[1]), (0..<storeCount).contains(index) {
            self = .store(index, parts.count > 2 ? parts[2] : nil)
        } else {
            throw PluginError(
                .invalidArgument, "\"\(text)\" is no cursor of this list", remedy: "Pass the cursor of the page before",
                facts: .pointer("/cursor"))
        }
    }

    var text: String {
        switch self {
        case .file(let path): "file:\(path ?? "")"
        case .store(let index, let cursor): "store:\(index)" + (cursor.map { ":\($0)" } ?? "")
        }
    }
}
