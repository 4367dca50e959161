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
        case .tool(let name, let arguments):
            unsafe input.kind = UInt32(KW_RUN_TOOL)
            unsafe input.tool = string(name)
            unsafe input.arguments_json = string(arguments)
        }
        unsafe input.cwd = string(request.workingDirectory)
        unsafe input.reason = string(request.reason)
        unsafe input.env = pairs(request.environment)
        unsafe input.input = bytes(request.input)
        unsafe input.policy = span([self.policy(policy)])
        unsafe input.classification = request.classification.number
        unsafe input.call_id = string(request.callID)
        unsafe input.session = string(request.session)
        if request.asksApproval { unsafe input.flags |= UInt64(KW_RUN_ASK) }
        if request.keepsInputOpen { unsafe input.flags |= UInt64(KW_RUN_KEEP_STDIN) }
        unsafe input.rows = UInt32(clamping: request.terminalSize.rows)
        unsafe input.columns = UInt32(clamping: request.terminalSize.columns)
        unsafe input.extra_paths = paths(request.extraPaths)
        unsafe input.extra_net = network(request.extraNetwork)
        return unsafe input
    }

    package mutating func send(_ message: ToolMessage, to session: String) -> kw_send_in {
        var input = unsafe zeroed(kw_send_in.self)
        unsafe input.h = .of(kw_send_in.self)
        unsafe input.session = string(session)
        switch message {
        case .input(let bytes):
            unsafe input.what = UInt64(KW_SEND_INPUT)
            unsafe input.input = self.bytes(bytes)
        case .endOfInput: unsafe input.what = UInt64(KW_SEND_END_INPUT)
        case .signal(let number):
            unsafe input.what = UInt64(KW_SEND_SIGNAL)
            unsafe input.signal = number
        case .resize(let rows, let columns):
            unsafe input.what = UInt64(KW_SEND_RESIZE)
            unsafe input.rows = UInt32(clamping: rows)
            unsafe input.columns = UInt32(clamping: columns)
        case .approve(let id):
            unsafe input.what = UInt64(KW_SEND_APPROVE)
            unsafe input.approval = string(id)
        case .refuse(let id, let reason):
            unsafe input.what = UInt64(KW_SEND_REFUSE)
            unsafe input.approval = string(id)
            unsafe input.reason = string(reason)
        }
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
        if policy.isInteractive { flags |= UInt64(KW_POLICY_INTERACTIVE) }
        if policy.approvesAutomatically { flags |= UInt64(KW_POLICY_AUTO_APPROVE) }
        if policy.terminal { flags |= UInt64(KW_POLICY_PTY) }
        if let user = policy.userID {
            flags |= UInt64(KW_POLICY_USER_SET)
            unsafe result.user = user
        }
        unsafe result.flags = flags
        unsafe result.allow = rules(policy.allow)
        unsafe result.deny = rules(policy.deny)
        unsafe result.deny_patterns = rules(policy.denyPatterns)
        unsafe result.overflow = policy.overflow.number
        switch policy.inheritEnvironment {
        case .none: unsafe result.env_inherit = UInt32(KW_INHERIT_NONE)
        case .core: unsafe result.env_inherit = UInt32(KW_INHERIT_CORE)
        case .all: unsafe result.env_inherit = UInt32(KW_INHERIT_ALL)
        }
        unsafe result.env_allow = strings(policy.environmentAllow)
        unsafe result.env_deny = strings(policy.environmentDeny)
        unsafe result.env_set = pairs(policy.environmentSet)
        unsafe result.paths = paths(policy.paths)
        unsafe result.net = network(policy.network)
        unsafe result.limits = span([limits(policy.limits)])
        var tools: [kw_tool_limits] = unsafe []
        for tool in policy.toolLimits {
            unsafe tools.append(
                kw_tool_limits(
                    h: .of(kw_tool_limits.self), prefix: strings(tool.prefix), limits: span([limits(tool.limits)])))
        }
        unsafe result.tool_limits = span(tools)
        unsafe result.approval = policy.approval.number
        unsafe result.background = policy.background.number
        unsafe result.head_bytes = UInt64(clamping: policy.headBytes)
        unsafe result.tail_bytes = UInt64(clamping: policy.tailBytes)
        unsafe result.isolate = policy.isolation.rawValue
        unsafe result.seccomp = string(policy.seccompProfile)
        return unsafe result
    }

    private mutating func paths(_ rules: [ToolPolicy.PathRule]) -> kw_span {
        var paths: [kw_path_rule] = unsafe []
        for rule in rules {
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
        return unsafe span(paths)
    }

    private mutating func network(_ rules: [ToolPolicy.NetworkRule]) -> kw_span {
        var list: [kw_net_rule] = unsafe []
        for rule in rules {
            var element = unsafe zeroed(kw_net_rule.self)
            unsafe element.h = .of(kw_net_rule.self)
            unsafe element.is_denied = rule.isDenied ? 1 : 0
            var ports: ClosedRange<Int>?
            switch rule.target {
            case .ports(let range):
                unsafe element.kind = UInt32(KW_NET_PORTS)
                ports = range
            case .domain(let name, let range):
                unsafe element.kind = UInt32(KW_NET_DOMAIN)
                unsafe element.name = string(name)
                ports = range
            case .unixSocket(let path):
                unsafe element.kind = UInt32(KW_NET_UNIX)
                unsafe element.name = string(path)
            case .bind(let range):
                unsafe element.kind = UInt32(KW_NET_BIND)
                ports = range
            }
            if let ports {
                unsafe element.first_port = UInt32(clamping: ports.lowerBound)
                unsafe element.last_port = UInt32(clamping: ports.upperBound)
            }
            unsafe list.append(element)
        }
        return unsafe span(list)
    }

    private func limits(_ limits: ToolPolicy.Limits) -> kw_limits {
        // 0 means "not set" in the ABI; a limit of nothing is the smallest there is, never no limit.
        func limit(_ value: Duration?) -> Int64 { value.map { Swift.max(1, $0.nanoseconds) } ?? 0 }
        func limit(_ value: Int?) -> UInt64 { value.map { UInt64(Swift.max(1, $0)) } ?? 0 }
        return kw_limits(
            h: .of(kw_limits.self), wall_ns: limit(limits.wall), cpu_ns: limit(limits.cpu),
            idle_ns: limit(limits.idle), grace_ns: Swift.max(0, limits.grace?.nanoseconds ?? 0),
            memory: limit(limits.memory), file_size: limit(limits.fileSize), disk_write: limit(limits.diskWrite),
            open_files: limit(limits.openFiles), processes: limit(limits.processes),
            stdout_bytes: limit(limits.stdoutBytes), stderr_bytes: limit(limits.stderrBytes))
    }

    private mutating func rules(_ rules: [[String]]) -> kw_span {
        var list: [kw_rule] = unsafe []
        for rule in rules { unsafe list.append(kw_rule(h: .of(kw_rule.self), prefix: strings(rule))) }
        return unsafe span(list)
    }
}

