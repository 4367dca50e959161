#define _GNU_SOURCE
#include "enforcement.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <keyway/author.h>

#include "network_filter.h"

typedef struct field {
    const char *name, *how, *why_not;
    bool (*is_set)(const kw_policy *p);
    bool (*is_enforced)(void);
} field;

#define SET(name, expression)                    \
    static bool set_##name(const kw_policy *p)   \
    {                                            \
        return expression;                       \
    }

SET(always, p != NULL)
SET(shell, !(p->flags & KW_POLICY_ALLOW_SHELL))
SET(network, !(p->flags & KW_POLICY_ALLOW_NETWORK))
SET(allow, p->allow.count > 0)
SET(deny, p->deny.count > 0)
SET(paths, p->paths.count > 0)
SET(wall, p->wall_ns > 0)
SET(cpu, p->cpu_ns > 0)
SET(idle, p->idle_ns > 0)
SET(grace, p->grace_ns > 0)
SET(memory, p->memory > 0)
SET(file_size, p->file_size > 0)
SET(open_files, p->open_files > 0)
SET(processes, p->processes > 0)
SET(stdout_bytes, p->stdout_bytes > 0)
SET(stderr_bytes, p->stderr_bytes > 0)
SET(overflow, p->stdout_bytes > 0 || p->stderr_bytes > 0)

static bool yes(void)
{
    return true;
}

static bool no(void)
{
    return false;
}

/* The kernel counts processes of a user, and never refuses root one more. */
static bool is_not_root(void)
{
    return getuid() != 0;
}

static const field fields[ENFORCEMENT_FIELDS] = {
    { "enabled", "nothing runs unless the policy is enabled", "", set_always, yes },
    { "allow", "rules are compared before anything is started", "", set_allow, yes },
    { "deny", "rules are compared before anything is started; they win", "", set_deny, yes },
    { "shell", "a shell command is refused before anything is started", "", set_shell, yes },
    { "env", "the environment is built from the policy alone", "", set_always, yes },
    { "network", "a seccomp filter refuses every socket but local (unix) ones, and io_uring",
      "this kernel or architecture takes no seccomp filter from this plugin; use an isolated worker", set_network,
      network_filter_works },
    { "paths", "", "this version has no file sandbox; use an isolated worker", set_paths, no },
    { "wall", "timer; then SIGTERM, grace, SIGKILL to the process group", "", set_wall, yes },
    { "cpu", "RLIMIT_CPU of each process, rounded up to whole seconds", "", set_cpu, yes },
    { "idle", "timer since the last output; then SIGTERM, grace, SIGKILL to the process group", "", set_idle, yes },
    { "grace", "timer between SIGTERM and SIGKILL of the process group", "", set_grace, yes },
    { "memory", "RLIMIT_AS: address space of each process", "", set_memory, yes },
    { "fileSize", "RLIMIT_FSIZE: of each file written", "", set_file_size, yes },
    { "openFiles", "RLIMIT_NOFILE of each process", "", set_open_files, yes },
    { "processes", "RLIMIT_NPROC: all processes of this user are counted",
      "RLIMIT_NPROC does not bind root; run the host as another user", set_processes, is_not_root },
    { "stdoutBytes", "bytes are counted as they are read", "", set_stdout_bytes, yes },
    { "stderrBytes", "bytes are counted as they are read", "", set_stderr_bytes, yes },
    { "overflow", "what is beyond a limit is counted and dropped, or ends the run", "", set_overflow, yes },
};

uint32_t enforcement_list(const kw_policy *policy, kw_enforcement list[ENFORCEMENT_FIELDS])
{
    uint32_t count = 0;
    for (size_t i = 0; i < ENFORCEMENT_FIELDS; i++) {
        if (policy != NULL && !fields[i].is_set(policy))
            continue;
        bool enforced = fields[i].is_enforced();
        list[count++] = (kw_enforcement) {
            .h = KW_HDR(kw_enforcement), .field = kw_string(fields[i].name),
            .enforced = enforced ? KW_ENFORCED_YES : KW_ENFORCED_NO,
            .how = kw_string(enforced ? fields[i].how : fields[i].why_not),
        };
    }
    return count;
}

bool enforcement_missing(const kw_policy *policy, char *names, size_t size)
{
    size_t used = 0;
    names[0] = '\0';
    for (size_t i = 0; i < ENFORCEMENT_FIELDS; i++)
        if (fields[i].is_set(policy) && !fields[i].is_enforced() && used < size)
            used += (size_t)snprintf(names + used, size - used, "%s%s", used > 0 ? ", " : "", fields[i].name);
    return used > 0;
}
