internal import Glibc
internal import PluginCore
internal import PluginLoader

/// What can be asked of a running host on its control socket.
extension PluginHost {
    func controlServer(_ end: EndRequest) async throws(PluginError) -> ControlServer? {
        let path: String?
        switch configuration.control {
        case .none: return nil
        case .standard: path = nil
        case .at(let place): path = place
        }
        return try await ControlServer.start(
            at: path,
            handler: { [self] request in
                do throws(PluginError) {
                    return .success(try await answer(request, end))
                } catch {
                    return .failure(error)
                }
            },
            events: { [self] request in
                let plugin: String?
                do throws(PluginError) {
                    plugin = try Arguments(request).optionalText("plugin")
                } catch {
                    return .failure(error)
                }
                return .success(
                    fleet.events.listen(limit: 1024).filter { plugin == nil || $0.plugin == plugin }.map(\.json))
            })
    }

    private func answer(_ request: ControlRequest, _ end: EndRequest) async throws(PluginError) -> JSON {
        let arguments = Arguments(request)
        switch request.verb {
        case "status": return statusJSON
        case "load":
            let plugin = try await activate(try arguments.text("plugin"))
            return ["plugin": .string(plugin.id), "version": .string(plugin.version.description)]
        case "suspend":
            try await suspend(try arguments.text("plugin"), reason: try arguments.optionalText("reason"))
        case "resume": try await resume(try arguments.text("plugin"))
        case "disable":
            try await disable(try arguments.text("plugin"), reason: try arguments.optionalText("reason"))
        case "stop": try await stop(try arguments.text("plugin"), reason: try arguments.optionalText("reason"))
        case "quarantine":
            try await quarantine(
                try arguments.text("plugin"), reason: try arguments.optionalText("reason"),
                isRecorded: request.arguments["isRecorded"] == true)
        case "release": try await release(try arguments.text("plugin"))
        case "swap":
            return try await swap(try arguments.text("plugin"), to: try arguments.optionalText("file")).json
        case "configure":
            let issues = try await configure(
                try arguments.text("plugin"), request.arguments["configuration"])
            return [
                "folder": .optional(configuration.configurator.folder?.path) { .string($0) },
                "warnings": .array(
                    issues.map { ["pointer": .string($0.pointer), "message": .string($0.message)] }),
            ]
        case "workers": return workersJSON
        case "limits": return try await limitsJSON(arguments, request)
        case "permission":
            let verdict = try await checkPermission(
                try Permission(parsing: try arguments.text("permission")), of: try arguments.text("plugin"))
            return verdict.json
        case "shutdown": end.make()
        default:
            let verbs = [
                "configure", "disable", "events", "limits", "load", "permission", "quarantine", "release", "resume",
                "shutdown", "status", "stop", "suspend", "swap", "workers",
            ]
            throw PluginError(
                .unsupported, "a host does not know the verb \(request.verb)",
                remedy: "It knows \(verbs.joined(separator: ", "))", facts: .names(verbs))
        }
        return .object([:])
    }

    private var statusJSON: JSON {
        [
            "version": .string(HostProduct.version.description), "pid": .int(Int64(getpid())),
            "uptimeMs": .int((Clock.monotonic() - fleet.began) / 1_000_000),
            "plugins": .array(status.map(\.json)),
        ]
    }

    private var workersJSON: JSON {
        let workers = plugins.flatMap { plugin -> [JSON] in
            let restarts = plugin.workerRestarts
            return plugin.workers.map { worker in
                var members = worker.json.objectValue ?? [:]
                members["plugin"] = .string(plugin.id)
                members["restarts"] = .int(Int64(restarts))
                return .object(members)
            }
        }
        return ["workers": .array(workers)]
    }

    /// Changes limits if there are any to change, and says which hold.
    private func limitsJSON(_ arguments: Arguments, _ request: ControlRequest) async throws(PluginError) -> JSON {
        let name = try arguments.text("plugin")
        let texts = request.arguments["limits"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let wanted = try LimitSet(texts)
        let limits =
            texts.isEmpty
            ? try plugin(name).limits
            : try await HostThread.run("plugin.limits", of: name, CallContext()) { () throws(PluginError) in
                try self.setLimits(wanted, of: name)
            }
        return ["plugin": .string(name), "limits": .optional(limits, \.json)]
    }

    private struct Arguments {
        let request: ControlRequest

        init(_ request: ControlRequest) { self.request = request }

        func optionalText(_ name: String) throws(PluginError) -> String? {
            switch request.arguments[name] {
            case nil, .null: return nil
            case .string(let text): return text
            default:
                throw PluginError(
                    .invalidArgument, "\(name) of \(request.verb) is no string", facts: .pointer("/arguments/\(name)"))
            }
        }

        func text(_ name: String) throws(PluginError) -> String {
            if let text = try optionalText(name) { return text }
            throw PluginError(
                .invalidArgument, "\(request.verb) needs the argument \(name)", facts: .pointer("/arguments/\(name)"))
        }
    }
}
