/// The keys that an object of a manifest may have. The published schema has the same (a test compares them).
package struct ManifestKeys: Sendable {
    /// The name of the definition in the schema; empty for the whole document.
    package let definition: String
    /// The spellings of each member, the canonical one first.
    let groups: [[String]]
    /// The group of each spelling.
    package let index: [String: Int]

    init(_ definition: String, _ groups: [String]...) {
        self.definition = definition
        self.groups = groups
        var index: [String: Int] = [:]
        for (number, group) in groups.enumerated() {
            for spelling in group { index[spelling] = number }
        }
        self.index = index
    }

    var canonical: [String] { groups.map { $0[0] } }
}

extension ManifestKeys {
    static let sdk = ManifestKeys("sdk", ["minVersion", "min"], ["maxVersion", "max"])
    static let author = ManifestKeys("author", ["name"], ["email", "mail"], ["url"])
    static let repository = ManifestKeys("repository", ["url"], ["type"], ["directory"])
    static let requires = ManifestKeys("requires", ["cpu"])
    static let configuration = ManifestKeys(
        "configuration", ["schema"], ["defaults", "default"], ["environments", "environment"], ["strict"],
        ["additionalProperties"], ["hotReload", "hot_reload"], ["validation"])
    static let validation = ManifestKeys("validation", ["strict"], ["additionalProperties"])
    static let limits = ManifestKeys(
        "limits", ["memory", "max_memory_mb", "max_heap_mb"], ["cpu", "max_cpu_time_ms"],
        ["time", "executionTime", "max_execution_time_ms"], ["disk"], ["network"], ["concurrency"], ["files"],
        ["workers", "max_workers"])
    static let files = ManifestKeys("files", ["open"], ["size"])
    static let hook = ManifestKeys(
        "hook", ["name"], ["modes", "mode"], ["priority"], ["timeout"], ["retries"], ["async"], ["payloadType"])
    static let tool = ManifestKeys(
        "tool", ["name"], ["title"], ["description"], ["inputSchema", "parameters"], ["outputSchema"], ["examples"],
        ["readOnly"], ["destructive"], ["idempotent"], ["openWorld"], ["strict"])
    static let operation = ManifestKeys(
        "operation", ["name"], ["description"], ["inputSchema"], ["outputSchema"], ["inputFormats", "input_formats"],
        ["outputFormats", "output_formats"], ["capabilities"], ["idempotent"], ["streams"], ["readOnly"], ["examples"],
        ["agentTypes"])
    static let api = ManifestKeys("api", ["endpoints"])
    static let endpoint = ManifestKeys(
        "endpoint", ["method"], ["path"], ["summary", "description"], ["bodySchema"], ["querySchema"],
        ["parametersSchema"], ["responseSchema"], ["middleware"], ["rateLimit"], ["maxBody"], ["public"], ["streams"],
        ["roles"], ["permissions"], ["handler"], ["validation"], ["auth"])
    static let endpointValidation = ManifestKeys("endpointValidation", ["body"], ["query"], ["params"])
    static let rateLimit = ManifestKeys("rateLimit", ["requests"], ["window"])
    static let endpointAuth = ManifestKeys("endpointAuth", ["required"], ["roles"], ["permissions"])
    static let loading = ManifestKeys("loading", ["mode"], ["priority"], ["handsOver", "hands_over"])
    static let isolation = ManifestKeys("isolation", ["tier"])
    static let health = ManifestKeys("health", ["interval"], ["timeout"], ["failures"])

    static let request = ManifestKeys("request", ["permission"], ["resource"], ["required"], ["why"])
    static let folder = ManifestKeys("folder", ["path"], ["mode"])
    static let listener = ManifestKeys("listener", ["port"], ["interface"])
    static let devices = ManifestKeys("devices", ["vendor_ids"], ["product_ids"])
    static let routes = ManifestKeys("routes", ["endpoints"], ["methods"])

    /// Every object whose keys are fixed, except the document itself.
    package static let all = [
        sdk, author, repository, requires, configuration, validation, limits, files, hook, tool, operation, api,
        endpoint, endpointValidation, rateLimit, endpointAuth, loading, isolation, health, request, folder,
        listener, devices, routes,
    ]
}
