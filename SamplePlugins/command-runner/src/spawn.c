#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void add_limit(spawn_plan *plan, int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit now;
    rlim_t most = getrlimit(resource, &now) == 0 ? now.rlim_max : RLIM_INFINITY;
    plan->limits[plan->limit_count++] =
        (spawn_limit) { resource, soft < most ? (rlim_t)soft : most, hard < most ? (rlim_t)hard : most };
}

void spawn_set_limits(spawn_plan *plan, const kw_policy *p)
{
    plan->limit_count = 0;
    if (p->cpu_ns > 0) {
        /* One second between SIGXCPU, which a program may handle, and SIGKILL, which it may not. */
        uint64_t seconds = (uint64_t)p->cpu_ns / 1000000000 + (p->cpu_ns % 1000000000 != 0);
        add_limit(plan, RLIMIT_CPU, seconds, seconds + 1);
    }
    if (p->memory > 0)
        add_limit(plan, RLIMIT_AS, p->memory, p->memory);
    if (p->file_size > 0)
        add_limit(plan, RLIMIT_FSIZE, p->file_size, p->file_size);
    if (p->open_files > 0)
        add_limit(plan, RLIMIT_NOFILE, p->open_files, p->open_files);
    if (p->processes > 0)
        add_limit(plan, RLIMIT_NPROC, p->processes, p->processes);
}

/* Written by the new process, which shares this memory until it execs. */
typedef struct spawn_report {
    const char *volatile stage;
    volatile int number;
} spawn_report;

__attribute__((noreturn)) static void give_up(spawn_report *report, const char *stage)
{
    report->number = errno;
    report->stage = stage;
    _exit(127);
}

static void close_above_standard(rlim_t descriptors)
{
#if defined(SYS_close_range)
    if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0)
        return;
#endif
    for (rlim_t fd = 3; fd < descriptors && fd < 1048576; fd++)
        close((int)fd);
}

/* The new process. It has the parent's memory and its own descriptors, signals and limits; the parent's thread waits
 * until it has exec'd, so nothing here may return, allocate or take a lock. */
__attribute__((noreturn, noinline)) static void become_program(const spawn_plan *plan, spawn_report *report,
                                                               const sigset_t *mask, rlim_t descriptors)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };
    /* Ignored signals stay ignored through exec: a host that ignores SIGPIPE must not hand that on. */
    for (int number = 1; number < 65; number++)
        (void)sigaction(number, &standard, NULL);
    if (setsid() < 0)
        give_up(report, "new session");
    if (dup2(plan->input, 0) < 0 || dup2(plan->output, 1) < 0 || dup2(plan->error, 2) < 0)
        give_up(report, "standard streams");
    if (plan->folder >= 0 && fchdir(plan->folder) != 0)
        give_up(report, "working folder");
    close_above_standard(descriptors);
    for (unsigned i = 0; i < plan->limit_count; i++) {
        struct rlimit value = { plan->limits[i].soft, plan->limits[i].hard };
        if (setrlimit(plan->limits[i].resource, &value) != 0)
            give_up(report, "resource limits");
    }
    if (plan->network != NULL
        && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, plan->network) != 0))
        give_up(report, "network filter");
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
    execve(plan->path, plan->argv, plan->environment);
    give_up(report, "exec");
}

/* In a function of its own, so that no variable of the caller lives across vfork's second return. vfork and not fork: a
 * host's memory may be large, and copying its page tables would cost more than the program. */
__attribute__((noinline)) static pid_t start(const spawn_plan *plan, spawn_report *report, const sigset_t *mask,
                                             rlim_t descriptors)
{
    pid_t pid = vfork();
    if (pid == 0)
        become_program(plan, report, mask, descriptors);
    return pid;
}

pid_t spawn_start(const spawn_plan *plan, const char **stage, int *number)
{
    spawn_report report = { NULL, 0 };
    sigset_t all, mask;
    sigset_t empty;
    struct rlimit descriptors = { 1024, 1024 };
    (void)getrlimit(RLIMIT_NOFILE, &descriptors);
    /* A signal handler of the host must not run in the new process, which still has the host's memory. */
    sigfillset(&all);
    sigemptyset(&empty);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    pid_t pid = start(plan, &report, &empty, descriptors.rlim_cur);
    *number = errno;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (pid < 0) {
        *stage = "new process";
        return -1;
    }
    if (report.stage != NULL) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        *stage = report.stage;
        *number = report.number;
        return -1;
    }
    return pid;
}
