internal import Glibc
internal import PluginHost

/// What `keyway permissions show` says.
struct PermissionsReport {
    let files: PermissionFiles
    /// nil if there is no file.
    let policy: GrantPolicy?
    let plugins: [(plugin: InstalledManifest, decision: PermissionDecision)]

    var json: JSON {
        func texts(_ items: [PermissionDecision.Item]) -> JSON {
            .array(items.map { .string($0.request.permission.text) })
        }
        return [
            "policy": [
                "exists": .bool(policy != nil), "file": .string(files.own),
                "systemFile": .optional(files.system) { .string($0) },
                "grants": .optional(policy, \.json),
            ],
            // In whatever process. What workers are kept from besides is `keyway inspect --sandbox`.
            "enforced": .array(policy == nil ? [] : ["load"]),
            "plugins": .array(
                plugins.map { plugin, decision in
                    [
                        "id": .string(plugin.manifest.id), "version": .string("\(plugin.manifest.version)"),
                        "file": .string(plugin.file), "tier": "inProcess", "permissions": decision.json,
                        "granted": texts(decision.granted),
                        "missing": texts(decision.missingRequired),
                        "missingOptional": texts(decision.missingOptional),
                    ]
                }),
        ]
    }

    /// - Parameter isComplete: every installed plugin is in it, so that what is granted to others is to nobody here.
    func show(isComplete: Bool) {
        let asking = plugins.filter { !$0.decision.items.isEmpty }
        for (plugin, decision) in asking {
            Console.print("\(plugin.manifest.id) \(plugin.manifest.version)  \(plugin.file)".visible)
            for line in TextTable.lines(decision.items.map(row), indent: "  ") { Console.print(line) }
            Console.print("")
        }
        if asking.isEmpty {
            let what = isComplete ? "No plugin that was found asks" : "\(plugins[0].plugin.manifest.id) asks"
            Console.print("\(what) for \(isComplete ? "anything" : "nothing").".visible)
        }
        if isComplete, let policy {
            let installed = Set(plugins.map(\.plugin.manifest.id))
            for (name, grants) in policy.plugins.sorted(by: { $0.key < $1.key }) where !installed.contains(name) {
                Console.print("granted to \(name): \(grants.map(\.permission.text).joined(separator: ", "))".visible)
            }
            if !policy.defaults.isEmpty {
                Console.print(
                    "granted to all: \(policy.defaults.map(\.permission.text).joined(separator: ", "))".visible)
            }
        }
        if policy == nil {
            Console.print("There is no \(files.own): nobody is asked, and every plugin is loaded.".visible)
        }
        Console.print(
            "In the host's own process nothing is enforced after loading; in a worker it is: keyway inspect --sandbox.")
    }

    private func row(_ item: PermissionDecision.Item) -> [String] {
        let request = item.request
        var means = ""
        if let effective = item.effective, effective != request.permission { means = effective.resource ?? "" }
        if item.isEverything { means = "everything of its kind" }
        return [
            request.permission.text, means, request.isRequired ? "required" : "optional", state(item),
            request.justification.map { "\"\($0)\"" } ?? "",
        ]
    }

    private func state(_ item: PermissionDecision.Item) -> String {
        switch item.answer {
        case .impossible(let reason): return "cannot be granted: \(reason)"
        case .missing: return "NOT GRANTED"
        case .unasked: return "nobody asked"
        case .granted(let grant):
            var text = "granted"
            if grant.permission != item.request.permission { text += " by \(grant.permission)" }
            if let grantor = grant.grantor { text += ", by \(grantor)" }
            if let since = grant.since { text += ", \(Self.day(since))" }
            return text + (grant.reason.map { ": \($0)" } ?? "")
        }
    }

    /// "2026-11-21", in UTC.
    private static func day(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = unsafe tm()
        var text = [CChar](repeating: 0, count: 16)
        guard unsafe gmtime_r(&time, &parts) != nil else { return "\(seconds)" }
        let count = unsafe strftime(&text, text.count, "%Y-%m-%d", &parts)
        return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
