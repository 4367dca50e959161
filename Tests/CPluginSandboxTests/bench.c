/* What the sandbox costs a worker: once for each, and each system call. */
#define _GNU_SOURCE
#include "sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 300
#define CALLS 200000

typedef struct times {
    int failed;
    double fork, enter, seal, call; /* microseconds, and nanoseconds */
} times;

static times *shared;

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double call_ns(void)
{
    double begin = now_us();
    for (int i = 0; i < CALLS; i++)
        syscall(SYS_getppid);
    return (now_us() - begin) * 1000 / CALLS;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double at(double *values, size_t percent)
{
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[(ROUNDS - 1) * percent / 100];
}

static void measure(const char *name, const kws_policy *policy, kws_compiled *compiled)
{
    static double whole[ROUNDS], enter[ROUNDS], seal[ROUNDS];
    kws_report report;
    double call = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        int32_t init;
        *shared = (times){ 0 };
        double begin = now_us();
        pid_t worker = kws_fork(policy, &init, &report);
        if (worker == 0) {
            double forked = now_us();
            if (kws_enter(policy, compiled, &report) != 0)
                shared->failed = 1 + report.failed;
            double entered = now_us();
            if (shared->failed == 0 && kws_seal(policy, compiled, &report) != 0)
                shared->failed = 1 + report.failed;
            shared->seal = now_us() - entered;
            shared->enter = entered - forked;
            shared->fork = forked - begin;
            if (i == 0)
                shared->call = call_ns();
            _exit(0);
        }
        if (worker < 0) {
            printf("%-34s cannot be had here\n", name);
            return;
        }
        waitpid(worker, NULL, 0);
        if (init != 0) {
            kill(init, 9);
            waitpid(init, NULL, 0);
        }
        if (shared->failed != 0) {
            printf("%-34s fails: %s\n", name, kws_mechanism_name((uint32_t)shared->failed - 1));
            return;
        }
        whole[i] = shared->enter + shared->seal;
        enter[i] = shared->enter;
        seal[i] = shared->seal;
        call = i == 0 ? shared->call : call;
    }
    printf("%-34s enter %6.0f us, seal %4.0f us, both p50 %6.0f p99 %6.0f us (budget 1500); a call %4.0f ns\n", name,
           at(enter, 50), at(seal, 50), at(whole, 50), at(whole, 99), call);
}

/* What a worker's control group costs: to make and to remove, and a fork into it as long as a plain one. */
static void measure_group(kws_policy policy, int has_group)
{
    static double make[ROUNDS], start[ROUNDS], end[ROUNDS];
    kws_groups groups;
    kws_group group;
    kws_report report;
    int32_t init;
    policy.limits.group_memory = UINT64_C(256) << 20;
    policy.limits.processes = 64;
    policy.wanted[KWS_MEMORY_GROUP] = policy.wanted[KWS_PROCESS_GROUP] = has_group ? KWS_IF_AVAILABLE : KWS_NO;
    kws_groups_open(&groups);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        double begin = now_us();
        kws_group_make(&group, &groups, i, &policy);
        policy.group = &group;
        double made = now_us();
        pid_t worker = kws_fork(&policy, &init, &report);
        if (worker == 0) {
            shared->fork = now_us();
            _exit(0);
        }
        waitpid(worker, NULL, 0);
        double ended = now_us();
        while (!kws_group_end(&group))
            ;
        make[i] = made - begin;
        start[i] = shared->fork - made;
        end[i] = now_us() - ended;
    }
    if (has_group && groups.version[0] == 0 && groups.version[1] == 0)
        printf("control groups                     cannot be had here\n");
    else
        printf("%-34s make %6.0f us, fork and enter p50 %4.0f p99 %4.0f us, end %4.0f us\n",
               has_group ? "groups of memory and processes" : "the same without", at(make, 50), at(start, 50), at(start, 99), at(end, 50));
    kws_groups_close(&groups);
}

int main(void)
{
    kws_policy policy;
    kws_compiled compiled;
    kws_grant grants[2] = { { open("/var", O_PATH), KWS_READ }, { open("/tmp", O_PATH), KWS_READ | KWS_WRITE } };
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    kws_policy_make(&policy);
    policy.grants = grants;
    policy.grant_count = 2;
    policy.limits = (kws_limits){ .memory = UINT64_C(256) << 20, .descriptors = 64, .file_size = 1 << 20, .cpu_seconds = 60 };
    double begin = now_us();
    if (shared == MAP_FAILED || kws_compile(policy.may, KWS_NATIVE, &compiled) != 0)
        return 1;
    printf("compile, once in a zygote          %6.0f us: %zu and %zu instructions\n", now_us() - begin,
           compiled.stage[0].count, compiled.stage[1].count);
    printf("a call without a sandbox           %6.0f ns\n", call_ns());
    measure("the usual policy", &policy, &compiled);
    measure_group(policy, 0);
    measure_group(policy, 1);
    policy.wanted[KWS_USER_SPACE] = policy.wanted[KWS_IPC_SPACE] = policy.wanted[KWS_NAME_SPACE] = KWS_REQUIRED;
    measure("and user, ipc, uts namespaces", &policy, &compiled);
    policy.wanted[KWS_NETWORK_SPACE] = KWS_REQUIRED;
    measure("and a network namespace", &policy, &compiled);
    policy.wanted[KWS_PROCESS_SPACE] = KWS_REQUIRED;
    measure("and a process namespace", &policy, &compiled);
    policy.wanted[KWS_MOUNT_SPACE] = KWS_REQUIRED;
    measure("and a root of its own", &policy, &compiled);
    kws_compiled_free(&compiled);
    return 0;
}
