/// Who set the limit that holds.
public enum LimitSource: String, Sendable, Hashable, CaseIterable, Codable {
    case `operator`, call, plugin, host
}

/// One limit that holds, and who set it.
public struct EffectiveLimit: Sendable, Hashable, Codable {
    public let kind: LimitKind
    /// In the kind's unit.
    public let value: Int64
    public let source: LimitSource

    public init(_ kind: LimitKind, _ value: Int64, source: LimitSource) {
        self.kind = kind
        self.value = value
        self.source = source
    }

    /// nil if it is no limit on time.
    public var duration: Duration? { kind.unit == .milliseconds ? .milliseconds(value) : nil }

    /// As it is written: `wall=500ms`.
    public var text: String { "\(kind.rawValue)=\(kind.text(value))" }

    /// - Parameter mechanism: what held it, if that is not the usual one of its kind.
    public func facts(by mechanism: LimitMechanism? = nil) -> PluginError.Facts {
        let mechanism = mechanism ?? kind.mechanism
        return .resourceLimit(
            kind: kind.rawValue, value: value, unit: kind.unit.rawValue,
            source: mechanism?.rawValue ?? source.rawValue, setBy: source.rawValue)
    }

    /// The error of what reached this limit.
    /// - Parameters:
    ///   - what: what happened, such as "the call ran for too long"; the limit and whose it is are added.
    ///   - mechanism: what held it, if that is not the usual one of its kind.
    public func error(
        _ what: String, by mechanism: LimitMechanism? = nil, plugin: String? = nil, operation: String? = nil
    ) -> PluginError {
        let owner =
            switch source {
            case .operator: "an operator's"
            case .call: "the call's"
            case .plugin: "the plugin's"
            case .host: "the host's"
            }
        let remedy =
            switch source {
            case .operator: "Have the operator allow more"
            case .call: "Let the call have more"
            case .plugin: "Let the call have more, or raise the limit in the plugin's manifest"
            case .host: "Let the call or the plugin's manifest say a higher limit"
            }
        return PluginError(
            kind.code, "\(what): \(owner) limit is \(text)", remedy: remedy, facts: facts(by: mechanism),
            plugin: plugin, stage: .call, operation: operation)
    }
}

/// The limits that hold for a call, from what all parties say.
///
/// Of call, plugin and host, the first that says something decides; a call may have more than the plugin asks for. An
/// operator's limit is a ceiling on top: nothing is above it, and it holds also where nobody else says anything.
public struct EffectiveLimits: Sendable, Hashable, Codable {
    /// In the order of ``LimitKind``.
    public let all: [EffectiveLimit]

    public init(
        operator ceiling: LimitSet = LimitSet(), call: LimitSet = LimitSet(), plugin: LimitSet = LimitSet(),
        host: LimitSet = .hostDefaults
    ) {
        all = LimitKind.allCases.compactMap { kind in
            let parties: [(LimitSet, LimitSource)] = [(call, .call), (plugin, .plugin), (host, .host)]
            let wish = parties.lazy.compactMap { set, source in
                set[kind].map { EffectiveLimit(kind, $0, source: source) }
            }.first
            guard let most = ceiling[kind], wish.map({ $0.value > most }) ?? true else { return wish }
            return EffectiveLimit(kind, most, source: .operator)
        }
    }

    /// The same without a limit of this kind.
    public func removing(_ kind: LimitKind) -> EffectiveLimits {
        EffectiveLimits(all: all.filter { $0.kind != kind })
    }

    private init(all: [EffectiveLimit]) { self.all = all }

    /// nil: not limited.
    public subscript(kind: LimitKind) -> EffectiveLimit? { all.first { $0.kind == kind } }
}
