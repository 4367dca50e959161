/// Something in a manifest that is wrong, or that its author should know.
public struct ManifestProblem: Error, Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable, CaseIterable {
        /// The manifest cannot be used.
        case error
        /// The manifest can be used; its author may have meant something else.
        case warning
    }

    public var severity: Severity
    /// RFC 6901 pointer to the member; empty for the whole document. Of a member that is missing, to where it belongs.
    public var pointer: String
    /// The rest of a sentence about the member: "must be a string, but is integer".
    public var message: String

    public init(_ severity: Severity, _ pointer: String, _ message: String) {
        self.severity = severity
        self.pointer = pointer
        self.message = message
    }
}

extension ManifestProblem: CustomStringConvertible {
    /// "/version is missing"
    public var description: String { "\(pointer.isEmpty ? "the document" : pointer) \(message)" }
}

extension ManifestProblem {
    /// The problem as an error that ends the reading.
    var failure: PluginError {
        PluginError(
            .validation, "manifest: \(description)",
            remedy: "Correct the manifest in the plugin's source and rebuild it", facts: .pointer(pointer),
            stage: .inspect, underlying: self)
    }
}

/// What was read of a manifest, and everything that was found wrong on the way.
public struct ManifestReading: Sendable, Hashable {
    /// nil if there is an error.
    public var manifest: Manifest?
    /// In the order of the reading; at most ``maximumProblems``, of which the last then says so.
    public var problems: [ManifestProblem]

    public static let maximumProblems = 100
}
