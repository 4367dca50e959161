/* A worker in a process namespace of its own.
 *
 * A process that starts a namespace cannot have threads and be in it, and the first process in it takes no signals it does
 * not handle, abort(3) included. So a helper makes the namespace, then an init, which only waits, then the worker, and
 * ends. Both become children of the caller (CLONE_PARENT), which sees how the worker ends. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct result {
    int32_t error, init, worker;
    uint32_t mechanism; /* that failed */
} result;

/* Linux 5.7. */
#define INTO_GROUP UINT64_C(0x200000000)

/* struct clone_args as of then. */
typedef struct clone_request {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
} clone_request;

/* fork(2) into the group of the policy; for version 2 without what libraries do at a fork, of which a process with one thread
 * needs nothing. In the child the report says what came of that. */
static pid_t fork_into(const kws_policy *policy, kws_report *report)
{
    pid_t pid = -1;
    int *thread = NULL;
    int group = kws_open_group(policy);
    if (group >= 0 && prctl(PR_GET_TID_ADDRESS, &thread, 0, 0, 0) == 0) {
        clone_request request = {
            .flags = INTO_GROUP | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID,
            .child_tid = (uint64_t)(uintptr_t)thread,
            .exit_signal = SIGCHLD,
            .cgroup = (uint64_t)group,
        };
        pid = (pid_t)syscall(SYS_clone3, &request, sizeof request);
    }
    int is_there = pid >= 0;
    /* Of version 1, or refused by a container or an older kernel. */
    if (pid < 0)
        pid = fork();
    if (group >= 0)
        close(group);
    if (pid == 0)
        kws_enter_group(policy, report, is_there);
    return pid;
}

/* As fork(2), and a child of the caller's parent. thread: where the C library keeps the number of this thread. */
static pid_t fork_beside(int *thread)
{
    unsigned long flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
#if defined(__aarch64__)
    return (pid_t)syscall(SYS_clone, flags, NULL, NULL, 0L, thread);
#else
    return (pid_t)syscall(SYS_clone, flags, NULL, NULL, thread, 0L);
#endif
}

/* Inherits what is orphaned, which the kernel reaps as SIGCHLD is ignored, and with its end all in the namespace ends. */
static _Noreturn void be_init(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGCHLD, SIG_IGN);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
        syscall(SYS_close_range, 0, ~0U, 0);
    for (;;)
        pause();
}

/* The helper. Returns in the worker alone, and with 0, or in the helper with what went wrong. */
static int make_both(kws_report *report, result *result)
{
    int *thread = NULL;
    /* Of kernels with CONFIG_CHECKPOINT_RESTORE, as Debian's are. */
    result->mechanism = KWS_PROCESS_SPACE;
    if (prctl(PR_GET_TID_ADDRESS, &thread, 0, 0, 0) != 0)
        return errno;
    if (geteuid() != 0) {
        uint32_t uid = geteuid(), gid = getegid();
        int error = unshare(CLONE_NEWUSER) != 0 ? errno : kws_map_user(uid, gid);
        if (error != 0) {
            result->mechanism = KWS_USER_SPACE;
            return error;
        }
        kws_note(report, KWS_USER_SPACE, KWS_ENFORCED, 0, "a namespace of its own");
    }
    if (unshare(CLONE_NEWPID) != 0)
        return errno;
    result->init = fork_beside(thread);
    if (result->init == 0)
        be_init();
    if (result->init < 0)
        return errno;
    kws_note(report, KWS_PROCESS_SPACE, KWS_ENFORCED, 0, "a namespace of its own");
    result->worker = fork_beside(thread);
    if (result->worker < 0) {
        int error = errno;
        kill(result->init, SIGKILL);
        return error;
    }
    return 0;
}

/* The worker's number, 0 in the worker, or -1 with an errno and the mechanism in the result. */
static int32_t fork_apart(const kws_policy *policy, kws_report *report, result *result)
{
    int channel[2];
    result->mechanism = KWS_PROCESS_SPACE;
    if (pipe2(channel, O_CLOEXEC) != 0)
        return result->error = errno, -1;
    /* Who is in the group has children in it. */
    pid_t helper = fork_into(policy, report);
    if (helper < 0) {
        result->error = errno;
        close(channel[0]);
        close(channel[1]);
        return -1;
    }
    if (helper == 0) {
        close(channel[0]);
        result->worker = -1;
        result->error = make_both(report, result);
        if (result->error == 0 && result->worker == 0) {
            close(channel[1]);
            return 0;
        }
        ssize_t written = write(channel[1], result, sizeof *result);
        _exit(written != (ssize_t)sizeof *result);
    }
    close(channel[1]);
    ssize_t size;
    do
        size = read(channel[0], result, sizeof *result);
    while (size < 0 && errno == EINTR);
    close(channel[0]);
    while (waitpid(helper, NULL, 0) < 0 && errno == EINTR) {
    }
    if (size != (ssize_t)sizeof *result)
        result->error = EIO;
    if (result->error == 0)
        return result->worker;
    if (result->init > 0) {
        while (waitpid(result->init, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return -1;
}

int32_t kws_fork(const kws_policy *policy, int32_t *init, kws_report *report)
{
    *report = (kws_report){ .failed = -1, .threads = -1, .listener = -1, .memory = -1 };
    *init = 0;
    if (kws_is_wanted(policy, KWS_PROCESS_SPACE)) {
        result result = { 0 };
        int32_t worker = fork_apart(policy, report, &result);
        if (worker >= 0) {
            *init = worker == 0 ? 0 : result.init;
            return worker;
        }
        if (kws_do_without(policy, report, KWS_PROCESS_SPACE, KWS_NOT_ENFORCED, result.error, "no %s could be made",
                           kws_mechanism_name(result.mechanism)) != 0) {
            errno = result.error;
            return -1;
        }
    }
    return fork_into(policy, report);
}
