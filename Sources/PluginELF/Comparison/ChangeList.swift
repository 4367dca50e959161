internal import PluginCore

/// Collects what differs, one subject after the other.
struct ChangeList {
    typealias Change = PluginComparison.Change
    private var changes: [Change] = []

    var sorted: [Change] {
        let subjects = Change.Subject.allCases
        return changes.enumerated().sorted { left, right in
            if left.element.effect != right.element.effect { return left.element.effect > right.element.effect }
            let places = (
                subjects.firstIndex(of: left.element.subject)!, subjects.firstIndex(of: right.element.subject)!
            )
            return places.0 != places.1 ? places.0 < places.1 : left.offset < right.offset
        }.map(\.element)
    }

    private mutating func add(
        _ subject: Change.Subject, _ effect: Change.Effect, _ name: String, _ old: String?, _ new: String?,
        _ message: String
    ) {
        changes.append(Change(subject: subject, effect: effect, name: name, old: old, new: new, message: message))
    }

    /// Elements of two sets, in order: what is gone, and what is new.
    private mutating func sets(
        _ subject: Change.Subject, _ old: some Sequence<String>, _ new: some Sequence<String>, gone: Change.Effect,
        added: Change.Effect, _ what: String, verbs: (gone: String, added: String)
    ) {
        let (before, after) = (Set(old), Set(new))
        for name in before.subtracting(after).sorted() {
            add(subject, gone, name, name, nil, "\(what) \(name) \(verbs.gone)")
        }
        for name in after.subtracting(before).sorted() {
            add(subject, added, name, nil, name, "\(what) \(name) \(verbs.added)")
        }
    }

    mutating func platform(_ old: SharedObject, _ new: SharedObject) {
        if old.identity.platform != new.identity.platform {
            add(
                .platform, .breaking, "machine", old.identity.platform, new.identity.platform,
                "was built for \(old.identity.platform), and now for \(new.identity.platform)")
        }
        if old.soname != new.soname {
            add(
                .platform, .notable, "soname", old.soname, new.soname,
                "the SONAME was \(old.soname ?? "none") and is \(new.soname ?? "none")")
        }
    }

    mutating func manifests(_ old: Manifest?, _ new: Manifest?) {
        guard let old, let new else {
            if (old == nil) != (new == nil) {
                add(
                    .identity, old == nil ? .notable : .breaking, "manifest", old?.id, new?.id,
                    old == nil ? "has a manifest now" : "has no manifest any more")
            }
            return
        }
        if old.id != new.id {
            add(.identity, .breaking, "id", old.id, new.id, "is another plugin: \(old.id) became \(new.id)")
        }
        if old.type != new.type {
            add(.identity, .breaking, "type", old.type, new.type, "is of another type")
        }
        if old.version != new.version {
            let isLower = new.version < old.version
            add(
                .version, isLower ? .notable : .compatible, "version", "\(old.version)", "\(new.version)",
                "the version \(isLower ? "fell" : "rose") from \(old.version) to \(new.version)")
        }
        permissions(old.permissions, new.permissions)
        if old.configSchema != new.configSchema {
            add(
                .configuration, .notable, "configSchema", old.configSchema?.text, new.configSchema?.text,
                "the schema of the configuration changed; check the stored configurations against it")
        }
    }

    private mutating func permissions(_ old: [PermissionRequest], _ new: [PermissionRequest]) {
        func needs(_ request: PermissionRequest) -> String { request.isRequired ? "required" : "optional" }
        let (before, after) = (
            Dictionary(old.map { ($0.permission, $0) }) { first, _ in first },
            Dictionary(new.map { ($0.permission, $0) }) { first, _ in first }
        )
        for permission in Set(before.keys).union(after.keys).sorted() {
            switch (before[permission], after[permission]) {
            case (nil, let wish?):
                add(
                    .permission, wish.isRequired ? .breaking : .notable, permission.text, nil, needs(wish),
                    wish.isRequired
                        ? "asks for \(permission), without which it is not loaded; the operator has to grant it"
                        : "would like \(permission)")
            case (_?, nil):
                add(.permission, .compatible, permission.text, "asked", nil, "asks for \(permission) no more")
            case (let earlier?, let wish?) where earlier.isRequired != wish.isRequired:
                add(
                    .permission, wish.isRequired ? .breaking : .compatible, permission.text, needs(earlier),
                    needs(wish), "\(permission) was \(needs(earlier)) and is \(needs(wish))")
            default: break
            }
        }
    }

