/// A host that a plugin is made for.
public struct EngineRequirement: Sendable, Hashable {
    /// "keyway", or the name of another host.
    public var name: String
    public var range: VersionRange

    public init(_ name: String, _ range: VersionRange) {
        self.name = name
        self.range = range
    }
}

extension ManifestReader {
    /// An object of hosts with the ranges of their versions.
    mutating func engines(_ value: ManifestValue?) -> [EngineRequirement] {
        guard let entries = object(value)?.sorted else { return [] }
        return entries.compactMap { name, value in
            if name != HostProduct.name {
                let hint = SimilarName.find(name, in: [HostProduct.name]).map { "; is \"\($0)\" meant?" } ?? ""
                warn(value.pointer, "is about another host than keyway, and is ignored\(hint)")
            }
            let range = parsed(value) { text throws(PluginError) in try VersionRange(text) }
            return range.map { EngineRequirement(name, $0) }
        }
    }

    /// `linux-x86_64`, `linux-aarch64`, or either with a C library behind it; `linux/amd64` and `linux-arm64` are the
    /// same. The first of two that are the same counts.
    mutating func platforms(_ value: ManifestValue?) -> [String] {
        var platforms: [String] = []
        for element in value?.json.stringValue == nil ? elements(value) : [value].compactMap(\.self) {
            guard let text = string(element) else { continue }
            guard let platform = Self.platform(text) else {
                error(
                    element.pointer, "must be a platform such as \"linux-x86_64\", but is \(element.json.brief)")
                continue
            }
            if !platform.hasPrefix("linux-") {
                warn(element.pointer, "is no platform of this host, which is for Linux")
            }
            if !platforms.contains(platform) { platforms.append(platform) }
        }
        return platforms
    }

    private static func platform(_ text: String) -> String? {
        var parts = text.split(omittingEmptySubsequences: false) { $0 == "-" || $0 == "/" }.map(String.init)
        let isNamed = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy {
                    $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || (0x30...0x39).contains($0) || $0 == 0x5F
                }
        }
        guard (2...3).contains(parts.count), isNamed else { return nil }
        let machines = ["amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"]
        parts = parts.map { $0.lowercased() }
        parts[1] = machines[parts[1]] ?? parts[1]
        // The C library of nearly every Linux is not named.
        if parts.count == 3, ["gnu", "glibc"].contains(parts[2]) { parts.removeLast() }
        return parts.joined(separator: "-")
    }

    /// Hexadecimal digits, in lower case.
    mutating func digest(_ value: ManifestValue?, prefix: String = "", digits: ClosedRange<Int>) -> String? {
        guard let text = string(value)?.lowercased(), let value else { return nil }
        let hexadecimal = text.hasPrefix(prefix) ? String(text.dropFirst(prefix.utf8.count)) : text
        guard digits.contains(hexadecimal.utf8.count), hexadecimal.utf8.count.isMultiple(of: 2),
            hexadecimal.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else {
            let count = digits.count == 1 ? "\(digits.lowerBound)" : "\(digits.lowerBound) to \(digits.upperBound)"
            error(value.pointer, "must be \(count) hexadecimal digits, but is \(value.json.brief)")
            return nil
        }
        return hexadecimal
    }

    /// Texts in a list, or in a list of objects that each have such a list.
    mutating func tags(_ value: ManifestValue?) -> [String] {
        guard let value, let elements = value.json.arrayValue, elements.contains(where: { $0.objectValue != nil })
        else {
            return strings(value)
        }
        return self.elements(value).flatMap { element -> [String] in
            element.json.objectValue == nil ? strings(element) : strings(object(element)?["tags"])
        }
    }

    /// The address of a repository, or an object with it.
    mutating func repository(_ value: ManifestValue?) -> String? {
        guard value?.json.objectValue != nil else { return string(value) }
        return string(object(value, .repository)?["url"])
    }
}
