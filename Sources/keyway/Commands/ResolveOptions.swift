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

    /// What is installed: the resolver over every plugin of the search folders that may be loaded, and what is left out.
    struct Installed {
        var resolver: Resolver
        let skipped: [Skipped]
        let unsearched: UnsearchedFolders
    }

    /// - Throws: if no folder of --path can be searched.
    func installed() throws -> Installed {
        let pins = try pins()
        let scan = try host.host(onlyNamed: true).registry.scan()
        let unsearched = UnsearchedFolders(scan, named: host.path)
        try unsearched.require()
        var candidates: [PluginCandidate] = []
        var leftOut: [LeftOutPlugin] = []
        var skipped: [Skipped] = []
        for entry in scan.entries {
            var candidate = entry.candidate
            candidate?.file = entry.file
            if entry.isLoadable, let candidate {
                candidates.append(candidate)
                continue
            }
            let reason = entry.reason ?? "it says nothing about itself"
            skipped.append(Skipped(file: entry.file, reason: reason))
            guard let id = entry.id else { continue }
            leftOut.append(
                LeftOutPlugin(
                    id: id, version: entry.version, provides: candidate?.relations.provides ?? [], reason: reason,
                    remedy: entry.remedy))
        }
        var resolver = Resolver(
            candidates, hostSDK: Verifier.builtInSDK, strategy: Resolver.Strategy(rawValue: strategy.rawValue)!,
            pins: pins)
        resolver.leftOut = leftOut
        return Installed(resolver: resolver, skipped: skipped, unsearched: unsearched)
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
