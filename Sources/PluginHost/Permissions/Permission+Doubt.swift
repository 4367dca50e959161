internal import PluginCore

/// Grants that look like something that they are not.
extension Permission {
    private static let services = [
        "call", "fs", "http", "kv", "messages", "permissions", "schedule", "secrets", "state",
    ]

    /// Why a grant of this hardly covers what was meant, as a sentence without a final full stop; nil if nothing speaks
    /// against it. Only a request in exactly the same words would be covered.
    package var doubt: String? {
        guard let resource else { return nil }
        let hasWildcard = resource.contains { "*?[".contains($0) }
        switch kind {
        case .readFiles, .writeFiles, .execute, .endpoint:
            return hasWildcard
                ? "paths are no patterns: \(resource) is a name like others, and a folder covers all below it" : nil
        case .network:
            guard let pattern = NetworkPattern(resource), !resource.contains(where: \.isWhitespace) else {
                return "\(resource) is no address of hosts"
            }
            return pattern.hasIdleWildcard
                ? "a * stands for a host, for whole labels at its beginning, for a port, or for the end of a path" : nil
        case .listen: return hasWildcard ? "a port without an address, such as 8080, is that of every address" : nil
        case .device:
            return Self.isDevice(resource) ? nil : "a device is usb:VENDOR or usb:VENDOR:PRODUCT in hexadecimal"
        case .service:
            return Self.services.contains(resource)
                ? nil : "hosts have no service \(resource); there are \(Self.services.joined(separator: ", "))"
        case .environment, .subscribe, .publish: return hasWildcard ? "names are no patterns" : nil
        default: return nil
        }
    }

    private static func isDevice(_ resource: String) -> Bool {
        let parts = resource.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        return parts[0] == "usb" && parts.count <= 3
            && parts.dropFirst().allSatisfy { (1...4).contains($0.utf8.count) && $0.allSatisfy(\.isHexDigit) }
    }

    /// What an operator should hear who grants this to a plugin, as a sentence without a final full stop; nil if there is
    /// nothing to say.
    /// - Parameter manifest: the plugin's; nil if it is not known.
    package func warning(grantedTo manifest: Manifest?) -> String? {
        guard let manifest else { return doubt.map { "\(self) hardly covers anything: \($0)" } }
        let requests = manifest.permissions.map(\.permission).filter { $0.kind == kind }
        if requests.isEmpty { return "\(manifest.id) asks for no \(kind.rawValue)" }
        let isCovered = requests.contains { request in
            guard let own = try? effective(in: nil), let wanted = try? request.effective(in: nil) else { return false }
            return own.covers(wanted) || own.isElsewhere(than: wanted)
        }
        if isCovered { return nil }
        return "\(manifest.id) asks for nothing that \(self) covers" + (doubt.map { ": \($0)" } ?? "")
    }

    /// Of two paths one is in the plugin's data folder, and where that is, is not known here.
    private func isElsewhere(than other: Permission) -> Bool {
        guard [.readFiles, .writeFiles].contains(kind), let resource, let wanted = other.resource else { return false }
        return resource.hasPrefix("/") != wanted.hasPrefix("/")
    }
}
