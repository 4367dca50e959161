package import PluginCore

/// What a ``FolderWatcher`` saw, in the order in which it happened.
package enum FileEvent: Sendable, Equatable {
    package enum Change: Sendable, Hashable, CaseIterable {
        /// Somebody has begun to write the file, or goes on. Its end will be told.
        case writing
        /// The file is there and whole, as far as anybody can know: closed by its writer, renamed to this name, or linked.
        case whole
        /// Rights, owner or times are others.
        case attributes
        /// The file is gone from this name.
        case gone
    }

    case file(String, Change)
    /// A watched folder is gone from this name with all that was in it. If another took its place, its files follow.
    case folderGone(String)
    /// Events were lost: anything may have changed.
    case lost
    /// A folder cannot be watched. Said once; said again after it was watched in between.
    case failed(PluginError)
}

/// What a consumer of ``FolderChanges`` is told.
package enum WatchReport: Sendable, Equatable {
    /// Files that were written, replaced or removed. The path of a folder stands for all that was in it: it is gone, or
    /// another took its place.
    case changed(Set<String>)
    /// Anything may have changed: look at everything again.
    case everything
    /// Changes of one folder are not seen until the reason is gone; what happens elsewhere is. Look at it from time to time,
    /// or do what the error says.
    case failed(PluginError)
}
