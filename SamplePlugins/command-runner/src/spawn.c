#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
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
    /* In a user namespace only what is in it counts, and the reaper, unless it is another user. */
    uint64_t more = (plan->jail.namespaces & CLONE_NEWUSER) && !plan->changes_user && l->processes < UINT64_MAX;
    if (l->processes > 0)
        add_limit(plan, RLIMIT_NPROC, l->processes + more, l->processes + more);
}

typedef struct spawn_start_in {
    const spawn_plan *plan;
    spawn_failure *failure;
    int report;                 /* where a failure is written if the memory is not shared, or -1 */
} spawn_start_in;

__attribute__((noreturn)) SPAWN_BARE static void give_up(const spawn_start_in *in, const char *stage)
{
    in->failure->number = errno;
    in->failure->stage = stage;
    if (in->report >= 0)
        (void)bare_call(SYS_write, in->report, (long)in->failure, sizeof *in->failure, 0);
    _exit(127);
}

SPAWN_BARE static void close_range_of(unsigned first, unsigned last, rlim_t descriptors)
{
#if defined(SYS_close_range)
    if (first > last || syscall(SYS_close_range, first, last, 0u) == 0)
        return;
#endif
    for (rlim_t fd = first; fd <= last && fd < descriptors && fd < 1048576; fd++)
        close((int)fd);
}

SPAWN_BARE void spawn_close_from(int first, int kept, int kept_too, rlim_t descriptors)
{
    const int list[] = { kept, kept_too };
    for (int i = 0; i < 2; i++)
        if (list[i] >= first) {
            if (list[i] > first)
                close_range_of((unsigned)first, (unsigned)list[i] - 1, descriptors);
            first = list[i] + 1;
        }
    close_range_of((unsigned)first, ~0u, descriptors);
}

/* By system call: the library's setuid would change every thread of the process that it takes this for. */
SPAWN_BARE static int become_user(const spawn_plan *plan)
{
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, plan->gid, plan->gid, plan->gid) != 0)
        return -1;
    return (int)syscall(SYS_setresuid, plan->uid, plan->uid, plan->uid);
}

SPAWN_BARE static int enter_folder(const spawn_plan *plan)
{
    if (plan->jail.folder != NULL)
        return chdir(plan->jail.folder);
    return plan->folder >= 0 ? fchdir(plan->folder) : 0;
}

SPAWN_BARE static void close_others(const spawn_start_in *in)
{
    int rules = in->plan->jail.rules, report = in->report;
    spawn_close_from(3, rules < report ? rules : report, rules < report ? report : rules, in->plan->descriptors);
}

/* The new process. It has the parent's memory and its own descriptors, signals and limits; the parent waits until it has
 * exec'd, so nothing here may return, allocate or take a lock. */
__attribute__((noreturn)) SPAWN_BARE static void become_program(const spawn_start_in *in)
{
    const spawn_plan *plan = in->plan;
    struct sigaction standard = { .sa_handler = SIG_DFL };
    sigset_t none;
    /* Ignored signals stay ignored through exec: a host that ignores SIGPIPE must not hand that on. */
    for (int number = 1; number < 65; number++)
        (void)sigaction(number, &standard, NULL);
    if (setsid() < 0)
        give_up(in, "new session");
    if (dup2(plan->input, 0) < 0 || dup2(plan->output, 1) < 0 || dup2(plan->error, 2) < 0)
        give_up(in, "standard streams");
    if (plan->has_terminal && ioctl(0, TIOCSCTTY, 0) != 0)
        give_up(in, "terminal");
    if (enter_folder(plan) != 0)
        give_up(in, "working folder");
    close_others(in);
    for (unsigned i = 0; i < plan->limit_count; i++) {
        struct rlimit value = { plan->limits[i].soft, plan->limits[i].hard };
        if (setrlimit(plan->limits[i].resource, &value) != 0)
            give_up(in, "resource limits");
    }
    jail_drop_bounds(&plan->jail);
    if (plan->changes_user && become_user(plan) != 0)
        give_up(in, JAIL_STAGE "user");
    /* A reaper that is killed from outside takes the program with it. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    const char *stage = jail_enter(&plan->jail);
    if (stage != NULL)
        give_up(in, stage);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    execve(plan->path, plan->argv, plan->environment);
    give_up(in, "exec");
}

SPAWN_BARE static int live(void *argument)
{
    become_program(argument);
}

/* It is over when this is called: it has exec'd, or ended. */
SPAWN_BARE static void read_report(int report, spawn_failure *failure)
{
    spawn_failure read;
    if (bare_call(SYS_read, report, (long)&read, sizeof read, 0) == (long)sizeof read) {
        failure->number = read.number;
        failure->stage = read.stage;
    }
}

SPAWN_BARE pid_t spawn_start(const spawn_plan *plan, spawn_failure *failure, void *stack_top, int *pidfd)
{
    int report[2] = { -1, -1 };
    spawn_start_in in = { plan, failure, -1 };
    if (plan->changes_user && pipe2(report, O_CLOEXEC | O_NONBLOCK) != 0) {
        failure->number = errno;
        failure->stage = "pipe";
        return -1;
    }
    in.report = report[1];
    int memory = plan->changes_user ? 0 : CLONE_VM;
    pid_t pid = clone(live, stack_top, memory | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &in, pidfd);
    if (pid < 0) {
        failure->number = errno;
        failure->stage = "new process";
    } else if (report[0] >= 0) {
        read_report(report[0], failure);
    }
    return pid;
}
