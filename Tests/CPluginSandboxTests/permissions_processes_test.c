/* What holds for every worker as a process, whatever its permissions: whom it signals, how long it lives, its limits. */
#define _GNU_SOURCE
#include "permissions.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_scopes(void)
{
    task task = with(0);
    task.policy.wanted[KWS_FILTER] = task.policy.wanted[KWS_SEAL] = task.policy.wanted[KWS_FILES] = KWS_NO;
    task.policy.wanted[KWS_SIGNALS] = task.policy.wanted[KWS_ABSTRACT] = KWS_REQUIRED;
    task.policy.wanted[KWS_WRITE_XOR_EXECUTE] = KWS_NO;
    if (kws_landlock_abi() < 6) {
        check_refused(&task, KWS_SIGNALS);
        printf("SKIP scopes: they need Landlock ABI 6\n");
        return;
    }
    CHECK_RESULT(task, the("signal another process"), -EPERM);
    CHECK_RESULT(task, the("signal by a pidfd that it has"), -EPERM);
    CHECK_RESULT(task, the("connect to an abstract socket"), -EPERM);
    CHECK_RESULT(task, the("allowed: signal itself"), 0);
    /* What they do not cover. */
    CHECK_RESULT(task, the("connect to a Unix socket"), 0);
    CHECK_RESULT(task, the("read /etc/passwd"), 0);
    CHECK_RESULT(task, the("slow another down"), 0);
}

/* What every worker is without, whatever its policy. */
static int has_extras(void)
{
    static const __rlimit_resource_t nothing[] = { RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO };
    struct rlimit limit;
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        if (getrlimit(nothing[i], &limit) != 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
            return -(int)i - 1;
    }
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -100;
}

static void test_extras(void)
{
    task task = with(0);
    for (int has_root = 0; has_root <= can_make_namespaces(); has_root++) {
        task.policy.wanted[KWS_MOUNT_SPACE] = has_root ? KWS_REQUIRED : KWS_NO;
        CHECK_RESULT(task, has_extras, 0);
    }
}

static int is_bound_to_parent(void)
{
    int number = 0;
    return prctl(PR_GET_PDEATHSIG, &number) == 0 && number == SIGKILL ? 0 : -ESRCH;
}

/* Changes of identity and namespaces make the kernel forget it. */
static void test_parent(void)
{
    task task = with(0);
    CHECK_RESULT(task, is_bound_to_parent, 0);
    if (can_make_namespaces()) {
        task.policy.wanted[KWS_USER_SPACE] = task.policy.wanted[KWS_PROCESS_SPACE] = KWS_REQUIRED;
        CHECK_RESULT(task, is_bound_to_parent, 0);
    }
}

static int spin_for_ever(void)
{
    static volatile unsigned int count;
    signal(SIGXCPU, SIG_IGN);
    alarm(0);
    setrlimit(RLIMIT_CPU, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
    for (;;)
        count++;
    return 0;
}

static void test_processor_time(void)
{
    kws_grant grants[2];
    task task = with(0);
    give(&task.policy, grants);
    task.policy.limits.cpu_seconds = 1;
    CHECK_RESULT(task, spin_for_ever, KILLED_BY(SIGKILL));
    close(grants[0].descriptor);
    close(grants[1].descriptor);
}

void test_processes(void)
{
    make_target(attacker());
    test_scopes();
    test_extras();
    test_parent();
    test_processor_time();
    destroy_target();
}