    mutating func notes(_ old: PluginNotes, _ new: PluginNotes) {
        sets(
            .interface, old.interfaces, new.interfaces, gone: .breaking, added: .compatible, "the interface",
            verbs: ("is gone", "is new"))
        guard let old = old.abi, let new = new.abi else { return }
        if old.generation != new.generation {
            add(
                .sdk, .breaking, "generation", "\(old.generation)", "\(new.generation)",
                "is of ABI generation \(new.generation), no more of \(old.generation)")
        }
        if let before = old.sdkRange, let after = new.sdkRange, before != after {
            let serves =
                after.minimum <= before.minimum
                && (after.maximum == nil || before.maximum.map { $0 <= after.maximum! } ?? false)
            add(
                .sdk, serves ? .compatible : .breaking, "range", "\(before)", "\(after)",
                "works with SDK \(after), before with \(before)")
        }
        if old.language != new.language {
            add(.capability, .notable, "language", old.language, new.language, "is written in \(new.language) now")
        }
        sets(
            .capability, old.capabilities, new.capabilities, gone: .notable, added: .compatible, "the capability",
            verbs: ("is gone", "is new"))
    }

    mutating func symbols(_ old: SharedObject, _ new: SharedObject) {
        func exported(_ object: SharedObject) -> [String] {
            object.exports.filter { $0.binding != .local && $0.visibility != .hidden }.map(\.name)
        }
        func wanted(_ symbol: Symbol) -> String { symbol.version.map { "\(symbol.name)@\($0)" } ?? symbol.name }
        sets(
            .export, exported(old), exported(new), gone: .breaking, added: .compatible, "the symbol",
            verbs: ("is exported no more", "is exported now"))
        sets(
            .library, old.needed, new.needed, gone: .compatible, added: .notable, "the library",
            verbs: ("is needed no more", "is needed now"))
        sets(
            .import, old.imports.filter { !$0.isWeak }.map(wanted), new.imports.filter { !$0.isWeak }.map(wanted),
            gone: .compatible, added: .notable, "the symbol", verbs: ("is wanted no more", "is wanted from others now"))
    }

    mutating func hardening(_ old: Hardening, _ new: Hardening) {
        func compare(_ name: String, _ flag: (Hardening) -> Bool, wanted: Bool, _ lost: String, _ gained: String) {
            let (before, after) = (flag(old), flag(new))
            guard before != after else { return }
            let isBetter = after == wanted
            add(
                .hardening, isBetter ? .compatible : .notable, name, "\(before)", "\(after)", isBetter ? gained : lost)
        }
        if old.relro != new.relro {
            let order: [Hardening.RELRO] = [.none, .partial, .full]
            let isBetter = order.firstIndex(of: new.relro)! > order.firstIndex(of: old.relro)!
            add(
                .hardening, isBetter ? .compatible : .notable, "relro", old.relro.rawValue, new.relro.rawValue,
                "RELRO was \(old.relro.rawValue) and is \(new.relro.rawValue)")
        }
        compare("bindNow", \.bindNow, wanted: true, "binds lazily now", "binds at once now")
        compare("nx", \.nx, wanted: true, "its stack is executable now", "its stack is executable no more")
        compare("textrel", \.textrel, wanted: false, "has text relocations now", "has no text relocations any more")
        compare(
            "rwx", \.rwx, wanted: false, "has a segment that is writable and executable now",
            "has no segment any more that is writable and executable")
    }
}
