public import PluginCore
public import PluginLoader
internal import Synchronization

extension PluginHost {
    /// Loads the plugins that a ``Resolver`` chose, each behind what it needs.
    ///
    ///     let installed = try await host.scan().entries.filter(\.isLoadable).compactMap(\.candidate)
    ///     let resolution = try Resolver(installed, hostSDK: host.configuration.sdk).resolve()
    ///     let plugins = try await host.load(resolution)
    ///
    /// The files are those that were resolved, found by their digests and by those of what lies beside them. If one cannot be loaded, those before it are shut
    /// down, the last first.
    /// - Parameter configurations: by the plugins' ids.
    /// - Returns: the plugins in the order of the resolution.
    /// - Throws: what ``load(_:as:configuration:dataFolder:_:)`` throws, or `dependency` if a file is no longer there.
    public func load(
        _ resolution: Resolution, configurations: [String: JSON] = [:], _ context: CallContext = CallContext()
    ) async throws(PluginError) -> [NativePlugin] {
        let entries = try await scan(context).entries
        var loaded: [NativePlugin] = []
        do throws(PluginError) {
            for candidate in resolution.plugins {
                let entry = entries.first { entry in
                    entry.id == candidate.id && entry.digest.map { "sha256:\($0)" } == candidate.digest
                        && entry.candidate?.companions == candidate.companions
                }
                guard let entry else { throw Self.changed(candidate) }
                let prepared = try await HostThread.run("plugin.prepare", of: candidate.id, context) {
                    [self] () throws(PluginError) in try prepare(entry.file)
                }
                guard "sha256:\(prepared.digest)" == candidate.digest else { throw Self.changed(candidate) }
                let configuration = configurations[candidate.id] ?? .null
                loaded.append(try await start(prepared, configuration: configuration, context))
            }
        } catch {
            for plugin in loaded.reversed() { await shutdown(plugin) }
            throw error
        }
        return loaded
    }

    private static func changed(_ candidate: PluginCandidate) -> PluginError {
        PluginError(
            .dependency, "the file that was resolved as \(candidate.id) \(candidate.version) is not installed any more",
            remedy: "Resolve again", facts: .names([candidate.id]), plugin: candidate.id, stage: .open)
    }
}
