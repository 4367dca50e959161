/* How a call ends before its reply: limits, cancellation, breaches of the protocol. */
#define _GNU_SOURCE
#include "conversation.h"

#include <unistd.h>

/* How long the end of a process that was killed may take to be told. */
#define DEATH_NS 5000000000

void kww_ask_to_end(conversation *talk, uint32_t reason, uint64_t value)
{
    host_header *header = talk->place.worker->host;
    int64_t grace = atomic_load(&talk->place.remote->grace_ns);
    talk->is_cancelled = 1;
    talk->reason = reason;
    talk->reason_value = value;
    talk->deadline_ns = kww_monotonic_ns() + grace;
    atomic_store(&talk->place.host->cancelled, 1);
    atomic_fetch_add(&header->control, 1);
    kww_futex_wake(&header->control, INT32_MAX);
    kww_step(STEP_ASKED_TO_END);
}

kw_status kww_limit_fault(const conversation *talk)
{
    if (talk->reason == KWW_KILL_CANCELLED)
        return kww_fail(KWW_FAULT_CANCELLED, "it was cancelled");
    kww_fault *fault = kww_new_fault(KWW_FAULT_LIMIT);
    fault->limit = talk->reason;
    fault->value = talk->reason_value;
    fault->pid = atomic_load(&talk->place.worker->pid);
    return KWW_FAULT;
}

void kww_end_worker(conversation *talk, uint32_t why)
{
    kww_worker *worker = talk->place.worker;
    worker_lane *lane = talk->place.lane;
    int64_t deadline = kww_monotonic_ns() + DEATH_NS;
    kww_worker_kill(worker, why);
    while (!has_ended(worker) && kww_monotonic_ns() < deadline) {
        uint32_t signal = atomic_load(&lane->signal);
        if (!has_ended(worker))
            kww_futex_wait(&lane->signal, signal, deadline);
    }
}

kw_status kww_breach(conversation *talk, const char *what)
{
    kww_end_worker(talk, KWW_KILL_PROTOCOL);
    kww_fail(KWW_FAULT_PROTOCOL, "%s", what);
    return KWW_FAULT;
}

void kww_look_at_limits(conversation *talk)
{
    int64_t now = kww_monotonic_ns();
    if (talk->is_cancelled)
        return;
    if (kw_cancelled(talk->call)) {
        kww_ask_to_end(talk, KWW_KILL_CANCELLED, 0);
        return;
    }
    if (now >= talk->deadline_ns) {
        int is_limit = talk->wall_ns != 0 && now >= talk->began_ns + talk->wall_ns;
        int64_t value = is_limit ? talk->wall_ns : talk->call->deadline_ns - talk->began_ns;
        kww_ask_to_end(talk, is_limit ? KWW_KILL_WALL : KWW_KILL_DEADLINE, value > 0 ? (uint64_t)value : 0);
        return;
    }
    if (talk->cpu_ns != 0) {
        int64_t used = kww_worker_cpu_ns(talk->place.worker);
        if (talk->cpu_began_ns < 0)
            talk->cpu_began_ns = used;
        else if (used >= 0 && used - talk->cpu_began_ns >= talk->cpu_ns)
            kww_ask_to_end(talk, KWW_KILL_CPU, (uint64_t)talk->cpu_ns);
    }
}

/* Processor time cannot pass faster than there are processors for it. */
int64_t kww_wake_time(const conversation *talk)
{
    int64_t until = talk->deadline_ns;
    if (talk->cpu_ns == 0 || talk->is_cancelled)
        return until;
    int64_t used = kww_worker_cpu_ns(talk->place.worker) - talk->cpu_began_ns;
    int64_t left = talk->cpu_ns - (used > 0 ? used : 0);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t next = kww_monotonic_ns() + (left > 0 ? left : 0) / (processors > 0 ? processors : 1) + 100000;
    return next < until ? next : until;
}
