internal import PluginCore

extension Verifier {
    /// What verdicts depend on beside a file, its libraries and the program that judges: the SDKs served, the policy,
    /// the rules, the search environment and what this process has loaded. Two verifiers of one program with equal
    /// inputs judge alike. Lines of text, for a digest; not a format.
    public var inputs: [String] {
        let lines = ["sdk \(hostSDK)", "rules \(Rule.all.map(\.id).joined(separator: ","))"]
        return lines + policy.inputs + resolver.inputs
    }
}

extension VerificationPolicy {
    /// Sets have no order of their own. Written out, because reflection takes milliseconds; a test counts the members.
    fileprivate var inputs: [String] {
        func list(_ names: Set<String>?) -> String { names.map { $0.sorted().joined(separator: "\0") } ?? "any" }
        let limits = target?.limits.map { "\($0.key)=\($0.value.description)" }.sorted().joined(separator: ",")
        let owners = trustedOwners.map { $0.sorted().map(String.init).joined(separator: ",") }
        return [
            list(allowedExports), list(allowedSearchPaths), list(allowedLibraries), list(deniedLibraries),
            list(allowedImports), list(deniedImports), constructors.rawValue, requiresPermissions ? "1" : "0",
            list(ignoredRules), limits ?? "none", owners ?? "usual", String(sizeLimit), isRelease ? "1" : "0",
        ]
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
