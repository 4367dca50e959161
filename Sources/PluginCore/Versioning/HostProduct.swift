/// This host, as manifests name it under `engines`.
public enum HostProduct {
    public static let name = "keyway"
    public static let version = SemanticVersion(0, 1, 0)
}
