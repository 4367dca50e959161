internal import ArgumentParser
internal import PluginHost

/// Which of the installed plugins are chosen.
struct ResolveOptions: ParsableArguments {
    enum Strategy: String, ExpressibleByArgument, CaseIterable {
        case strict, latest, manual
    }

    @Option(
        help: """
            Where several versions fit: latest takes the newest, strict refuses, manual asks for a --pin.
            """)
    var strategy = Strategy.latest

    @Option(help: ArgumentHelp("Take this version; may be repeated.", valueName: "name=version"))
    var pin: [String] = []

    @OptionGroup var host: HostOptions
    @OptionGroup var output: OutputOptions

    /// A file of the search folders that takes no part, and why.
    struct Skipped {
        let file: String
        let reason: String
    }

    /// The resolver over every plugin of the search folders that may be loaded.
    func resolver() throws -> (resolver: Resolver, skipped: [Skipped]) {
        let host = host.host(onlyNamed: true)
        var candidates: [PluginCandidate] = []
        var skipped: [Skipped] = []
        for entry in try host.registry.scan().entries {
            if entry.isLoadable, let candidate = entry.candidate {
                candidates.append(candidate)
            } else {
                skipped.append(Skipped(file: entry.file, reason: entry.reason ?? "it says nothing about itself"))
            }
        }
        let resolver = Resolver(
            candidates, hostSDK: Verifier.builtInSDK, strategy: Resolver.Strategy(rawValue: strategy.rawValue)!,
            pins: try pins())
        return (resolver, skipped)
    }

    private func pins() throws -> [String: SemanticVersion] {
        var pins: [String: SemanticVersion] = [:]
        for text in pin {
            guard let equals = text.lastIndex(of: "="), equals != text.startIndex,
                let version = SemanticVersion(String(text[text.index(after: equals)...]))
            else { throw ValidationError("\"\(text)\" is not a pin such as flat-vectors=1.2.3.") }
            pins[String(text[..<equals])] = version
        }
        return pins
    }
}
