internal import PluginCore

extension ToolExecutorChecks {
    func enforceable() async throws -> String {
        let fields = try await executor.enforceable(context)
        for name in ToolExecutorConformance.policyFields {
            try requireEqual(fields.count { $0.field == name }, 1, "the field \(name) once")
        }
        let names = fields.map(\.field)
        try require(Set(names).count == names.count, "every field once", seen: excerpt(names))
        for field in fields {
            try require(!field.how.isEmpty, "the mechanism of \(field.field), or why there is none", seen: "nothing")
        }
        return "\(fields.count { $0.isEnforced }) of \(fields.count) fields are enforced"
    }

    func denyByDefault() async throws -> String {
        var own = policy
        own.allow = []
        try await requireDenied(script("echo ran"), own, "no rule allows it")
        own = policy
        own.isEnabled = false
        try await requireDenied(script("echo ran"), own, "the policy is not enabled")
        return "denied"
    }

    func allowPrefix() async throws -> String {
        var own = policy
        own.allow = [["sh", "-c", "exit 0"]]
        try await requireRuns(script("exit 0"), own, "a rule of all its words allows it")
        try await requireRuns(
            ToolRunRequest(.argv(["sh", "-c", "exit 0", "more"])), own, "a rule of its first words allows it")
        try await requireDenied(script("exit 1"), own, "the last word of the rule differs")
        try await requireDenied(ToolRunRequest(.argv(["sh", "-c"])), own, "it has fewer words than the rule")
        try await requireDenied(script("exit 00"), own, "words are compared whole")
        own.allow = [["sh"]]
        try await requireDenied(
            ToolRunRequest(.argv(["/bin/sh", "-c", "exit 0"])), own, "a rule without a slash admits no path")
        return "by whole words"
    }

    func denyWins() async throws -> String {
        var own = policy
        own.allow = [["sh"], ["sh", "-c", "exit 0"]]
        own.deny = [["sh", "-c", "exit 0"]]
        try await requireDenied(script("exit 0"), own, "a rule denies it")
        try await requireRuns(script("true"), own, "no rule denies it")
        return "denied"
    }

    func shell() async throws -> String {
        var own = policy
        own.allow = [["sh"], ["true"]]
        let request = ToolRunRequest(.shell("true"))
        try await requireDenied(request, own, "shells are not allowed")
        own.allowShell = true
        try await requireRuns(request, own, "shells are allowed, and rules for sh and true")
        return "only where it is allowed"
    }

    func approval() async throws -> String {
        var own = policy
        own.approval = .always
        try await requireDenied(script("exit 0"), own, "every run needs approval, and nobody is there to approve")
        own.approvesAutomatically = true
        try await requireRuns(script("exit 0"), own, "what needs approval has it")
        return "denied without, runs with"
    }

    func evaluateAgrees() async throws -> String {
        var policies: [ToolPolicy] = []
        for allow in [[], [["sh"]], [["sh", "-c"]], [["sh", "-c", "exit 0"]], [["/bin/sh"]]] as [[[String]]] {
            for deny in [[], [["sh", "-c", "exit 0"]]] as [[[String]]] {
                for isEnabled in [true, false] {
                    var own = policy
                    (own.allow, own.deny, own.isEnabled) = (allow, deny, isEnabled)
                    policies.append(own)
                }
            }
        }
        var allowed = 0
        let requests = [script("exit 0"), script("exit 3"), ToolRunRequest(.argv(["/bin/sh", "-c", "exit 0"]))]
        for own in policies {
            for request in requests {
                let decision = try await executor.evaluate(request, under: own, context)
                let end = try await perform(request, own).result.end
                let runs = end != .denied
                try require(
                    (decision.verdict == .allow) == runs,
                    "\(request.body) with allow \(own.allow), deny \(own.deny), enabled \(own.isEnabled) to \(runs ? "be allowed, as it runs" : "be denied, as it does not run")",
                    seen: "\(decision.verdict): \(decision.reason)")
                if runs { allowed += 1 }
            }
        }
        return "\(policies.count * requests.count) cases, \(allowed) of them allowed"
    }

    func requireEnforced() async throws -> String {
        let settable: [(name: String, set: (inout ToolPolicy) -> Void)] = [
            ("diskWrite", { $0.limits.diskWrite = 1 << 30 }),
            ("paths", { $0.paths = [.init(path: "/", access: .read, execute: true)] }),
            ("isolate", { $0.isolation = .pid }),
            ("net", { $0.network = [.init(.ports(443...443))] }),
            ("seccomp", { $0.seccompProfile = "default" }),
        ]
        let missing = try await executor.enforceable(context).filter { !$0.isEnforced }.map(\.field)
        guard let field = settable.first(where: { missing.contains($0.name) }) else {
            throw NotApplicable(reason: "it enforces every field that was tried")
        }
        var own = policy
        field.set(&own)
        try await requireRuns(script("exit 0"), own, "\(field.name) is not enforced, and need not be")
        own.requireEnforced = true
        let run = try await perform(script("exit 0"), own)
        try require(
            [.denied, .sandboxFailed].contains(run.result.end) && run.result.detail?.contains(field.name) == true,
            "a refusal that names \(field.name), which is not enforced here",
            seen: "\(run.result.end), \(run.result.detail ?? "no detail")")
        return "refused because of \(field.name)"
    }

    /// Which results have to speak of a field, and which must not.
    func enforced() async throws -> String {
        let limits: [(name: String, set: (inout ToolPolicy.Limits) -> Void)] = [
            ("wall", { $0.wall = .seconds(20) }), ("cpu", { $0.cpu = .seconds(20) }),
            ("idle", { $0.idle = .seconds(20) }),
            ("memory", { $0.memory = 1 << 33 }), ("fileSize", { $0.fileSize = 1 << 30 }),
            ("openFiles", { $0.openFiles = 64 }), ("stdoutBytes", { $0.stdoutBytes = 1000 }),
            ("stderrBytes", { $0.stderrBytes = 1000 }),
        ]
        let known = try await executor.enforceable(context)
        for limit in limits {
            var own = policy
            own.limits = ToolPolicy.Limits()
            limit.set(&own.limits)
            let result = try await perform(script("exit 0"), own).result
            let names = result.enforced.map(\.field)
            try require(Set(names).count == names.count, "every field once", seen: excerpt(names))
            for other in limits {
                let isSet = other.name == limit.name
                try require(
                    names.contains(other.name) == isSet,
                    "\(isSet ? "" : "no ")\(other.name) in the result, which was \(isSet ? "" : "not ")set",
                    seen: excerpt(names))
            }
            for name in ["deny", "toolLimits", "paths", "net", "user", "isolate"] {
                try require(!names.contains(name), "no \(name) in the result, which was not set", seen: excerpt(names))
            }
            try require(
                names.allSatisfy { name in known.contains { $0.field == name } }, "fields that enforceable lists",
                seen: excerpt(names))
            let field = result.enforced.first { $0.field == limit.name }
            try requireEqual(
                field?.isEnforced, known.first { $0.field == limit.name }?.isEnforced,
                "\(limit.name) enforced as enforceable says")
        }
        return "\(limits.count) limits, one by one"
    }

    func tools() async throws -> String {
        let tools = try await executor.tools(context)
        let names = tools.map(\.name)
        try require(
            names.allSatisfy { !$0.isEmpty } && Set(names).count == names.count, "names of their own", seen: "\(names)")
        for tool in tools {
            try require(
                tool.inputSchema.objectValue != nil, "a JSON Schema of the arguments of \(tool.name)",
                seen: tool.inputSchema.typeName)
        }
        return "\(names)"
    }
}
