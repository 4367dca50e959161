/// Where a running host can be talked to: the path of a Unix socket that only its own user and root may use.
public enum ControlPlace: Sendable, Hashable {
    /// Nowhere.
    case none
    /// `$XDG_RUNTIME_DIR/keyway/host.sock`, or `/tmp/keyway-UID/host.sock` where that is not set: where the command looks.
    case standard
    /// A path, in a folder that is there.
    case at(String)
}
