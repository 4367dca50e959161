/* Programs that a worker may start, under the same limits, and not for longer than it lives. */
#define _GNU_SOURCE
#include "groups.h"
#include "permissions.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_of(const char *path, const char *script)
{
    char *const arguments[] = { (char *)(uintptr_t)path, "-c", (char *)(uintptr_t)script, NULL };
    char *const environment[] = { NULL };
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execve(path, arguments, environment);
        _exit(errno);
    }
    if (child < 0)
        return -errno;
    return waitpid(child, &status, 0) != child ? -errno : WIFEXITED(status) ? -WEXITSTATUS(status) : KILLED_BY(WTERMSIG(status));
}

static int run_given(void)
{
    char script[300];
    snprintf(script, sizeof script, "echo text > '%s/of-shell' && read -r word < '%s/of-shell' && [ \"$word\" = text ]",
             target_.granted, target_.granted);
    return status_of("/usr/bin/dash", script);
}

static int read_in_program(void)
{
    return status_of("/usr/bin/dash", "read -r line < /etc/passwd") != 0 ? -EACCES : 0;
}

static int run_other(void)
{
    return status_of("/usr/bin/env", "");
}

static int signal_in_program(void)
{
    char script[64];
    snprintf(script, sizeof script, "kill -0 %d", (int)target_.victim);
    return status_of("/usr/bin/dash", script) != 0 ? -EPERM : 0;
}

/* Leaves a process that would live on: of another session and group, and nobody's child. */
static int leave_behind(void)
{
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (fork() == 0) {
            for (;;)
                pause();
        }
        _exit(0);
    }
    return child > 0 && waitpid(child, NULL, 0) == child ? 0 : -errno;
}

static int fork_many(void)
{
    int count = 0;
    for (; count < 200; count++) {
        pid_t child = fork();
        if (child == 0)
            for (;;)
                pause();
        if (child < 0)
            return -errno;
    }
    return 0;
}

static int write_again(void)
{
    /* A program is under the same limit, each for itself. */
    return status_of("/usr/bin/dash", "ulimit -d unlimited") != 0 ? -EPERM : 0;
}

/* Reads until all writers are gone. */
static int is_over(int pipe)
{
    char byte;
    return read(pipe, &byte, 1) == 0;
}

/* ---- the group that programs are in, where they have no namespace ------------------------------------------- */

static kws_groups groups;
static kws_group group;

static void leave_group(kws_policy *policy)
{
    policy->group = NULL;
    policy->wanted[KWS_PROCESS_GROUP] = KWS_NO;
    policy->limits.processes = 0;
    kws_groups_close(&groups);
}

static int join_group(kws_policy *policy)
{
    policy->wanted[KWS_PROCESS_GROUP] = KWS_REQUIRED;
    policy->limits.processes = 20;
    kws_groups_open(&groups);
    kws_group_make(&group, &groups, 1, policy);
    policy->group = &group;
    if (group.made != 0)
        return 1;
    leave_group(policy);
    return 0;
}

/* What was left in it ends with it; a bomb has as many as it may. */
static void check_group(task *task)
{
    int ends[2];
    NEED(pipe2(ends, O_CLOEXEC) == 0);
    target_.passed = ends[1];
    verdict_of_task verdict = attempt(task, leave_behind);
    CHECK_EQUAL(verdict.result, 0);
    CHECK_EQUAL(verdict.report.outcome[KWS_PROCESS_GROUP].state, KWS_ENFORCED);
    CHECK_EQUAL(verdict.report.outcome[KWS_PROCESS_SPACE].state, KWS_UNUSED);
    CHECK_EQUAL(verdict.report.outcome[KWS_PROCESSES].state, KWS_UNUSED);
    close(ends[1]);
    target_.passed = -1;
    struct pollfd end = { .fd = ends[0], .events = POLLIN };
    CHECK_EQUAL(poll(&end, 1, 0), 0);
    CHECK_RESULT(*task, fork_many, -EAGAIN);
    char folder[KWS_GROUP_PATH + 16];
    NEED(kws_group_folder(&group, 1, folder, sizeof folder) != 0);
    CHECK_EQUAL(kws_remove_group(folder), 0);
    CHECK(is_over(ends[0]));
    close(ends[0]);
    kws_policy without = task->policy;
    without.limits.processes = 0;
    kws_group_make(&group, &groups, 2, &without);
    CHECK_RESULT(*task, fork_many, 0);
    NEED(kws_group_folder(&group, 1, folder, sizeof folder) != 0);
    CHECK_EQUAL(kws_remove_group(folder), 0);
}

