internal import ArgumentParser
internal import PluginHost

/// Which plugins may run in the command's own process.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Which plugins may run in this process: development, those that only root and you can have put where they are; \
            strict, those below trusted folders. The others run in processes of their own. The stricter of this, \
            KEYWAY_TRUST and trust.json counts.
            """, valueName: "preset"), transform: preset)
    var trust: TrustPolicy.Preset?

    @Option(help: ArgumentHelp("A folder whose plugins are trusted; may be repeated.", valueName: "folder"))
    var trustFolder: [String] = []

    private static let systemFile = "/etc/keyway/trust.json"
    private static let variable = "KEYWAY_TRUST"
    private static let presets = TrustPolicy.Preset.allCases.map(\.rawValue).joined(separator: " or ")

    private static func preset(_ word: String) throws -> TrustPolicy.Preset {
        if let preset = TrustPolicy.Preset(rawValue: word) { return preset }
        throw ValidationError("There is no preset \(word); --trust takes \(presets).")
    }

    /// What the options, the variable and operators' files say, none of which lowers another.
    func policy() throws(PluginError) -> TrustPolicy {
        var policy = TrustPolicy(trust ?? .development, folders: trustFolder)
        if let word = Environment.value(Self.variable), !word.isEmpty {
            guard let preset = TrustPolicy.Preset(rawValue: word) else {
                throw PluginError(
                    .configuration, "\(Self.variable) is \"\(word)\", which is no preset of trust",
                    remedy: "Set it to \(Self.presets)", facts: .names([Self.variable]))
            }
            policy = policy.merged(with: TrustPolicy(preset))
        }
        let own = Environment.configurationFolder.map { "\($0)/trust.json" }
        guard let kept = try TrustPolicy.reading([own, Self.systemFile].compactMap(\.self)) else { return policy }
        return policy.merged(with: kept)
    }
}
