#define _GNU_SOURCE
#include "enforcement.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <keyway/author.h>

#include "file_rules.h"
#include "filter.h"
#include "jail.h"
#include "landlock.h"
#include "namespaces.h"
#include "ports.h"
#include "terminal.h"

typedef struct field {
    const char *name, *how, *why_not;
    bool (*is_set)(const request *r);
    bool (*is_enforced)(const request *r); /* r is NULL where only the machine is asked about */
} field;

#define SET(name, expression)                  \
    static bool set_##name(const request *r)   \
    {                                          \
        const kw_policy *p = &r->policy;       \
        const kw_limits *l = &r->limits;       \
        (void)p;                               \
        (void)l;                               \
        return expression;                     \
    }

SET(always, true)
SET(shell, !(p->flags & KW_POLICY_ALLOW_SHELL))
SET(network, !(p->flags & KW_POLICY_ALLOW_NETWORK))
SET(net, p->net.count > 0 || r->in.extra_net.count > 0)
SET(allow, p->allow.count > 0)
SET(deny, p->deny.count > 0)
SET(deny_patterns, p->deny_patterns.count > 0)
SET(paths, p->paths.count > 0 || r->in.extra_paths.count > 0)
SET(wall, l->wall_ns > 0)
SET(cpu, l->cpu_ns > 0)
SET(idle, l->idle_ns > 0)
SET(grace, l->grace_ns > 0)
SET(memory, l->memory > 0)
SET(file_size, l->file_size > 0)
SET(disk_write, l->disk_write > 0)
SET(open_files, l->open_files > 0)
SET(processes, l->processes > 0)
SET(stdout_bytes, l->stdout_bytes > 0)
SET(stderr_bytes, l->stderr_bytes > 0)
SET(overflow, l->stdout_bytes > 0 || l->stderr_bytes > 0 || p->overflow == KW_OVERFLOW_SPOOL)
SET(head, p->head_bytes > 0 && (l->stdout_bytes > 0 || l->stderr_bytes > 0))
SET(tail, p->tail_bytes > 0 && (l->stdout_bytes > 0 || l->stderr_bytes > 0))
SET(tool_limits, p->tool_limits.count > 0)
SET(approval, p->approval != KW_APPROVAL_NEVER)
SET(interactive, (p->flags & KW_POLICY_INTERACTIVE) != 0)
SET(auto_approve, (p->flags & KW_POLICY_AUTO_APPROVE) != 0)
SET(isolate, p->isolate != 0)
SET(user, (p->flags & KW_POLICY_USER_SET) != 0)
SET(seccomp, p->seccomp.len > 0 && !kw_equal(p->seccomp, kw_string("none")))
SET(pty, (p->flags & KW_POLICY_PTY) != 0)

static bool yes(const request *r)
{
    (void)r;
    return true;
}

static bool no(const request *r)
{
    (void)r;
    return false;
}

static bool by_filter(const request *r)
{
    (void)r;
    return filter_works();
}

/* Ports are what Landlock and the filter do together. */
static bool by_ports(const request *r)
{
    return filter_works() && (r != NULL ? ports_are_all_rules(r) : landlock_abi() >= 4);
}

static bool by_landlock(const request *r)
{
    return filter_works() && landlock_abi() >= 1 && (r == NULL || file_rules_can_be_kept(r));
}

static bool by_namespaces(const request *r)
{
    kw_policy all = { .isolate = 2 * KW_ISOLATE_USER - 1 };
    return namespaces_work(namespaces_of(r != NULL ? &r->policy : &all));
}

/* The end of a process namespace is the end of all that is in it; without one they are looked for in /proc. */
static bool by_reaper(const request *r)
{
    if (r != NULL && (r->policy.isolate & KW_ISOLATE_PID) && by_namespaces(r))
        return r->policy.background != KW_BACKGROUND_KEEP;
    int processes = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (processes >= 0)
        close(processes);
    return processes >= 0;
}

static bool by_terminal(const request *r)
{
    int ours, theirs;
    (void)r;
    if (terminal_open(0, 0, &ours, &theirs) != 0)
        return false;
    close(ours);
    close(theirs);
    return true;
}

static bool can_change_user(const request *r)
{
    return geteuid() == 0 || (r != NULL && r->policy.user == geteuid() && getuid() == geteuid());
}

/* Root raises its limits as it likes, with the capabilities that the profile takes. */
static bool by_limits(const request *r)
{
    return r == NULL || geteuid() != 0 || jail_has_profile(&r->policy)
        || ((r->policy.flags & KW_POLICY_USER_SET) && r->policy.user != 0);
}

/* The kernel counts processes of a user, and never refuses root one more. */
static bool is_counted(const request *r)
{
    if (r != NULL && (r->policy.flags & KW_POLICY_USER_SET) && can_change_user(r))
        return r->policy.user != 0;
    return getuid() != 0;
}

#define NOT_OF_ROOT "root raises its limits as it likes: seccomp is \"none\", which leaves it its capabilities; set user"

