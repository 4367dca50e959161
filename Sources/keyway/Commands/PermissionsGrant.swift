internal import ArgumentParser
internal import Glibc
internal import PluginHost

/// Which plugin, and which of its permissions.
struct GrantOptions: ParsableArguments {
    @Argument(help: "A plugin's id, name or file; a glob such as \"acme-*\" for several.")
    var plugin: String

    @Argument(help: "Permissions, such as fs.read:data.")
    var permissions: [String] = []

    @OptionGroup var policy: PermissionOptions
    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if plugin.isEmpty { throw ValidationError("A plugin has a name.") }
        do throws(PluginError) { _ = try parsed() } catch { throw ValidationError(error.message) }
    }

    func parsed() throws(PluginError) -> [Permission] {
        try permissions.map { text throws(PluginError) in try Permission(parsing: text) }
    }

    var isGlob: Bool { PluginName.isGlob(plugin) }

    /// nil if no such plugin is installed here.
    func installed() throws(PluginError) -> InstalledManifest? {
        if isGlob { return nil }
        do throws(PluginError) {
            return try InstalledManifest(plugin, host.host())
        } catch {
            guard error.code == .notFound, !plugin.hasSuffix(".so") else { throw error }
            return nil
        }
    }
}

struct PermissionsGrant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Let a plugin have permissions.",
        discussion: """
            A permission without a resource, such as process.exec, is everything of its kind, and is granted to one plugin \
            at a time. Whoever can put a file into a folder of plugins can give it any id: keep those folders to their \
            owner; `keyway resolve --write-lock` pins their bytes.
            """)

    @OptionGroup var options: GrantOptions

    @Option(help: "Why, for those who wonder later.")
    var reason: String?

    @Flag(help: "Grant everything that the plugin requires.")
    var allRequired = false

    func validate() throws {
        guard allRequired || !options.permissions.isEmpty else {
            throw ValidationError("name permissions to grant, or give --all-required")
        }
    }

    func run() async throws {
        let files = try options.policy.filesForWriting()
        let isFirst = try files.read() == nil
        let installed = try options.installed()
        var permissions = try options.parsed()
        if allRequired {
            guard let installed else {
                throw PluginError(
                    .notFound, "what \(options.plugin) requires is not known: no such plugin is installed here",
                    remedy: "Name its file, or the permissions")
            }
            let required = installed.manifest.permissions.filter(\.isRequired).map(\.permission)
            permissions += required.filter { !permissions.contains($0) }
        }
        let name = installed?.manifest.id ?? options.plugin
        let (since, wanted) = (Int64(time(nil)), permissions)
        try files.update { policy throws(PluginError) in
            for permission in wanted {
                let isKnown = policy.plugins[name]?.contains { $0.permission == permission } ?? false
                if isKnown, reason == nil { continue }
                let grant = GrantPolicy.Grant(
                    permission, reason: reason, grantor: Environment.userName, since: since)
                try policy.grant(grant, to: name)
            }
        }
        let missing = try installed.map { installed throws(PluginError) in
            try files.read()?.decision(for: installed.manifest).missingRequired.map(\.request.permission.text) ?? []
        }
        let warnings = wanted.compactMap { $0.warning(grantedTo: installed?.manifest) }
        if options.output.json {
            Console.print(
                json: [
                    "plugin": .string(name), "granted": .array(wanted.map { .string($0.text) }),
                    "missing": .optional(missing) { .array($0.map { .string($0) }) }, "file": .string(files.own),
                    "first": .bool(isFirst), "warnings": .array(warnings.map { .string($0) }),
                ])
        } else {
            Console.print("\(name) is granted \(wanted.map(\.text).joined(separator: ", ")).".visible)
            if let missing, !missing.isEmpty {
                Console.print("It still lacks \(missing.joined(separator: ", ")).".visible)
            }
        }
        if isFirst {
            Console.error(
                "keyway: note: \(files.own) is new: from now on a plugin is loaded only with everything it requires."
                    .visible)
        }
        if installed == nil, !options.isGlob { Console.error("keyway: note: no \(name) is installed here.".visible) }
        for warning in warnings { Console.error("keyway: warning: \(warning).".visible) }
    }
}

struct PermissionsRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Take back what was granted; without permissions, everything.",
        discussion: "What a plugin has by a glob, by default or by /etc/keyway stays, and is listed.")

    @OptionGroup var options: GrantOptions

    func run() async throws {
        let files = try options.policy.filesForWriting()
        let permissions = options.permissions.isEmpty ? nil : try options.parsed()
        let isKnown = try files.read()?.plugins[options.plugin] != nil
        let installed = isKnown ? try? options.installed() : try options.installed()
        let name = isKnown ? options.plugin : installed?.manifest.id ?? options.plugin
        let revoked = try files.update { policy throws(PluginError) in
            let before = policy.plugins[name] ?? []
            let revoked = policy.revoke(permissions, from: name)
            let missing = permissions?.filter { wanted in !revoked.contains { $0.permission == wanted } } ?? []
            guard !revoked.isEmpty, missing.isEmpty else { throw Self.notGranted(name, missing, before) }
            return revoked
        }
        let rest = try installed.map { installed throws(PluginError) in
            try files.read()?.decision(for: installed.manifest).granted.map(\.request.permission.text) ?? []
        }
        if options.output.json {
            Console.print(
                json: [
                    "plugin": .string(name), "revoked": .array(revoked.map { .string($0.permission.text) }),
                    "stillGranted": .optional(rest) { .array($0.map { .string($0) }) }, "file": .string(files.own),
                ])
        } else {
            Console.print("\(name) is no longer granted \(Self.list(revoked)).".visible)
            if let rest, !rest.isEmpty { Console.print("It still has \(rest.joined(separator: ", ")).".visible) }
        }
    }

    private static func list(_ grants: [GrantPolicy.Grant]) -> String {
        grants.map(\.permission.text).joined(separator: ", ")
    }

    private static func notGranted(
        _ name: String, _ missing: [Permission], _ grants: [GrantPolicy.Grant]
    ) -> PluginError {
        let what = missing.isEmpty ? "anything" : missing.map(\.text).joined(separator: ", ")
        return PluginError(
            .notFound, "\(name) was not granted \(what)",
            remedy: grants.isEmpty ? "Nothing is granted to it by this name" : "It was granted \(list(grants))",
            facts: .names(grants.map(\.permission.text)))
    }
}
