internal import PluginELF

/// What is watched of the plugin folders, and how soon a change is told.
public struct WatchRules: Sendable, Hashable {
    /// How deep folders are watched: 1 for a folder's own files, 2 for those of the folders in it as well.
    public var depth = 2
    /// How long nothing may have happened to a file before it is reported.
    public var debounce = Duration.milliseconds(500)
    /// A file to which something happens all the time is reported after this time all the same.
    public var longestWait = Duration.seconds(2)
    /// Names of files and folders that do not count; may be globs: `*`, `?` and `[a-z]`. A folder that was named to be
    /// watched counts whatever its name.
    public var ignored: Set<String> = [".*", "*~", "*.tmp", "*.swp", "*.part", "*.new"]
    /// So many changed files are kept apart; beyond them it is said that anything may have changed.
    public var pathLimit = 4096
    /// So many folders are watched at most, those above the named ones included.
    public var folderLimit = 8192

    public init() {}

    func ignores(name: some StringProtocol) -> Bool { ignored.matches(String(name)) }
}
