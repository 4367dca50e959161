package import PluginABI
package import PluginCore

extension ABIWriter {
    package mutating func run(_ request: ToolRunRequest, _ policy: ToolPolicy) -> kw_run_in {
        var input = unsafe zeroed(kw_run_in.self)
        unsafe input.h = .of(kw_run_in.self)
        switch request.body {
        case .argv(let words):
            unsafe input.kind = UInt32(KW_RUN_ARGV)
            unsafe input.argv = strings(words)
        case .shell(let command):
            unsafe input.kind = UInt32(KW_RUN_SHELL)
            unsafe input.command = string(command)
        }
        unsafe input.cwd = string(request.workingDirectory)
        unsafe input.reason = string(request.reason)
        unsafe input.env = pairs(request.environment)
        unsafe input.input = bytes(request.input)
        unsafe input.policy = span([self.policy(policy)])
        return unsafe input
    }

    private mutating func policy(_ policy: ToolPolicy) -> kw_policy {
        var result = unsafe zeroed(kw_policy.self)
        unsafe result.h = .of(kw_policy.self)
        var flags: UInt64 = 0
        if policy.isEnabled { flags |= UInt64(KW_POLICY_ENABLED) }
        if policy.allowShell { flags |= UInt64(KW_POLICY_ALLOW_SHELL) }
        if policy.allowNetwork { flags |= UInt64(KW_POLICY_ALLOW_NETWORK) }
        if policy.requireEnforced { flags |= UInt64(KW_POLICY_REQUIRE_ENFORCED) }
        unsafe result.flags = flags
        unsafe result.allow = rules(policy.allow)
        unsafe result.deny = rules(policy.deny)
        unsafe result.overflow = policy.overflow == .kill ? UInt32(KW_OVERFLOW_KILL) : UInt32(KW_OVERFLOW_TRUNCATE)
        switch policy.inheritEnvironment {
        case .none: unsafe result.env_inherit = UInt32(KW_INHERIT_NONE)
        case .core: unsafe result.env_inherit = UInt32(KW_INHERIT_CORE)
        case .all: unsafe result.env_inherit = UInt32(KW_INHERIT_ALL)
        }
        unsafe result.env_allow = strings(policy.environmentAllow)
        unsafe result.env_deny = strings(policy.environmentDeny)
        unsafe result.env_set = pairs(policy.environmentSet)
        var paths: [kw_path_rule] = unsafe []
        for rule in policy.paths {
            let access =
                switch rule.access {
                case .none: UInt32(KW_ACCESS_NONE)
                case .read: UInt32(KW_ACCESS_READ)
                case .write: UInt32(KW_ACCESS_WRITE)
                }
            unsafe paths.append(
                kw_path_rule(
                    h: .of(kw_path_rule.self), path: string(rule.path), access: access, execute: rule.execute ? 1 : 0))
        }
        unsafe result.paths = span(paths)
        // 0 means "not set" in the ABI; a limit of nothing is the smallest there is, never no limit.
        func limit(_ value: Duration?) -> Int64 { value.map { Swift.max(1, $0.nanoseconds) } ?? 0 }
        func limit(_ value: Int?) -> UInt64 { value.map { UInt64(Swift.max(1, $0)) } ?? 0 }
        unsafe result.wall_ns = limit(policy.wall)
        unsafe result.cpu_ns = limit(policy.cpu)
        unsafe result.idle_ns = limit(policy.idle)
        unsafe result.grace_ns = policy.grace.nanoseconds
        unsafe result.memory = limit(policy.memory)
        unsafe result.file_size = limit(policy.fileSize)
        unsafe result.open_files = limit(policy.openFiles)
        unsafe result.processes = limit(policy.processes)
        unsafe result.stdout_bytes = limit(policy.stdoutBytes)
        unsafe result.stderr_bytes = limit(policy.stderrBytes)
        return unsafe result
    }

    private mutating func rules(_ rules: [[String]]) -> kw_span {
        var list: [kw_rule] = unsafe []
        for rule in rules { unsafe list.append(kw_rule(h: .of(kw_rule.self), prefix: strings(rule))) }
        return unsafe span(list)
    }
}
