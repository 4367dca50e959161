package import PluginCore

extension EmbedTask {
    /// nil: a task that this side does not know.
    package init?(number: UInt32) {
        guard let task = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = task
    }
}

extension EmbedRequest.Truncation {
    package init?(number: UInt32) {
        guard let truncation = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = truncation
    }
}
