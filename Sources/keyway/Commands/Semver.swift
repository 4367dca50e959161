internal import ArgumentParser
internal import PluginHost

struct Semver: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask about versions and ranges of versions.", subcommands: [Satisfies.self])

    struct Satisfies: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a version lies in a range.",
            discussion: """
                Ranges are npm's: ^1.2, ~1.2.3, 1.x, 1.2 - 2.3, >=1 <3, and || between alternatives. Exits 0 if it does, 1 \
                if not, and 2 if one of them is no range or no version.
                """)

        @Argument(help: "The range, in quotes.")
        var range: String

        @Argument(help: "The version.")
        var version: String

        @Flag(help: "Let prereleases lie in ranges that do not name one.")
        var includePrerelease = false

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let (range, version) = try parsed()
            let satisfies = range.contains(version)
            if output.json {
                Console.print(
                    json: [
                        "range": .string(range.text), "canonical": .string(range.canonicalText),
                        "version": .string("\(version)"), "satisfies": .bool(satisfies),
                    ])
            } else {
                Console.print(
                    satisfies ? "\(version) satisfies \(range.text)" : "\(version) does not satisfy \(range.text)")
            }
            if !satisfies { throw ExitCode(1) }
        }

        private func parsed() throws -> (VersionRange, SemanticVersion) {
            do throws(PluginError) {
                let range = try VersionRange(self.range, includesPrereleases: includePrerelease)
                guard let version = SemanticVersion(version) else {
                    throw PluginError(
                        .invalidArgument, "\"\(version)\" is not a semantic version", remedy: "Write it as 1.2.3")
                }
                return (range, version)
            } catch {
                throw Report(wantsJSON: output.json).unusable(error)
            }
        }
    }
}
