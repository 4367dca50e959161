internal import PluginCore

/// What the cache keeps of one file: how it was when it was judged, and what was said.
struct RegistryRecord: Sendable, Hashable {
    /// What became of the file.
    enum Verdict: UInt8, Sendable {
        /// It may be loaded.
        case sound = 0
        case refused = 1
        /// A library that lies beside a plugin. Not listed.
        case library = 2
    }

    /// Index of the folder.
    var folder: Int
    /// Name of the file within it.
    var name: String
    var stamp = FileStamp()
    /// Was the stamp old enough to show every later change? If not, the bytes have to be compared the next time.
    var isSettled = true
    /// 64 hexadecimal digits; empty if the file could not be read.
    var digest = ""
    var verdict = Verdict.refused
    /// Has the scanner loaded these bytes and seen nothing wrong?
    var isProbed = false
    /// An entry of the same id and version comes before it.
    var isShadowed = false
    /// Empty if the file does not say.
    var id = ""
    var version = ""
    var displayName = ""
    var type = ""
    var language = ""
    /// 0 if there is no sound ABI note.
    var sdkBuilt: UInt32 = 0
    var sdkMinimum: UInt32 = 0
    /// 0: open.
    var sdkMaximum: UInt32 = 0
    var interfaces: [String] = []
    /// Other names that its manifest says it can stand for.
    var provides: [String] = []
    /// The manifest's JSON; empty if there is none that is sound.
    var manifest = ""
    /// The text of a ``Refusal``; empty if it is not refused.
    var refusal = ""
    /// Files of the folder that could have been its manifest.
    var manifestFiles: [String] = []
    /// Indices of the files and places that the verdict depended on.
    var dependencies: [Int] = []
    /// Reading, judging and hashing, in nanoseconds.
    var inspectNanoseconds: UInt64 = 0
}

/// Why a file is refused, as it is kept.
struct Refusal: Sendable, Hashable {
    var code: String
    /// What is the case, without a final full stop.
    var reason: String
    var remedy: String
    /// Ids of the rules that it breaks.
    var rules: [String] = []

    init(_ error: PluginError) {
        code = error.code.rawValue
        reason = error.what
        remedy = error.remedy ?? ""
        if case .findings(let findings) = error.facts {
            rules = findings.filter { $0.severity == .error }.map(\.id)
        }
    }

    /// Four lines; what is in them stays on its line.
    var text: String {
        [code, rules.joined(separator: " "), reason, remedy]
            .map { $0.split(whereSeparator: \.isNewline).joined(separator: " ") }.joined(separator: "\n")
    }

    /// - Returns: nil for the empty text.
    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count == 4 else { return nil }
        (code, reason, remedy) = (lines[0], lines[2], lines[3])
        rules = lines[1].split(separator: " ").map(String.init)
    }
}

/// A file or place that a verdict depended on, as it was then.
struct RegistryDependency: Sendable, Hashable {
    var path: String
    /// ``FileStamp/absent`` where nothing was.
    var stamp: FileStamp
}
