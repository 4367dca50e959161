#define _GNU_SOURCE
#include "permissions.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

task with(uint32_t may)
{
    task task = { .is_sealed = 1 };
    kws_policy_make(&task.policy);
    task.policy.may |= may;
    if ((may & (KWS_MAY_START_PROGRAMS | KWS_MAY_GENERATE_CODE)) != 0) {
        task.policy.wanted[KWS_SEAL] = KWS_IF_AVAILABLE;
    }
    return task;
}

verdict_of_task attempt(task *task, int (*run)(void))
{
    kws_compiled compiled;
    NEED(kws_compile(task->policy.may, KWS_NATIVE, &compiled) == 0);
    task->compiled = &compiled;
    task->run = run;
    verdict_of_task verdict = perform(task);
    kws_compiled_free(&compiled);
    return verdict;
}

void check_refused(task *task, uint32_t mechanism)
{
    verdict_of_task verdict = attempt(task, NULL);
    CHECK_EQUAL(verdict.report.failed, (int32_t)mechanism);
    CHECK_EQUAL(verdict.result, NOTHING);
    CHECK_EQUAL(verdict.sealed, -1);
    if (verdict.report.failed >= 0) {
        CHECK(verdict.report.outcome[verdict.report.failed].why[0] != '\0');
        CHECK(verdict.report.outcome[verdict.report.failed].state != KWS_ENFORCED);
    }
}

static int find_attack(const char *name, int (**run)(void))
{
    for (size_t i = 0; i < attack_count(); i++) {
        if (strcmp(attack_at(i)->name, name) == 0)
            *run = attack_at(i)->run;
    }
    return *run != NULL;
}

int (*the(const char *name))(void)
{
    int (*run)(void) = NULL;
    NEED(find_attack(name, &run));
    return run;
}

static int make_namespaces(void)
{
    kws_report report;
    kws_policy policy;
    int32_t init = 0;
    kws_policy_make(&policy);
    policy.wanted[KWS_PROCESS_SPACE] = policy.wanted[KWS_USER_SPACE] = KWS_REQUIRED;
    int32_t worker = kws_fork(&policy, &init, &report);
    if (worker == 0)
        _exit(0);
    if (worker < 0)
        return -report.outcome[report.failed].error;
    waitpid(worker, NULL, 0);
    kill(init, SIGKILL);
    return waitpid(init, NULL, 0) == init ? 0 : -errno;
}

int can_make_namespaces(void)
{
    return perform_freely(make_namespaces, attacker()) == 0;
}
