internal import ArgumentParser
internal import PluginHost

struct ManifestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest", abstract: "Check what plugins say about themselves.",
        subcommands: [Check.self, PrintSchema.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say everything that is wrong with a manifest, and where.",
            discussion: """
                The manifest is a .toml file, a .json file, or the note of a shared object, whose places are those in its \
                text. Exits 0 if it can be used, 1 if not. Warnings do not make it unusable.
                """)

        @Argument(help: "A file with a manifest.")
        var file: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let check = try ManifestCheck(file)
            if output.json {
                Console.print(json: document(check))
            } else {
                show(check)
            }
            if !check.isValid { throw ExitCode(1) }
        }

        private func document(_ check: ManifestCheck) -> JSON {
            func list(_ severity: ManifestProblem.Severity) -> JSON {
                .array(
                    check.findings.filter { $0.problem.severity == severity }.map { finding in
                        [
                            "pointer": .string(finding.problem.pointer), "line": .int(Int64(finding.position.line)),
                            "column": .int(Int64(finding.position.column)), "message": .string(finding.problem.message),
                        ]
                    })
            }
            return [
                "file": .string(file), "valid": .bool(check.isValid), "format": .string(check.format.rawValue),
                "id": .optional(check.id, JSON.string), "name": .optional(check.name, JSON.string),
                "version": .optional(check.version, JSON.string), "manifest": .optional(check.manifest, \.json),
                "errors": list(.error), "warnings": list(.warning),
            ]
        }

        private func show(_ check: ManifestCheck) {
            for finding in check.findings {
                let (place, problem) = (finding.position, finding.problem)
                Console.print(
                    "\(file):\(place.line):\(place.column): \(problem.severity.rawValue): \(problem)".visible)
            }
            guard let manifest = check.manifest else { return }
            let permissions = manifest.permissions.map(\.permission.text).joined(separator: ", ")
            Console.print("\(file) is a valid manifest of \(manifest.id) \(manifest.version)".visible)
            if !permissions.isEmpty { Console.print("It asks for \(permissions)".visible) }
        }
    }

    struct PrintSchema: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema", abstract: "Print the JSON Schema of manifests.")

        func run() { Console.print(ManifestSchema.text, terminator: "") }
    }
}
