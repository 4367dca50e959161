/* What cannot be kept, or is asked wrongly, is refused before anything runs. */
#define _GNU_SOURCE
#include "permissions.h"

#include <pthread.h>
#include <unistd.h>

static void test_missing(void)
{
    task task = with(0);
    kws_landlock_most = 0;
    check_refused(&task, KWS_FILES);
    task.policy.wanted[KWS_FILES] = KWS_IF_AVAILABLE;
    verdict_of_task verdict = attempt(&task, the("read /etc/passwd"));
    CHECK_EQUAL(verdict.result, 0);
    CHECK_EQUAL(verdict.report.outcome[KWS_FILES].state, KWS_NOT_ENFORCED);
    CHECK_EQUAL(verdict.report.outcome[KWS_FILES].error, ENOSYS);
    CHECK_EQUAL(verdict.report.landlock_abi, 0);
    kws_landlock_most = 5;
    task.policy.wanted[KWS_SIGNALS] = KWS_REQUIRED;
    check_refused(&task, KWS_SIGNALS);
    kws_landlock_most = UINT32_MAX;
}

/* In a process that may make no namespaces: the number of the first that was not refused, or 0. */
static int miss_namespaces(void)
{
    static const uint32_t spaces[] = { KWS_USER_SPACE, KWS_NETWORK_SPACE, KWS_PROCESS_SPACE, KWS_MOUNT_SPACE,
                                       KWS_IPC_SPACE, KWS_NAME_SPACE };
    forbid_namespaces();
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        task task = with(0);
        task.policy.wanted[spaces[i]] = KWS_REQUIRED;
        verdict_of_task verdict = attempt(&task, miss_namespaces);
        if (verdict.report.failed != (int32_t)spaces[i] || verdict.report.outcome[spaces[i]].error != EPERM
            || verdict.sealed != -1 || verdict.result != NOTHING)
            return -(int)spaces[i];
    }
    return 0;
}

static void *wait_for_ever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

/* Enters with another thread: the mechanism that was refused. */
static int enter_with_thread(void)
{
    pthread_t thread;
    kws_policy policy;
    kws_compiled compiled;
    kws_report report = { .failed = -1 };
    kws_policy_make(&policy);
    NEED(kws_compile(policy.may, KWS_NATIVE, &compiled) == 0);
    NEED(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
    return kws_enter(&policy, &compiled, &report) == -1 ? report.failed : -1;
}

static void test_misuse(void)
{
    task task = with(0);
    kws_grant grant = { -1, KWS_READ };
    task.policy.grants = &grant;
    task.policy.grant_count = 1;
    check_refused(&task, KWS_FILES);
    grant.descriptor = target_.shared;
    check_refused(&task, KWS_FILES);
    task.policy.grant_count = KWS_GRANT_LIMIT + 1;
    check_refused(&task, KWS_FILES);
    CHECK_EQUAL(perform_freely(enter_with_thread, getuid()), KWS_FILTER);
    CHECK_EQUAL(perform_freely(miss_namespaces, getuid()), 0);

    kws_compiled compiled;
    NEED(kws_compile(KWS_MAY_START_THREADS | KWS_MAY_USE_DEVICES, KWS_NATIVE, &compiled) == 0);
    task = with(0);
    task.compiled = &compiled;
    task.run = NULL;
    verdict_of_task verdict = perform(&task);
    CHECK_EQUAL(verdict.report.failed, KWS_FILTER);
    CHECK_EQUAL(verdict.report.outcome[KWS_FILTER].error, EINVAL);
    kws_compiled_free(&compiled);

    if (getuid() == 0) {
        task = with(0);
        task.policy.uid = 0;
        check_refused(&task, KWS_IDENTITY);
        task.policy.wanted[KWS_IDENTITY] = KWS_IF_AVAILABLE;
        task.policy.limits.processes = 10;
        verdict = attempt(&task, the("allowed: start a thread"));
        CHECK_EQUAL(verdict.result, 0);
        CHECK_EQUAL(verdict.report.outcome[KWS_IDENTITY].state, KWS_NOT_ENFORCED);
    }
}

void test_refusals(void)
{
    make_target(attacker());
    test_missing();
    test_misuse();
    destroy_target();
}
