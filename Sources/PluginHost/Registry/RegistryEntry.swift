public import PluginCore

/// A file that a scan found, and what may be done with it.
public struct RegistryEntry: Sendable, Hashable {
    /// Whether the plugin can be loaded, and if not, what stands against it. Of several reasons it is the first of:
    /// refused, disabled, quarantined, shadowed.
    public enum State: String, Sendable, CaseIterable {
        /// It can be loaded.
        case available
        /// It breaks a rule, or cannot be read.
        case refused
        /// An operator or the environment turned it off.
        case disabled
        /// It crashed, hung or was put aside; not before its time is over.
        case quarantined
        /// The same version of the same plugin was found before it, which answers to their id. It can be loaded by its
        /// file or the file's name.
        case shadowed
    }

    /// Path of the file: the search path as it was named, and the name.
    public let file: String
    /// nil for a file without a sound manifest.
    public let id: String?
    /// Display name, or the file's name without its ending.
    public let name: String
    public let version: SemanticVersion?
    /// As in the manifest, such as "embedder".
    public let type: String?
    /// Of the ABI note, such as "Swift".
    public let language: String?
    /// SDKs that it works with.
    public let sdk: SDKRange?
    /// The SDK whose headers it was compiled with.
    public let builtSDK: UInt32?
    public let interfaces: [String]
    /// Of the file's bytes, lower-case hexadecimal; nil if it could not be read.
    public let digest: String?
    public internal(set) var state: State
    /// Why it is not available, without a final full stop; nil if it is.
    public internal(set) var reason: String?
    /// What to do about it, as a sentence without a final full stop.
    public internal(set) var remedy: String?
    /// What loading it would throw, without the findings; nil if it can be loaded.
    public var error: PluginError? {
        guard !isLoadable, let reason else { return nil }
        let code: PluginError.Code =
            switch state {
            case .disabled: .disabled
            case .quarantined: .quarantined
            default: refusalCode
            }
        return PluginError(code, reason, remedy: remedy, plugin: id ?? file, stage: .verify)
    }

    private let refusalCode: PluginError.Code
    /// Ids of the rules that refuse it.
    public let rules: [String]
    /// What it took to read and judge the file, whenever that was.
    public let inspectTime: Duration
    /// Has the scanner loaded these bytes and seen nothing wrong?
    public let isProbed: Bool
    let manifestText: String

    init(_ record: RegistryRecord, folder: String) {
        file = "\(folder)/\(record.name)"
        id = record.id.nonEmpty
        name = record.displayName.nonEmpty ?? FileName.stem(record.name)
        version = SemanticVersion(record.version)
        type = record.type.nonEmpty
        language = record.language.nonEmpty
        let maximum = record.sdkMaximum == 0 ? nil : record.sdkMaximum
        let isRange = record.sdkMinimum > 0 && maximum.map { $0 >= record.sdkMinimum } ?? true
        sdk = isRange ? SDKRange(minimum: record.sdkMinimum, maximum: maximum) : nil
        builtSDK = record.sdkBuilt == 0 ? nil : record.sdkBuilt
        interfaces = record.interfaces
        digest = record.digest.nonEmpty
        inspectTime = .nanoseconds(Int64(clamping: record.inspectNanoseconds))
        isProbed = record.isProbed
        manifestText = record.manifest
        let refusal = Refusal(text: record.refusal)
        rules = refusal?.rules ?? []
        refusalCode = refusal.map { PluginError.Code(rawValue: $0.code) } ?? .validation
        if record.verdict != .sound {
            state = .refused
            reason = refusal?.reason ?? "it is refused"
            remedy = refusal?.remedy.nonEmpty
        } else if record.isShadowed {
            state = .shadowed
            reason = "\(record.id) \(record.version) was found before it"
            remedy = "Remove one of the two, or give them different versions"
        } else {
            (state, reason, remedy) = (.available, nil, nil)
        }
    }

    /// Can it be loaded?
    public var isLoadable: Bool { state == .available || state == .shadowed }

    /// What operators may call it: its id, its display name, and its file's name without the ending.
    package var names: [String] {
        var names = [id ?? file]
        for other in [FileName.stem(file), name] where !names.contains(other) { names.append(other) }
        return names
    }

    /// What the plugin says about itself; nil if it has no sound manifest. Parsed anew with every call.
    public var manifest: Manifest? {
        guard !manifestText.isEmpty, let document = try? JSON(parsing: manifestText, what: "the manifest") else {
            return nil
        }
        return try? Manifest(document)
    }

    /// The plugin as the resolver takes it; nil if it cannot be loaded as far as the file says. Reads what lies beside it.
    public var candidate: PluginCandidate? {
        guard state != .refused, let manifest, let sdk, let digest else { return nil }
        guard let companions = try? PluginPackage(file).digests() else { return nil }
        var candidate = PluginCandidate(
            id: manifest.id, version: manifest.version, relations: manifest.relations, sdk: sdk, builtSDK: builtSDK,
            digest: "sha256:\(digest)")
        candidate.companions = companions
        return candidate
    }

    public var json: JSON {
        [
            "id": .optional(id) { .string($0) }, "name": .string(name),
            "version": .optional(version) { .string($0.description) }, "file": .string(file),
            "sha256": .optional(digest) { .string($0) }, "state": .string(state.rawValue),
            "reason": .optional(reason) { .string($0) }, "remedy": .optional(remedy) { .string($0) },
            "rules": .array(rules.map { .string($0) }), "type": .optional(type) { .string($0) },
            "language": .optional(language) { .string($0) },
            "sdk": .optional(sdk) { range in
                [
                    "built": .optional(builtSDK) { .int(Int64($0)) }, "min": .int(Int64(range.minimum)),
                    "max": .optional(range.maximum) { .int(Int64($0)) },
                ]
            },
            "interfaces": .array(interfaces.map { .string($0) }), "inspectMs": .double(inspectTime.milliseconds),
            "probed": .bool(isProbed),
        ]
    }
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
