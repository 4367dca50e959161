internal import ArgumentParser
internal import PluginHost

struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check documents against a JSON Schema.", subcommands: [Validate.self])

    struct Validate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a document conforms to a schema, and where it does not.",
            discussion: """
                Draft 7 and 2020-12. Exits 0 if it conforms, 1 if not, and 2 if the schema itself cannot be used. One of the \
                two files may be - for standard input.
                """)

        @Argument(help: "A file with the schema.")
        var schema: String

        @Argument(help: "A file with the document.")
        var instance: String

        @Flag(help: "Check formats such as date-time and uri, too.")
        var checkFormats = false

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let schema = try compiled()
            let document = try JSON(parsing: InputFile.read(instance), what: instance)
            let violations = schema.validate(document)
            if output.json {
                Console.print(
                    json: ["valid": .bool(violations.isEmpty), "violations": .array(violations.map(\.json))])
            } else if violations.isEmpty {
                Console.print("\(instance) conforms to \(self.schema)".visible)
            } else {
                for violation in violations {
                    Console.print("\(violation.description) (\(violation.rule))".visible)
                }
            }
            if !violations.isEmpty { throw ExitCode(1) }
        }

        private func compiled() throws -> JSONSchema {
            do throws(PluginError) {
                let document = try JSON(parsing: InputFile.read(schema), what: schema)
                // References lead to other files beside this one, never anywhere else.
                let place = schema == "-" ? "" : JSONSchema.uri(ofFile: try InputFile.resolved(schema))
                return try JSONSchema(
                    compiling: document, at: place, formats: checkFormats ? .assertions : .annotations
                ) { uri in
                    guard let path = JSONSchema.file(at: uri) else { return nil }
                    return try? JSON(parsing: InputFile.read(path), what: path)
                }
            } catch {
                throw Report(wantsJSON: output.json).unusable(error)
            }
        }
    }
}
