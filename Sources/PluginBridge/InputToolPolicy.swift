package import PluginABI
package import PluginCore

extension ToolPolicy {
    /// An unknown word of a policy is refused: to go on would be to enforce less than was asked for.
    package init(_ policy: borrowing kw_policy, _ reader: ABIReader) throws(PluginError) {
        self.init()
        let flags = unsafe policy.flags
        try reader.requireKnown(flags, among: UInt64(KW_POLICY_USER_SET) * 2 - 1, "a policy's flags")
        try unsafe reader.requireKnown(policy.isolate, among: UInt64(KW_ISOLATE_USER) * 2 - 1, "isolation")
        isEnabled = flags & UInt64(KW_POLICY_ENABLED) != 0
        allowShell = flags & UInt64(KW_POLICY_ALLOW_SHELL) != 0
        allowNetwork = flags & UInt64(KW_POLICY_ALLOW_NETWORK) != 0
        requireEnforced = flags & UInt64(KW_POLICY_REQUIRE_ENFORCED) != 0
        isInteractive = flags & UInt64(KW_POLICY_INTERACTIVE) != 0
        approvesAutomatically = flags & UInt64(KW_POLICY_AUTO_APPROVE) != 0
        terminal = flags & UInt64(KW_POLICY_PTY) != 0
        userID = flags & UInt64(KW_POLICY_USER_SET) != 0 ? unsafe policy.user : nil
        allow = try unsafe reader.commandPrefixes(policy.allow, "allow rules")
        deny = try unsafe reader.commandPrefixes(policy.deny, "deny rules")
        denyPatterns = try unsafe reader.commandPrefixes(policy.deny_patterns, "deny patterns")
        overflow = try unsafe reader.word(
            policy.overflow, "overflow",
            [
                UInt32(KW_OVERFLOW_TRUNCATE): .truncate, UInt32(KW_OVERFLOW_KILL): .kill,
                UInt32(KW_OVERFLOW_SPOOL): .spool,
            ])
        inheritEnvironment = try unsafe reader.word(
            policy.env_inherit, "inherited environment",
            [UInt32(KW_INHERIT_NONE): .none, UInt32(KW_INHERIT_CORE): .core, UInt32(KW_INHERIT_ALL): .all])
        environmentAllow = try unsafe reader.strings(policy.env_allow, "variables to inherit")
        environmentDeny = try unsafe reader.strings(policy.env_deny, "variables not to inherit")
        environmentSet = try unsafe reader.pairs(policy.env_set, "variables")
        paths = try unsafe reader.pathRules(policy.paths)
        network = try unsafe reader.networkRules(policy.net)
        limits =
            try unsafe reader.optional(policy.limits, of: kw_limits.self, "limits") {
                limits throws(PluginError) in Limits(limits)
            } ?? Limits()
        toolLimits = try unsafe reader.elements(policy.tool_limits, of: kw_tool_limits.self, "tool limits") {
            tool throws(PluginError) in
            let own = try unsafe reader.optional(tool.limits, of: kw_limits.self, "limits") {
                limits throws(PluginError) in Limits(limits)
            }
            return ToolLimits(
                prefix: try unsafe reader.strings(tool.prefix, "a rule's words"), limits: own ?? Limits())
        }
        approval = try unsafe reader.word(
            policy.approval, "approval",
            [
                UInt32(KW_APPROVAL_UNTRUSTED): .untrusted, UInt32(KW_APPROVAL_ON_REQUEST): .onRequest,
                UInt32(KW_APPROVAL_NEVER): .never, UInt32(KW_APPROVAL_ALWAYS): .always,
            ])
        background = try unsafe reader.word(
            policy.background, "background",
            [UInt32(KW_BACKGROUND_REAP): .reap, UInt32(KW_BACKGROUND_KEEP): .keep, UInt32(KW_BACKGROUND_DENY): .deny])
        headBytes = unsafe Int(clamping: policy.head_bytes)
        tailBytes = unsafe Int(clamping: policy.tail_bytes)
        isolation = unsafe Isolation(rawValue: policy.isolate)
        seccompProfile = try unsafe reader.optionalText(policy.seccomp, "a seccomp profile")
    }
}

extension ToolPolicy.Limits {
    fileprivate init(_ limits: borrowing kw_limits) {
        self.init()
        func duration(_ value: Int64) -> Duration? { value == 0 ? nil : .nanoseconds(value) }
        func count(_ value: UInt64) -> Int? { value == 0 ? nil : Int(clamping: value) }
        wall = duration(limits.wall_ns)
        cpu = duration(limits.cpu_ns)
        idle = duration(limits.idle_ns)
        // 0 is a grace of nothing, not one that is not said.
        grace = .nanoseconds(limits.grace_ns)
        memory = count(limits.memory)
        fileSize = count(limits.file_size)
        diskWrite = count(limits.disk_write)
        openFiles = count(limits.open_files)
        processes = count(limits.processes)
        stdoutBytes = count(limits.stdout_bytes)
        stderrBytes = count(limits.stderr_bytes)
    }
}

extension ToolPolicy.NetworkRule {
    fileprivate init(_ rule: borrowing kw_net_rule, _ reader: ABIReader) throws(PluginError) {
        let name = try unsafe reader.text(rule.name, "a network rule")
        let (first, last) = unsafe (Int(rule.first_port), Int(rule.last_port))
        guard first <= last else { throw reader.violation("has a network rule for ports \(first) to \(last)") }
        let ports = first == 0 && last == 0 ? nil : first...last
        let target: Target
        switch unsafe rule.kind {
        case UInt32(KW_NET_PORTS): target = .ports(ports ?? 0...65535)
        case UInt32(KW_NET_DOMAIN): target = .domain(name, ports: ports)
        case UInt32(KW_NET_UNIX): target = .unixSocket(name)
        case UInt32(KW_NET_BIND): target = .bind(ports ?? 0...65535)
        case let other: throw reader.unknown("a network rule of kind \(other)")
        }
        self.init(target, isDenied: unsafe rule.is_denied != 0)
    }
}

extension ABIReader {
    package func pathRules(_ span: kw_span) throws(PluginError) -> [ToolPolicy.PathRule] {
        try unsafe elements(span, of: kw_path_rule.self, "path rules") { rule throws(PluginError) in
            ToolPolicy.PathRule(
                path: try unsafe text(rule.path, "a path"),
                access: try unsafe word(
                    rule.access, "access",
                    [UInt32(KW_ACCESS_NONE): .none, UInt32(KW_ACCESS_READ): .read, UInt32(KW_ACCESS_WRITE): .write]),
                execute: unsafe rule.execute != 0)
        }
    }

    package func networkRules(_ span: kw_span) throws(PluginError) -> [ToolPolicy.NetworkRule] {
        try unsafe elements(span, of: kw_net_rule.self, "network rules") { rule throws(PluginError) in
            try unsafe ToolPolicy.NetworkRule(rule, self)
        }
    }

    fileprivate func commandPrefixes(_ span: kw_span, _ field: String) throws(PluginError) -> [[String]] {
        try unsafe elements(span, of: kw_rule.self, field) { rule throws(PluginError) in
            let words = try unsafe strings(rule.prefix, "a rule's words")
            // A rule of no words would admit every command.
            guard !words.isEmpty else { throw violation("has one of the \(field) without a word") }
            return words
        }
    }

    fileprivate func word<Word>(_ number: UInt32, _ field: String, _ words: [UInt32: Word]) throws(PluginError) -> Word
    {
        guard let word = words[number] else { throw unknown("\(field) \(number)") }
        return word
    }
}
