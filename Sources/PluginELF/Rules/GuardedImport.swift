internal import PluginCore

/// A symbol whose use says what a plugin can do to the host, and what allows it.
///
/// What runtimes want for themselves is not among them: abort, dlsym, dl_iterate_phdr, getenv and syscall are in
/// nearly every plugin of Swift, C++ and Rust.
enum GuardedImport {
    /// The permission of the manifest that a symbol takes.
    static let permissions: [(kind: Permission.Kind, what: String, names: Set<String>)] = [
        (
            .execute, "runs programs or changes the process as only their children may",
            [
                "execl", "execle", "execlp", "execv", "execve", "execveat", "execvp", "execvpe", "fexecve", "fork",
                "_Fork", "vfork", "clone", "posix_spawn", "posix_spawnp", "system", "popen", "wordexp", "daemon",
                // A child between fork and exec needs these; without one they change the host.
                "_exit", "_Exit", "kill", "killpg", "tgkill", "prctl", "signal", "sigaction", "bsd_signal", "setsid",
                "setrlimit", "setrlimit64",
            ]
        ),
        (
            .network, "connects to others",
            [
                "connect", "getaddrinfo", "gethostbyname", "gethostbyname2", "gethostbyname_r", "getnameinfo", "sendto",
                "socket",
            ]
        ),
        (.listen, "lets others connect", ["bind", "listen", "accept", "accept4"]),
        (.generatedCode, "makes memory executable", ["mprotect", "pkey_mprotect"]),
        (
            .threads, "starts threads",
            [
                "pthread_create", "thrd_create",
                "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
            ]
        ),
    ]

    /// What no permission allows.
    static let forbidden: Set<String> = [
        "ptrace", "process_vm_readv", "process_vm_writev", "dlopen", "dlmopen", "setuid", "setgid", "seteuid",
        "setegid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "initgroups", "capset", "chroot",
        "mount", "umount", "umount2", "pivot_root", "unshare", "setns", "reboot", "swapon", "init_module",
        "finit_module", "delete_module", "iopl", "ioperm",
    ]

    /// What ends the host, or changes what its other threads read meanwhile.
    static let unwelcome: Set<String> = ["exit", "quick_exit", "setenv", "unsetenv", "putenv", "clearenv"]
}

extension Rule {
    /// Every name that a rule asks ``Inspection/imports(among:)`` for.
    static let notableNames: Set<String> = GuardedImport.permissions.reduce(
        GuardedImport.forbidden.union(GuardedImport.unwelcome).union(exitFunctions).union(threadExitFunctions)
            .union(checkable)
    ) { $0.union($1.names) }

    static let guardedImports = Rule(
        id: "S039", group: .dependencies, title: "no function that the manifest does not ask for", risk: .high,
        severities: [.error, .warning, .info],
        why: "What a plugin can do to the host follows from the functions that it calls",
        remedy: "Ask for the permission in the manifest's permissions, or leave the functions out"
    ) { inspection in
        let policy = inspection.policy
        // Many plugins want nothing that anybody guards.
        if inspection.survey.imports.isEmpty, policy.deniedImports.isEmpty { return [] }
        var problems: [Problem] = []
        let denied = inspection.imports(matching: policy.deniedImports)
        if let first = denied.first {
            problems.append(
                Problem(
                    place: first, message: "wants \(denied.listed()), denied by the policy",
                    remedy: "Build the plugin without it, or change the policy's list of denied imports"))
        }
        func found(_ names: Set<String>) -> [String] {
            inspection.imports(among: names).filter {
                !policy.allowedImports.matches($0) && !policy.deniedImports.matches($0)
            }
        }
        let forbidden = found(GuardedImport.forbidden)
        if let first = forbidden.first {
            problems.append(
                Problem(
                    place: first, message: "wants \(forbidden.listed()), which no permission allows",
                    remedy: "Leave it to the host, or have the operator add it to the policy's allowed imports"))
        }
        let unwelcome = found(GuardedImport.unwelcome)
        if let first = unwelcome.first {
            problems.append(
                Problem(
                    severity: .warning, place: first,
                    message: "wants \(unwelcome.listed()), which ends the host or changes it for all its threads",
                    remedy: "Return an error to the host instead"))
        }
        guard !inspection.object.notes.isEmpty else { return problems }
        let manifest = inspection.soundManifest
        let saysMore = manifest?.document["permissions"] != nil
        let asked = Set((manifest?.permissions ?? []).map(\.permission.kind))
        for (kind, what, names) in GuardedImport.permissions where !asked.contains(kind) {
            let wanted = found(names)
            guard let first = wanted.first else { continue }
            // Threads harm nobody by themselves: only a manifest that lists permissions is held to them.
            let isBound = saysMore || (policy.requiresPermissions && kind != .threads)
            problems.append(
                Problem(
                    severity: isBound ? .error : .info, place: first,
                    message:
                        "\(what) (\(wanted.listed())), and its manifest does not ask for \(kind.rawValue)",
                    remedy: "Add \"\(kind.rawValue)\" to the manifest's permissions, or leave the functions out"))
        }
        return problems
    }
}