extension ToolPolicy.Overflow {
    fileprivate var number: UInt32 {
        switch self {
        case .truncate: UInt32(KW_OVERFLOW_TRUNCATE)
        case .kill: UInt32(KW_OVERFLOW_KILL)
        case .spool: UInt32(KW_OVERFLOW_SPOOL)
        }
    }
}

extension ToolPolicy.Approval {
    fileprivate var number: UInt32 {
        switch self {
        case .never: UInt32(KW_APPROVAL_NEVER)
        case .onRequest: UInt32(KW_APPROVAL_ON_REQUEST)
        case .untrusted: UInt32(KW_APPROVAL_UNTRUSTED)
        case .always: UInt32(KW_APPROVAL_ALWAYS)
        }
    }
}

extension ToolPolicy.Background {
    fileprivate var number: UInt32 {
        switch self {
        case .reap: UInt32(KW_BACKGROUND_REAP)
        case .keep: UInt32(KW_BACKGROUND_KEEP)
        case .deny: UInt32(KW_BACKGROUND_DENY)
        }
    }
}

extension ToolRunRequest.Classification {
    fileprivate var number: UInt32 {
        switch self {
        case .unknown: UInt32(KW_CLASS_UNKNOWN)
        case .readOnly: UInt32(KW_CLASS_READ_ONLY)
        case .build: UInt32(KW_CLASS_BUILD)
        case .test: UInt32(KW_CLASS_TEST)
        case .format: UInt32(KW_CLASS_FORMAT)
        case .install: UInt32(KW_CLASS_INSTALL)
        case .network: UInt32(KW_CLASS_NETWORK)
        case .destructive: UInt32(KW_CLASS_DESTRUCTIVE)
        }
    }
}
