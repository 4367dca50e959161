internal import ArgumentParser
internal import PluginHost

/// What plugins in workers may do and use, and what has to be enforced.
struct SandboxOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What a call may use, such as wall=500ms, cpu=2s or output=1M; may be repeated.",
            valueName: "kind=value"))
    var limit: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            What plugins may do besides what they are granted: fs.read=PATH, net=HOST:PORT, env=NAME, threads; may be \
            repeated.
            """, valueName: "kind=resource"))
    var allow: [String] = []

    @Option(
        help: ArgumentHelp(
            "What the kernel has to enforce, or plugins are not started; may be repeated.",
            valueName: "guarantee"))
    var require: [String] = []

    func validate() throws {
        for name in require where SandboxGuarantee.Name(rawValue: name) == nil {
            let names = SandboxGuarantee.Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("There is no guarantee \(name); --require takes \(names).")
        }
        do throws(PluginError) {
            _ = try allowed()
        } catch {
            throw ValidationError(error.message)
        }
        let limits: LimitSet
        do throws(PluginError) {
            limits = try LimitSet(limit)
        } catch {
            throw ValidationError(error.message)
        }
        let enforced = LimitKind.allCases.filter(\.holdsInWorkers)
        for kind in LimitKind.allCases where limits[kind] != nil && !enforced.contains(kind) {
            throw ValidationError(
                "Nothing enforces a limit on \(kind.rawValue); --limit takes "
                    + enforced.map(\.rawValue).joined(separator: ", ") + ".")
        }
    }

    var isEmpty: Bool { limit.isEmpty && allow.isEmpty && require.isEmpty }

    func apply(to settings: inout WorkerSettings) throws(PluginError) {
        settings.callLimits = try LimitSet(limit)
        settings.allowed = try allowed()
        settings.required = Set(require.compactMap(SandboxGuarantee.Name.init))
    }

    /// What --allow says, with paths made absolute: they are the caller's.
    private func allowed() throws(PluginError) -> [Permission] {
        var allowed: [Permission] = []
        for text in allow {
            // As it is written elsewhere, too: KIND:RESOURCE, or what has no resource.
            guard let separator = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                let permission = try Permission(parsing: text)
                guard !permission.kind.hasResources else {
                    throw PluginError(
                        .validation, "\(text) has no =", remedy: "Write KIND=RESOURCE, such as fs.read=/srv/data")
                }
                allowed.append(permission)
                continue
            }
            let (kind, resource) = (text[..<separator], String(text[text.index(after: separator)...]))
            let isFile = kind == "fs.read" || kind == "fs.write"
            // An unset variable of a shell is no wish for the current folder.
            guard !isFile || !resource.isEmpty else {
                throw PluginError(
                    .validation, "nothing follows \(text)", remedy: "Name a file or a folder, or . for the current one")
            }
            let isRelative = isFile && !resource.hasPrefix("/")
            let place = isRelative ? "\(try InputFile.resolved("."))/\(resource)" : resource
            allowed.append(try Permission(parsing: "\(kind):\(place)"))
        }
        return allowed
    }
}
