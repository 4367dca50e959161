public import PluginCore

/// What a plugin asks for, and what it was given of that.
public struct PermissionDecision: Sendable, Hashable {
    public enum Answer: Sendable, Hashable {
        /// Something allows it.
        case granted(GrantPolicy.Grant)
        case missing
        /// Nobody can grant it: why, without a final full stop.
        case impossible(String)
        /// There is no policy.
        case unasked
    }

    /// One request and its answer.
    public struct Item: Sendable, Hashable {
        public let request: PermissionRequest
        /// What is asked for, with a relative path below the plugin's data folder; nil if nobody can grant it.
        public let effective: Permission?
        public let answer: Answer

        public var isGranted: Bool { if case .granted = answer { true } else { false } }
        var isMissing: Bool { !isGranted && answer != .unasked }
        /// Is it about everything of its kind?
        public var isEverything: Bool { (effective ?? request.permission).isEverything }
        var obstacle: String? { if case .impossible(let reason) = answer { reason } else { nil } }
    }

    /// The plugin's id.
    public let plugin: String
    /// In the order of the manifest.
    public let items: [Item]

    public var granted: [Item] { items.filter(\.isGranted) }
    /// Without these the plugin is not loaded.
    public var missingRequired: [Item] { items.filter { $0.isMissing && $0.request.isRequired } }
    /// The plugin does without these.
    public var missingOptional: [Item] { items.filter { $0.isMissing && !$0.request.isRequired } }

    /// - Parameter answer: to a permission that is effective.
    init(_ manifest: Manifest, dataFolder: String?, answer: (Permission) -> Answer) {
        plugin = manifest.id
        items = manifest.permissions.map { request in
            do throws(PluginError) {
                let effective = try request.permission.effective(in: dataFolder)
                return Item(request: request, effective: effective, answer: answer(effective))
            } catch {
                return Item(request: request, effective: nil, answer: .impossible(error.what))
            }
        }
    }

    /// Has the plugin this, or something that covers it? Where nobody was asked, it has what it asks for.
    /// - Parameter permission: an effective one.
    func allows(_ permission: Permission) -> Bool {
        items.contains { !$0.isMissing && $0.effective?.covers(permission) == true }
    }

    /// - Parameter file: the policy's, if commands have to be told.
    /// - Throws: ``PluginError`` with code `permissionDenied` and the names of what is missing, if something required is.
    func requireGranted(file: String?) throws(PluginError) {
        let missing = missingRequired
        guard !missing.isEmpty else { return }
        let list = missing.map { item in
            let permission = item.request.permission.text
            let path = item.effective.flatMap { $0.text == permission ? nil : " (\($0.resource ?? ""))" } ?? ""
            return permission + path + (item.request.justification.map { " (\"\($0)\")" } ?? "")
        }
        let names = missing.map(\.request.permission.text)
        let obstacles = missing.compactMap(\.obstacle)
        let words = ["keyway", "permissions", "grant", plugin] + names + (file.map { ["--permissions", $0] } ?? [])
        let remedy =
            obstacles.isEmpty
            ? "If you trust it with that, run `\(ShellWord.command(words))`"
            : "Nobody can grant this: \(obstacles.joined(separator: "; ")). Get another build of the plugin"
        throw PluginError(
            .permissionDenied, "needs what is not granted: \(list.joined(separator: ", "))", remedy: remedy,
            facts: .names(names), plugin: plugin, stage: .verify)
    }
}

extension PermissionDecision {
    /// `granted` is null where nobody was asked.
    public var json: JSON {
        .array(
            items.map { item in
                var grant: GrantPolicy.Grant?
                if case .granted(let found) = item.answer { grant = found }
                return [
                    "permission": .string(item.request.permission.text),
                    "resolved": .optional(item.effective) { .string($0.text) },
                    "required": .bool(item.request.isRequired),
                    "unlimited": .bool(item.isEverything),
                    "why": .optional(item.request.justification) { .string($0) },
                    "granted": item.answer == .unasked ? .null : .bool(item.isGranted),
                    "grant": .optional(grant, \.json), "obstacle": .optional(item.obstacle) { .string($0) },
                ]
            })
    }
}
