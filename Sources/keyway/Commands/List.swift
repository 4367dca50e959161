internal import ArgumentParser
internal import PluginHost

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the plugins in the search folders, without running them.")

    @OptionGroup var options: HostOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let host = options.host()
        var entries: [JSON] = []
        var rows = [["NAME", "VERSION", "LANGUAGE", "SDK", "INTERFACES", "STATUS", "FILE"]]
        for (name, path) in host.available() {
            do throws(PluginError) {
                let prepared = try host.prepare(path)
                let (note, manifest) = (prepared.object.notes.abi, prepared.manifest)
                let refusal = prepared.verification.refusal
                entries.append([
                    "name": .string(manifest?.name ?? name), "id": .optional(manifest?.id, JSON.string),
                    "file": .string(path),
                    "version": .optional(manifest?.version.description, JSON.string),
                    "type": .optional(manifest?.type, JSON.string),
                    "description": .optional(manifest?.description, JSON.string),
                    "language": .optional(note?.language, JSON.string),
                    "sdk": .optional(note) { note in
                        [
                            "built": .int(Int64(note.sdkBuilt)), "min": .int(Int64(note.sdkMinimum)),
                            "max": note.sdkMaximum == 0 ? .null : .int(Int64(note.sdkMaximum)),
                            "negotiated": .optional(prepared.verification.sdk) { .int(Int64($0)) },
                        ]
                    },
                    "interfaces": .array(prepared.object.notes.interfaces.map(JSON.string)),
                    "loadable": .bool(refusal == nil), "error": .optional(refusal, \.json),
                ])
                rows.append([
                    manifest?.name ?? name, manifest?.version.description ?? "-", note?.language ?? "-",
                    note?.sdkRange?.description ?? "-", prepared.object.notes.interfaces.joined(separator: ","),
                    refusal.map { "refused: \($0.what)" } ?? "ok", path,
                ])
            } catch {
                entries.append([
                    "name": .string(name), "id": nil, "file": .string(path), "version": nil, "type": nil,
                    "description": nil, "language": nil, "sdk": nil, "interfaces": [], "loadable": false,
                    "error": error.json,
                ])
                rows.append([name, "-", "-", "-", "", "refused: \(error.what)", path])
            }
        }
        if output.json {
            Console.print(json: .array(entries))
        } else if entries.isEmpty {
            Console.print("No plugins in \(host.configuration.searchPaths.joined(separator: ", ")).")
            Console.print("Build the samples with `make build`, or name a folder with --path.")
        } else {
            for line in TextTable.lines(rows) { Console.print(line) }
        }
    }
}
