/// Packages of other ecosystems that authors name as dependencies by habit, because another manifest of theirs does.
enum ForeignPackage {
    private static let ecosystems: [(what: String, names: Set<String>)] = [
        (
            "a crate of Rust",
            ["anyhow", "chrono", "clap", "libc", "log", "rayon", "regex", "reqwest", "serde", "serde_json", "tokio"]
        ),
        (
            "a package of npm",
            ["axios", "chalk", "express", "lodash", "moment", "node", "react", "typescript", "uuid", "zod"]
        ),
        (
            "a package of Python",
            ["numpy", "pandas", "pydantic", "requests", "scipy", "torch", "transformers"]
        ),
    ]

    /// Why no plugin of that name is found; nil if nothing is known of the name.
    static func hint(for name: String) -> String? {
        guard let found = ecosystems.first(where: { $0.names.contains(name) }) else { return nil }
        return "\(name) is \(found.what): what a plugin is built from is linked into its file,"
            + " and its manifest names other plugins only"
    }
}
