#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void add_limit(spawn_plan *plan, int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit now;
    rlim_t most = getrlimit(resource, &now) == 0 ? now.rlim_max : RLIM_INFINITY;
    plan->limits[plan->limit_count++] =
        (spawn_limit) { resource, soft < most ? (rlim_t)soft : most, hard < most ? (rlim_t)hard : most };
}

void spawn_set_limits(spawn_plan *plan, const kw_limits *l)
{
    struct rlimit descriptors;
    plan->limit_count = 0;
    plan->descriptors = getrlimit(RLIMIT_NOFILE, &descriptors) == 0 ? descriptors.rlim_cur : 1024;
    if (l->cpu_ns > 0) {
        /* One second between SIGXCPU, which a program may handle, and SIGKILL, which it may not. */
        uint64_t seconds = (uint64_t)l->cpu_ns / 1000000000 + (l->cpu_ns % 1000000000 != 0);
        add_limit(plan, RLIMIT_CPU, seconds, seconds + 1);
    }
    if (l->memory > 0)
        add_limit(plan, RLIMIT_AS, l->memory, l->memory);
    if (l->file_size > 0)
        add_limit(plan, RLIMIT_FSIZE, l->file_size, l->file_size);
    if (l->open_files > 0)
        add_limit(plan, RLIMIT_NOFILE, l->open_files, l->open_files);
    if (l->processes > 0)
        add_limit(plan, RLIMIT_NPROC, l->processes, l->processes);
}

typedef struct spawn_start_in {
    const spawn_plan *plan;
    spawn_failure *failure;
} spawn_start_in;

__attribute__((noreturn)) SPAWN_BARE static void give_up(spawn_failure *failure, const char *stage)
{
    failure->number = errno;
    failure->stage = stage;
    _exit(127);
}

SPAWN_BARE void spawn_close_above(unsigned first, rlim_t descriptors)
{
#if defined(SYS_close_range)
    if (syscall(SYS_close_range, first, ~0u, 0u) == 0)
        return;
#endif
    for (rlim_t fd = first; fd < descriptors && fd < 1048576; fd++)
        close((int)fd);
}

/* By system call: the library's setuid would change every thread of the process whose memory this still is. */
SPAWN_BARE static int become_user(const spawn_plan *plan)
{
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, plan->gid, plan->gid, plan->gid) != 0)
        return -1;
    return (int)syscall(SYS_setresuid, plan->uid, plan->uid, plan->uid);
}

/* The new process. It has the parent's memory and its own descriptors, signals and limits; the parent waits until it has
 * exec'd, so nothing here may return, allocate or take a lock. */
__attribute__((noreturn)) SPAWN_BARE static void become_program(const spawn_plan *plan, spawn_failure *failure)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };
    sigset_t none;
    /* Ignored signals stay ignored through exec: a host that ignores SIGPIPE must not hand that on. */
    for (int number = 1; number < 65; number++)
        (void)sigaction(number, &standard, NULL);
    if (setsid() < 0)
        give_up(failure, "new session");
    if (dup2(plan->input, 0) < 0 || dup2(plan->output, 1) < 0 || dup2(plan->error, 2) < 0)
        give_up(failure, "standard streams");
    if (plan->has_terminal && ioctl(0, TIOCSCTTY, 0) != 0)
        give_up(failure, "terminal");
    if (plan->folder >= 0 && fchdir(plan->folder) != 0)
        give_up(failure, "working folder");
    spawn_close_above(3, plan->descriptors);
    for (unsigned i = 0; i < plan->limit_count; i++) {
        struct rlimit value = { plan->limits[i].soft, plan->limits[i].hard };
        if (setrlimit(plan->limits[i].resource, &value) != 0)
            give_up(failure, "resource limits");
    }
    if (plan->changes_user && become_user(plan) != 0)
        give_up(failure, "user");
    if (plan->network != NULL
        && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, plan->network) != 0))
        give_up(failure, "network filter");
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    execve(plan->path, plan->argv, plan->environment);
    give_up(failure, "exec");
}

SPAWN_BARE static int live(void *argument)
{
    const spawn_start_in *in = argument;
    become_program(in->plan, in->failure);
}

SPAWN_BARE pid_t spawn_start(const spawn_plan *plan, spawn_failure *failure, void *stack_top)
{
    spawn_start_in in = { plan, failure };
    pid_t pid = clone(live, stack_top, CLONE_VM | CLONE_VFORK | SIGCHLD, &in);
    if (pid < 0) {
        failure->number = errno;
        failure->stage = "new process";
    }
    return pid;
}
