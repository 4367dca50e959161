internal import ArgumentParser
internal import PluginHost

struct ConfigSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set values in a plugin's configuration file.",
        discussion: """
            A key is written with dots (server.port) or as a JSON pointer (/server/port). How a value is read, the plugin's schema \
            says: where it wants text, the value is text, and elsewhere JSON. A secret is set by its reference: \
            key='{"$secret": "env:NAME"}'.

            All values are set, or none: what would not be valid, with everything else that holds, is not written.

            A host that runs takes the change at once. What its plugin refuses is taken back.
            """)

    @Argument(help: "A plugin's id, name or file.")
    var plugin: String

    @Argument(help: ArgumentHelp("Keys and values.", valueName: "key=value"))
    var values: [String]

    @Flag(help: "Read every value as JSON.")
    var jsonValue = false

    @OptionGroup var options: ConfigOptions
    @OptionGroup var host: SocketOption

    func validate() throws {
        guard !values.isEmpty else { throw ValidationError("name values as KEY=VALUE") }
        for value in values {
            do throws(PluginError) { _ = try Self.split(value) } catch { throw ValidationError(error.message) }
        }
    }

    func run() async throws {
        let changes = try values.map { value throws(PluginError) in try Self.split(value) }
        let change = try ConfigChange(options, plugin, host)
        let allowsAll = change.plugin.manifest.configuration.allowsAdditionalProperties == true
        try await change.make("set") { schema, old throws(PluginError) in
            var new = old
            for (path, text) in changes {
                if !allowsAll, let (unknown, known) = schema?.unknown(on: path) {
                    throw Self.unknown(unknown, known)
                }
                new = try path.setting(value(text, path, schema), in: new)
            }
            return (new, changes.map(\.path))
        }
    }

    private static func unknown(_ path: ConfigurationPath, _ known: [String]) -> PluginError {
        let names = known.prefix(50).joined(separator: ", ")
        return PluginError(
            .configuration,
            "\(path.pointer) is not known to the plugin\(Suggestion.text(path.keys.last ?? "", in: known))",
            remedy: known.isEmpty ? "Set what its schema names" : "It knows \(names)", facts: .pointer(path.pointer))
    }

    private func value(
        _ text: String, _ path: ConfigurationPath, _ schema: ConfigurationSchema?
    ) throws(PluginError) -> JSON {
        if jsonValue { return try JSON(parsing: text, what: "the value of \(path.pointer)") }
        if let schema { return try schema.value(of: text, at: path) }
        // Nobody says what is wanted.
        return (try? JSON(parsing: text, what: "the value")) ?? .string(text)
    }

    private static func split(_ text: String) throws(PluginError) -> (path: ConfigurationPath, text: String) {
        guard let sign = text.firstIndex(of: "=") else {
            throw PluginError(.invalidArgument, "\"\(text)\" has no =", remedy: "Write KEY=VALUE")
        }
        let path = try ConfigurationPath(parsing: String(text[..<sign]))
        return (path, String(text[text.index(after: sign)...]))
    }
}

struct ConfigUnset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unset",
        abstract: "Take values out of a plugin's configuration file; what is under them holds again.")

    @Argument(help: "A plugin's id, name or file.")
    var plugin: String

    @Argument(help: "Keys, with dots or as JSON pointers.")
    var keys: [String]

    @OptionGroup var options: ConfigOptions
    @OptionGroup var host: SocketOption

    func validate() throws {
        guard !keys.isEmpty else { throw ValidationError("name keys") }
        for key in keys {
            do throws(PluginError) { _ = try ConfigurationPath(parsing: key) } catch {
                throw ValidationError(error.message)
            }
        }
    }

    func run() async throws {
        let paths = try keys.map { key throws(PluginError) in try ConfigurationPath(parsing: key) }
        try await ConfigChange(options, plugin, host).make("unset") { _, old throws(PluginError) in
            var new = old
            for path in paths {
                guard let rest = path.removing(from: new) else {
                    let known = ConfigurationPath(keys: Array(path.keys.dropLast())).value(in: old)?.objectValue ?? [:]
                    throw PluginError(
                        .notFound,
                        "\(path.pointer) is not set\(Suggestion.text(path.keys.last ?? "", in: known.keys.sorted()))",
                        remedy: "See `keyway config show`", facts: .pointer(path.pointer))
                }
                new = rest
            }
            return (new, paths)
        }
    }
}

/// A change of one plugin's file. What would not be valid is not written.
private struct ConfigChange {
    let configurator: PluginConfigurator
    let folder: ConfigurationFolder
    let plugin: ConfiguredPlugins.Plugin
    let output: OutputOptions
    let socket: String?

    init(_ options: ConfigOptions, _ name: String, _ host: SocketOption) throws(PluginError) {
        socket = host.socket
        folder = try options.folder()
        configurator = try options.configurator()
        plugin = try options.plugins().plugin(name)
        output = options.output
    }

