internal import PluginCore

extension Verifier {
    /// What verdicts depend on beside a file, its libraries and the program that judges: the SDKs served, the policy,
    /// the rules, the search environment and what this process has loaded. Two verifiers of one program with equal
    /// inputs judge alike. Lines of text, for a digest; not a format.
    public var inputs: [String] {
        var lines = ["sdk \(hostSDK)", "rules \(Rule.all.map(\.id).joined(separator: ","))"]
        // By reflection, so that a member that is added later cannot be forgotten here.
        lines += Mirror(reflecting: policy).children.map { "policy \($0.label ?? "") \(Self.stableText($0.value))" }
        return lines + resolver.inputs
    }

    /// Sets and dictionaries have no order of their own.
    private static func stableText(_ value: Any) -> String {
        switch value {
        case let names as Set<String>: names.sorted().description
        case let names as Set<String>?: names.map { $0.sorted().description } ?? "nil"
        case let numbers as Set<UInt32>?: numbers.map { $0.sorted().description } ?? "nil"
        case let target as TargetProfile?:
            target.map { $0.limits.map { "\($0.key)=\($0.value)" }.sorted().description } ?? "nil"
        default: String(describing: value)
        }
    }
}

extension LibraryResolver {
    /// See ``Verifier/inputs``.
    fileprivate var inputs: [String] {
        [
            "environment \(environmentFolders.joined(separator: ":"))",
            "defaults \(defaultFolders?.joined(separator: ":") ?? "")",
            "hardware \(hardwareFolders.joined(separator: ":"))",
            "root \(rootFolder ?? "")",
        ] + loadedPaths.map { "loaded \($0)" }
    }
}