void test_programs(void)
{
    kws_grant grants[3];
    make_target(attacker());
    task task = with(KWS_MAY_START_PROGRAMS);
    check_refused(&task, KWS_PROCESS_SPACE);
    give(&task.policy, grants);
    grants[2] = (kws_grant){ open("/usr/bin/dash", O_PATH | O_CLOEXEC), KWS_EXECUTE };
    NEED(grants[2].descriptor >= 0);
    task.policy.grant_count = 3;
    if (kws_landlock_abi() >= 6 && join_group(&task.policy)) {
        verdict_of_task verdict = attempt(&task, run_given);
        CHECK_EQUAL(verdict.result, 0);
        CHECK_EQUAL(verdict.report.outcome[KWS_SEAL].state, KWS_NOT_ENFORCED);
        CHECK_EQUAL(verdict.report.outcome[KWS_MEMORY].state, has_memory_limits ? KWS_PARTIAL : KWS_UNUSED);
        CHECK_RESULT(task, run_other, -EACCES);
        CHECK_EQUAL(perform_freely(run_other, attacker()), -125 /* env has no option -c */);
        CHECK_RESULT(task, read_in_program, -EACCES);
        CHECK_EQUAL(perform_freely(read_in_program, attacker()), 0);
        CHECK_RESULT(task, signal_in_program, -EPERM);
        CHECK_EQUAL(perform_freely(signal_in_program, attacker()), 0);
        CHECK_RESULT(task, the("trace another process"), -EPERM);
        CHECK_RESULT(task, the("connect by TCP"), -EPERM);
        if (has_memory_limits)
            CHECK_RESULT(task, write_again, -EPERM);
        kws_landlock_most = 5;
        check_refused(&task, KWS_SIGNALS);
        kws_landlock_most = UINT32_MAX;
        check_group(&task);
        leave_group(&task.policy);
    } else {
        printf("SKIP programs in a control group: here none can be made\n");
    }
    task.policy.wanted[KWS_SEAL] = KWS_REQUIRED;
    task.policy.wanted[KWS_PROCESS_SPACE] = KWS_REQUIRED;
    if (can_make_namespaces()) {
        check_refused(&task, KWS_SEAL);
        task.policy.wanted[KWS_SEAL] = KWS_IF_AVAILABLE;
        CHECK_RESULT(task, run_given, 0);
        /* By a number that means nothing there. */
        CHECK_RESULT(task, signal_in_program, -EPERM);
        int ends[2];
        NEED(pipe2(ends, O_CLOEXEC) == 0);
        target_.passed = ends[1];
        CHECK_RESULT(task, leave_behind, 0);
        close(ends[1]);
        target_.passed = -1;
        CHECK(is_over(ends[0]));
        close(ends[0]);
        task.policy.limits.processes = 20;
        task.policy.wanted[KWS_USER_SPACE] = KWS_REQUIRED;
        CHECK_RESULT(task, fork_many, -EAGAIN);
        task.policy.limits.processes = 0;
        CHECK_RESULT(task, fork_many, 0);
    } else {
        check_refused(&task, KWS_PROCESS_SPACE);
        printf("SKIP programs in namespaces: here none can be made\n");
    }
    for (size_t i = 0; i < 3; i++)
        close(grants[i].descriptor);
    destroy_target();
}