    /// - Parameter body: what the file is to say, and which values that changes.
    func make(
        _ verb: String,
        _ body: (ConfigurationSchema?, JSON) throws(PluginError) -> (JSON, [ConfigurationPath])
    ) async throws(PluginError) {
        let manifest = plugin.manifest
        let schema = try configurator.schema(of: manifest, package: plugin.package)
        var (effective, changed): (EffectiveConfiguration?, [ConfigurationPath]) = (nil, [])
        var (before, after): (JSON, JSON) = ([:], [:])
        // Found out under the lock: what holds together with what others just wrote.
        try folder.update(manifest.id) { old throws(PluginError) in
            let (new, paths) = try body(schema, old)
            let proposed = try configurator.effective(manifest, package: plugin.package, proposal: .values(new))
            var own = configurator
            own.variables = [:]
            let alone = try own.effective(manifest, package: plugin.package, proposal: .values(new))
            do throws(PluginError) {
                try proposed.requireAcceptable()
                // What a variable hides today may come to light tomorrow.
                try alone.requireAcceptable(in: .file)
            } catch {
                throw PluginError(
                    error.code, "\(error.what); nothing was changed",
                    remedy: "Correct the values; those that need each other are given in one command",
                    facts: error.facts, plugin: error.plugin)
            }
            (effective, changed) = (proposed, paths)
            (before, after) = (old, new)
            return new
        }
        guard let effective else { return }
        let host = try await tellHost(before, after)
        report(verb, effective, changed, host)
    }

    /// What became of the change in a host that runs.
    private enum Live {
        case noHost
        /// The host of this process does not have the plugin.
        case notLoaded(process: Int32)
        /// It reads its configurations elsewhere.
        case elsewhere(process: Int32, folder: String?)
        case applied(process: Int32)

        var json: JSON {
            switch self {
            case .noHost: nil
            case .notLoaded(let process), .elsewhere(let process, _):
                ["pid": .int(Int64(process)), "applied": false]
            case .applied(let process): ["pid": .int(Int64(process)), "applied": true]
            }
        }

        func note(_ id: String) -> String? {
            switch self {
            case .noHost: "no host runs; the change takes effect when one starts"
            case .notLoaded(let process): "the host (process \(process)) has no plugin \(id) now"
            case .elsewhere(let process, let folder):
                "the host (process \(process)) has not this folder of configurations but \(folder ?? "none")"
            case .applied: nil
            }
        }
    }

    /// Has a host that runs take the change; what it refuses is taken back.
    private func tellHost(_ before: JSON, _ after: JSON) async throws(PluginError) -> Live {
        let id = plugin.manifest.id
        let client: ControlClient
        do throws(PluginError) {
            client = try await ControlClient.connect(to: socket)
        } catch {
            guard error.code == .notFound else { throw error }
            return .noHost
        }
        do throws(PluginError) {
            let reply = try await client.send("configure", ["plugin": .string(id)])
            let other = reply["folder"]?.stringValue
            guard let other, let theirs = try? InputFile.resolved(other),
                theirs == (try? InputFile.resolved(folder.path))
            else { return .elsewhere(process: client.process, folder: other) }
            return .applied(process: client.process)
        } catch {
            if error.code == .notFound { return .notLoaded(process: client.process) }
            try folder.update(id) { present in present == after ? before : present }
            var refusal = error
            refusal.what = "the host refused it, and nothing was changed: \(error.what)"
            throw refusal
        }
    }

    private func report(
        _ verb: String, _ effective: EffectiveConfiguration, _ changed: [ConfigurationPath], _ host: Live
    ) {
        let id = plugin.manifest.id
        // A variable may be over what was set.
        let hidden = changed.compactMap { path -> (ConfigurationPath, String)? in
            guard let origin = effective.layers.origin(of: path), origin.kind > .file else { return nil }
            return (path, origin.source)
        }
        if output.json {
            Console.print(
                json: [
                    "plugin": .string(id), "file": .string(folder.file(id)),
                    "changed": .array(changed.map { .string($0.pointer) }),
                    "configuration": effective.shown, "problems": ConfigProblems.json(effective.problems),
                    "host": host.json,
                ])
        } else {
            let names = changed.map(\.pointer).joined(separator: ", ")
            Console.print("\(id): \(names) \(changed.count == 1 ? "is" : "are") \(verb) in \(folder.file(id)).".visible)
            for problem in effective.problems {
                Console.error("keyway: \(problem.severity.rawValue): \(problem)".visible)
            }
        }
        if let note = host.note(id) { Console.error("keyway: note: \(note).".visible) }
        for (path, source) in hidden {
            Console.error("keyway: note: \(path.pointer) has no effect here: \(source) is over it.".visible)
        }
    }
}