static const field fields[] = {
    { "enabled", "nothing runs unless the policy is enabled", "", set_always, yes },
    { "allow", "rules are compared before anything is started, with every command of a shell text", "", set_allow, yes },
    { "deny", "rules are compared before anything is started, with every command of a shell text; they win", "", set_deny,
      yes },
    { "denyPatterns", "looked for among all words of a command, and of every command of a shell text; they win", "",
      set_deny_patterns, yes },
    { "shell", "a shell command is refused before anything is started", "", set_shell, yes },
    { "env", "the environment is built from the policy alone; that of other processes is out of reach unless seccomp is "
      "\"none\" or there is no Landlock", "", set_always, yes },
    { "network", "a seccomp filter refuses every socket, local ones included, but connected pairs, what `net` admits, and "
      "io_uring", "this machine takes no seccomp filter; nothing keeps the program from the network", set_network,
      by_filter },
    { "net", "TCP ports by Landlock, of every host; a seccomp filter refuses all other sockets; who may listen may do so on "
      "a port of the kernel's choice, too",
      "rules by domain or unix path, exceptions from allow network, and more than 1024 ports that are not all cannot be "
      "told apart: what they admit is refused, what they deny from it is not; ports need Linux 6.7", set_net, by_ports },
    { "paths", "Landlock: opening, making, renaming, removing, executing; and modes, owners and times are not changed, by "
      "seccomp or, with isolate mount, by read-only mounts; names and sizes can be seen, what can be read can be run through "
      "the dynamic linker, and allow network opens local sockets everywhere",
      "no Landlock here (Linux 5.13), or a rule takes away from what another rule, or every program, has above it: then "
      "what is given above is given here", set_paths, by_landlock },
    { "toolLimits", "the longest prefix that fits replaces limits before the start", "", set_tool_limits, yes },
    { "wall", "timer; then SIGTERM, grace, SIGKILL to the process group", "", set_wall, yes },
    { "cpu", "RLIMIT_CPU of each process, rounded up to whole seconds", NOT_OF_ROOT, set_cpu, by_limits },
    { "idle", "timer since the last output; then SIGTERM, grace, SIGKILL to the process group", "", set_idle, yes },
    { "grace", "timer between SIGTERM and SIGKILL of the process group", "", set_grace, yes },
    { "memory", "RLIMIT_AS: address space of each process; files in memory do not count", NOT_OF_ROOT, set_memory, by_limits },
    { "fileSize", "RLIMIT_FSIZE: of each file written", NOT_OF_ROOT, set_file_size, by_limits },
    { "diskWrite", "", "no quota on all that is written here, only fileSize", set_disk_write, no },
    { "openFiles", "RLIMIT_NOFILE of each process", NOT_OF_ROOT, set_open_files, by_limits },
    { "processes", "RLIMIT_NPROC: all processes of this user are counted, with isolate user only the run's own",
      "RLIMIT_NPROC does not bind root; set user, or run the host as another user", set_processes, is_counted },
    { "stdoutBytes", "bytes are counted as they are read", "", set_stdout_bytes, yes },
    { "stderrBytes", "bytes are counted as they are read", "", set_stderr_bytes, yes },
    { "overflow", "what is beyond a limit is dropped, ends the run, or goes into a file of the instance's folder", "",
      set_overflow, yes },
    { "headBytes", "the first bytes are passed on as they come", "", set_head, yes },
    { "tailBytes", "the last bytes are kept, and passed on at the end", "", set_tail, yes },
    { "approval", "nothing is started before it is approved", "", set_approval, yes },
    { "interactive", "approval is asked for by an event, and waited for", "", set_interactive, yes },
    { "autoApprove", "runs that need approval have it", "", set_auto_approve, yes },
    { "background", "a process of this plugin adopts what the program leaves (child subreaper), and it is killed, kept or "
      "reported; with isolate pid the kernel ends all of it",
      "isolate pid ends all of it with the run, so nothing is kept; or /proc is shut here, so that only the process group is "
      "found, and the rest ends with the worker", set_always, by_reaper },
    { "pty", "a pseudo-terminal becomes the program's controlling terminal",
      "no pseudo-terminal can be opened here; a worker needs /dev/ptmx and /dev/pts to be granted", set_pty, by_terminal },
    { "user", "setresuid before exec, with the user's own group and no others",
      "changing the user needs root; run the host as root", set_user, can_change_user },
    { "isolate", "namespaces of its own, for who is not root in a user namespace; with mount, what paths do not let it "
      "write is mounted read-only",
      "this machine does not let this user make these namespaces; the run has none of them", set_isolate, by_namespaces },
    { "seccomp", "calls that a program of a run does not need are refused: namespaces, mounts, io_uring, modules, keys, "
      "tracing others, typing into a terminal; no capabilities, no new privileges, and no signals to others (Linux 6.12)",
      "this machine takes no seccomp filter", set_seccomp, by_filter },
};

#define FIELD_COUNT (sizeof fields / sizeof fields[0])
_Static_assert(FIELD_COUNT <= ENFORCEMENT_FIELDS, "raise ENFORCEMENT_FIELDS");

uint32_t enforcement_list(const request *r, kw_enforcement list[ENFORCEMENT_FIELDS])
{
    uint32_t count = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (r != NULL && !fields[i].is_set(r))
            continue;
        bool enforced = fields[i].is_enforced(r);
        list[count++] = (kw_enforcement) {
            .h = KW_HDR(kw_enforcement), .field = kw_string(fields[i].name),
            .enforced = enforced ? KW_ENFORCED_YES : KW_ENFORCED_NO,
            .how = kw_string(enforced ? fields[i].how : fields[i].why_not),
        };
    }
    return count;
}

bool enforcement_missing(const request *r, char *names, size_t size)
{
    size_t used = 0;
    names[0] = '\0';
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (fields[i].is_set(r) && !fields[i].is_enforced(r) && used < size)
            used += (size_t)snprintf(names + used, size - used, "%s%s", used > 0 ? ", " : "", fields[i].name);
    return used > 0;
}
