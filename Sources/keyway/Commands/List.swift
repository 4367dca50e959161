internal import ArgumentParser
internal import PluginHost

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the plugins in the search folders, without running them.")

    @OptionGroup var options: HostOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var configuration = options.configuration(onlyNamed: true)
        configuration.trust = try trust.policy()
        let host = PluginHost(configuration)
        let scan = try await host.scan()
        let unsearched = UnsearchedFolders(scan, named: options.path)
        try unsearched.require()
        unsearched.warn()
        let entries = try scan.entries.sorted { ($0.name, $0.file) < ($1.name, $1.file) }
            .map { entry throws(PluginError) in (entry, try Self.trust(of: entry, in: host)) }
        if output.json {
            Console.print(json: .array(entries.map { Self.json($0, $1, hostSDK: host.configuration.sdk) }))
        } else if entries.isEmpty {
            Console.print("No plugins in \(host.configuration.searchPaths.joined(separator: ", ")).")
            Console.print("Name a folder of plugins with --path.")
        } else {
            let header = ["NAME", "VERSION", "LANGUAGE", "SDK", "INTERFACES", "TIER", "STATUS", "FILE"]
            for line in TextTable.lines([header] + entries.map(Self.row)) { Console.print(line) }
        }
    }

    /// nil for what cannot be loaded.
    private static func trust(of entry: RegistryEntry, in host: PluginHost) throws(PluginError) -> TrustVerdict? {
        // One that is gone since the folder was searched is not worth an error.
        guard entry.isLoadable, let prepared = try? host.prepare(entry.file) else { return nil }
        return try host.trust(of: prepared)
    }

    private static func row(_ entry: RegistryEntry, _ trust: TrustVerdict?) -> [String] {
        let state = entry.isLoadable ? "ok" : "\(entry.state.rawValue): \(entry.reason ?? "")"
        return [
            entry.name, entry.version?.description ?? "-", entry.language ?? "-", entry.sdk?.description ?? "-",
            entry.interfaces.joined(separator: ","), trust?.tier.rawValue ?? "-", state, entry.file,
        ]
    }

    private static func json(_ entry: RegistryEntry, _ trust: TrustVerdict?, hostSDK: SDKRange) -> JSON {
        var members: [String: JSON] = [
            "name": .string(entry.name), "id": .optional(entry.id, JSON.string), "file": .string(entry.file),
            "version": .optional(entry.version?.description, JSON.string),
            "type": .optional(entry.type, JSON.string), "language": .optional(entry.language, JSON.string),
            "description": .optional(entry.manifest?.description, JSON.string),
            "interfaces": .array(entry.interfaces.map(JSON.string)), "state": .string(entry.state.rawValue),
            "loadable": .bool(entry.isLoadable), "error": .optional(entry.error, \.json), "sdk": nil,
            "trust": .optional(trust, \.json),
        ]
        if let range = entry.sdk, let built = entry.builtSDK {
            var negotiated = JSON.null
            if case .agreed(let version) = SDKNegotiation(host: hostSDK, plugin: range, built: built) {
                negotiated = .int(Int64(version))
            }
            members["sdk"] = [
                "built": .int(Int64(built)), "min": .int(Int64(range.minimum)),
                "max": .optional(range.maximum) { .int(Int64($0)) }, "negotiated": negotiated,
            ]
        }
        return .object(members)
    }
}
