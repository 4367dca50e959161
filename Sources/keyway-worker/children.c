/* The zygote's children, with their control groups, from their start until nothing is left of them. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing tells when a process that was killed has left its group. */
#define GROUP_PATIENCE_MS 5

typedef struct child {
    pid_t pid;  /* 0: there is none; GONE: only its group is left */
    pid_t init; /* of its process namespace, or 0 */
    uint32_t tag;
    int64_t began; /* nanoseconds of CLOCK_MONOTONIC */
    kws_group group;
} child;

#define GONE (-1)

static child children[KWW_WORKER_LIMIT];
static uint32_t ending; /* groups of those that are GONE */
static kws_groups groups;
static int has_groups; /* or has found that none can be had */

/* With 0: a place that is free. */
static child *child_of(pid_t pid)
{
    for (size_t i = 0; i < KWW_WORKER_LIMIT; i++) {
        if (children[i].pid == pid)
            return &children[i];
    }
    return NULL;
}

static int is_worker(pid_t pid)
{
    for (size_t i = 0; i < KWW_WORKER_LIMIT; i++) {
        if (children[i].pid == pid || children[i].init == pid)
            return 1;
    }
    return 0;
}

/* What plugins started and left behind comes to us, the nearest reaper, whatever group or session it made for itself. */
static void end_strays(void)
{
    char path[64];
    int pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "re");
    if (list == NULL)
        return; /* a kernel without CONFIG_PROC_CHILDREN */
    while (fscanf(list, "%d", &pid) == 1) {
        if (!is_worker(pid))
            kill(pid, SIGKILL);
    }
    fclose(list);
}

/* ---- control groups ------------------------------------------------------------------------------------- */

static void make_group(child *child, job *job)
{
    static uint32_t last;
    const uint8_t *wanted = job->policy.wanted;
    if (!job->sandbox.is_used || (wanted[KWS_MEMORY_GROUP] == KWS_NO && wanted[KWS_PROCESS_GROUP] == KWS_NO))
        return;
    if (!has_groups)
        kws_groups_open(&groups);
    has_groups = 1;
    kws_group_make(&child->group, &groups, ++last, &job->policy);
    job->policy.group = &child->group;
}

/* The place of a child whose process is gone is free when its group is. */
static void end_group(child *child)
{
    int was_ending = child->pid == GONE;
    child->init = 0;
    child->pid = kws_group_end(&child->group) ? 0 : GONE;
    if (child->pid == GONE && !was_ending)
        ending++;
    if (child->pid != GONE && was_ending)
        ending--;
}

void end_groups(void)
{
    for (size_t i = 0; ending > 0 && i < KWW_WORKER_LIMIT; i++) {
        if (children[i].pid == GONE)
            end_group(&children[i]);
    }
}

int patience_of_groups(void)
{
    return ending > 0 ? GROUP_PATIENCE_MS : -1;
}

/* ---- their end ------------------------------------------------------------------------------------------ */

_Noreturn void leave(int status)
{
    for (size_t i = 0; i < KWW_WORKER_LIMIT; i++) {
        if (children[i].pid <= 0)
            continue;
        kill(-children[i].pid, SIGKILL);
        kill(children[i].pid, SIGKILL);
        end_group(&children[i]);
    }
    /* With each process that ends, what it started comes to us in turn. */
    do
        end_strays();
    while (waitpid(-1, NULL, 0) >= 0 || errno == EINTR);
    if (has_groups)
        kws_groups_close(&groups);
    _exit(status);
}

static kww_exited end_of(const child *child, int status, const struct rusage *usage)
{
    uint64_t kills = kws_group_kills(&child->group);
    return (kww_exited){
        .status = status,
        .memory_kills = kills < UINT32_MAX ? (uint32_t)kills : UINT32_MAX,
        .wall_ns = kww_monotonic_ns() - child->began,
        .cpu_ns = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000000000)
            + (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * INT64_C(1000),
        .memory = (uint64_t)usage->ru_maxrss * 1024,
    };
}

void reap_children(void)
{
    siginfo_t end = { 0 };
    while (waitid(P_ALL, 0, &end, WEXITED | WNOHANG | WNOWAIT) == 0 && end.si_pid != 0) {
        struct rusage usage;
        int status;
        child *child = child_of(end.si_pid);
        /* What it started and left in its group, which nobody else can have until its number was waited for. */
        if (child != NULL) {
            if (child->init != 0)
                kill(child->init, SIGKILL);
            kill(-end.si_pid, SIGKILL);
        }
        if (wait4(end.si_pid, &status, 0, &usage) == end.si_pid && child != NULL) {
            kww_exited exited = end_of(child, status, &usage);
            end_group(child);
            answer(KWW_EXITED, child->tag, &exited, sizeof exited, -1);
        }
        end.si_pid = 0;
    }
    end_strays();
}

void discard_child(int32_t pid)
{
    child *child = child_of(pid);
    if (child == NULL)
        return;
    kill(pid, SIGKILL);
    if (child->init != 0)
        kill(child->init, SIGKILL);
    waitpid(pid, NULL, 0);
    end_group(child);
}

/* ---- their start ---------------------------------------------------------------------------------------- */

static _Noreturn void become_worker(job *job, pid_t zygote)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    /* In a namespace of its own it sees no parent, and ends with the namespace. */
    pid_t parent = getppid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || (parent != zygote && parent != 0))
        _exit(1);
    run_worker(job);
}

void start_child(job *job, kww_started *started)
{
    pid_t zygote = getpid();
    child *child = child_of(0);
    if (child == NULL)
        return;
    *child = (struct child){ .tag = job->tag, .began = kww_monotonic_ns() };
    make_group(child, job);
    int32_t init = 0;
    pid_t pid = job->sandbox.is_used ? kws_fork(&job->policy, &init, &job->report) : fork();
    if (pid == 0)
        become_worker(job, zygote);
    started->pid = pid;
    started->error = pid < 0 ? errno : 0;
    if (pid < 0) {
        end_group(child);
        return;
    }
    child->pid = pid;
    child->init = init;
    started->group_version = kws_group_folder(&child->group, 0, started->group, sizeof started->group);
}
