/* Code that comes later: what is generated, by threads that were there before, behind a filter that lies. */
#define _GNU_SOURCE
#include "permissions.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static void test_generated_code(void)
{
    task task = with(KWS_MAY_GENERATE_CODE);
    verdict_of_task verdict = attempt(&task, the("map writable code"));
    CHECK_EQUAL(verdict.result, 0);
    CHECK_EQUAL(verdict.report.outcome[KWS_SEAL].state, KWS_PARTIAL);
    CHECK_EQUAL(verdict.report.outcome[KWS_WRITE_XOR_EXECUTE].state, KWS_NOT_ENFORCED);
    CHECK_RESULT(task, the("make memory executable"), 0);
    CHECK_RESULT(task, the("load a library late"), 0);
    CHECK_RESULT(task, the("load a filter"), -EPERM);
    CHECK_RESULT(task, the("take shared memory"), -EPERM);
    CHECK_RESULT(task, the("execute a program"), -EPERM);
    task.policy.wanted[KWS_SEAL] = KWS_REQUIRED;
    check_refused(&task, KWS_SEAL);
}

static int start_early(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, (void *(*)(void *))(void (*)(void))getpid, NULL) == 0 ? 0 : -1;
}

static _Atomic int stage, other_result;

static void *map_in_thread(void *argument)
{
    while (atomic_load(&stage) == 0)
        syscall(SYS_futex, &stage, 0, 0, NULL, NULL, 0);
    int (*run)(void) = the("map a file as code");
    atomic_store(&other_result, run());
    return argument;
}

static pthread_t early;

static int start_waiting(void)
{
    return pthread_create(&early, NULL, map_in_thread, NULL);
}

static int let_it_map(void)
{
    atomic_store(&stage, 1);
    syscall(SYS_futex, &stage, 1, 1, NULL, NULL, 0);
    pthread_join(early, NULL);
    return atomic_load(&other_result);
}

static int try_thread(void)
{
    int (*run)(void) = the("allowed: start a thread");
    return run() == 0 ? 0 : -EPERM;
}

static void test_threads(void)
{
    task task = with(0);
    task.load = start_waiting;
    /* The second stage is for threads that were there before it. */
    CHECK_RESULT(task, let_it_map, -EPERM);
    task = with(0);
    task.policy.may &= ~KWS_MAY_START_THREADS;
    task.load = start_early;
    CHECK_RESULT(task, try_thread, -EPERM);
    task.is_sealed = 0;
    CHECK_RESULT(task, try_thread, 0);
}

/* A filter that says the next one was loaded when it was not. */
static int deceive(void)
{
    struct { unsigned short code; unsigned char yes, no; unsigned int k; } instructions[] = {
        { 0x20, 0, 0, 0 }, { 0x15, 0, 1, SYS_seccomp }, { 0x06, 0, 0, 0x00050000 }, { 0x06, 0, 0, 0x7FFF0000 },
    };
    struct { unsigned short count; void *filter; } program = { 4, instructions };
    return (int)syscall(SYS_seccomp, 1, 1, &program);
}

static void test_deceit(void)
{
    task task = with(0);
    task.load = deceive;
    verdict_of_task verdict = attempt(&task, the("map a file as code"));
    CHECK_EQUAL(verdict.entered, 0);
    CHECK_EQUAL(verdict.sealed, -1);
    CHECK_EQUAL(verdict.report.failed, KWS_SEAL);
    CHECK_EQUAL(verdict.result, NOTHING);
}

void test_code(void)
{
    make_target(attacker());
    test_generated_code();
    test_threads();
    test_deceit();
    destroy_target();
}
