internal import PluginCore

/// What to do about changes in the folders: a decision on values, which looks at no file and loads nothing.
struct WatchPlan: Equatable {
    /// A plugin that takes calls.
    struct Loaded: Equatable {
        var name: String
        var id: String
        var file: String
        /// Whether there is a file of that name now.
        var hasFile = true
    }

    /// What a file of the folders is by now.
    struct Found: Equatable {
        var file: String
        var id: String?
        var isLoadable = true
        /// Whether it is loaded without being asked for: as policy says, and nobody stopped it.
        var isWanted = true
    }

    enum Step: Equatable {
        /// The file takes the place of the build that is loaded, if it is fit; nil: what its own file is by now.
        case swap(name: String, file: String?)
        /// The file is gone, and nothing takes its place: the build goes on.
        case tellGone(name: String, file: String)
        /// The file is another plugin by now, which is loaded when this one has ended; nil: it is not to be.
        case stop(name: String, file: String, isNow: String, load: String?)
        case load(id: String)
    }

    /// - Parameters:
    ///   - others: ids of plugins of the host that take no calls now.
    ///   - found: in the order of the search.
    ///   - hasChanged: of a file.
    static func steps(
        _ loaded: [Loaded], others: Set<String> = [], _ found: [Found], hasChanged: (String) -> Bool
    ) -> [Step] {
        var steps: [Step] = []
        var known = others.union(loaded.map(\.id))
        for plugin in loaded {
            let present = found.first { $0.file == plugin.file }
            // What cannot be loaded, and what a search does not see, is taken for its own: the swap says what is wrong.
            let isOwn = plugin.hasFile && present.map { !$0.isLoadable || $0.id == plugin.id } ?? true
            let isHeld = { (file: String) in loaded.contains { $0.file == file && $0.id == plugin.id } }
            let successor = found.first { $0.isLoadable && $0.id == plugin.id && !isHeld($0.file) }
            if !isOwn, let successor {
                guard hasChanged(plugin.file) || hasChanged(successor.file) else { continue }
                steps.append(.swap(name: plugin.name, file: successor.file))
            } else if !isOwn, let present, let id = present.id, known.insert(id).inserted {
                steps.append(
                    .stop(name: plugin.name, file: plugin.file, isNow: id, load: present.isWanted ? id : nil))
            } else if hasChanged(plugin.file) {
                // A copy of a plugin that the host has ends nothing either.
                steps.append(
                    plugin.hasFile
                        ? .swap(name: plugin.name, file: nil) : .tellGone(name: plugin.name, file: plugin.file))
            }
        }
        for file in found where file.isLoadable && file.isWanted && hasChanged(file.file) {
            guard let id = file.id, known.insert(id).inserted else { continue }
            steps.append(.load(id: id))
        }
        return steps
    }
}
