/* One operation of a plugin in a worker: kwm_forward, which every stub calls. */
#define _GNU_SOURCE
#include "conversation.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>

/* More of a lane's memory than this is given back to the system after the call. */
#define KEPT_MEMORY (1u << 20)

/* Pages that one large reply touched are not kept for all the small ones after it. Those of requests stay until the
 * worker goes: the seal that keeps the worker from writing them keeps the host from giving them back. */
static void trim(const place *place)
{
    lane_record *record = place->record;
    if (record->used <= KEPT_MEMORY)
        return;
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    kww_worker *worker = place->worker;
    uint64_t excess = AREA_SIZE - KEPT_MEMORY;
    fallocate(worker->worker_file, mode, (off_t)(worker_area_offset(worker->lanes, place->index) + KEPT_MEMORY),
              (off_t)excess);
    record->used = 0;
}

/* 1 if the worker slept. */
static int send_request(conversation *talk)
{
    host_lane *host = talk->place.host;
    atomic_store_explicit(&host->cancelled, 0, memory_order_relaxed);
    talk->number = ++talk->place.record->number;
    /* In one order with the flag: either it is seen here, or the number there. */
    atomic_store(&host->request, talk->number);
    kww_step(STEP_REQUEST_NUMBERED);
    int was_parked = atomic_load(&talk->place.lane->is_parked) != 0;
    if (was_parked)
        kww_futex_wake(&host->request, 1);
    kww_step(STEP_REQUEST_SENT);
    return was_parked;
}

/* ---- waiting -------------------------------------------------------------------------------------------- */

static int is_due(void *context)
{
    conversation *talk = context;
    worker_lane *lane = talk->place.lane;
    return atomic_load_explicit(&lane->reply, memory_order_acquire) != talk->number - 1
        || atomic_load_explicit(&lane->events_written, memory_order_acquire) != talk->place.record->events_read
        || atomic_load_explicit(&lane->upcall, memory_order_acquire) != talk->place.record->upcalls
        || has_ended(talk->place.worker) || (!talk->is_cancelled && kw_cancelled(talk->call));
}

static void wake_caller(void *context)
{
    worker_lane *lane = context;
    atomic_fetch_add(&lane->signal, 1);
    kww_futex_wake(&lane->signal, INT32_MAX);
}

static void sleep_until_due(conversation *talk)
{
    worker_lane *lane = talk->place.lane;
    if (!talk->has_waker) {
        talk->has_waker = 1;
        talk->call->api->set_waker(talk->call, wake_caller, lane);
    }
    kww_look_at_limits(talk);
    uint32_t signal = atomic_load(&lane->signal);
    atomic_store(&talk->place.host->is_parked, 1);
    kww_step(STEP_CALLER_PARKED);
    if (!is_due(talk))
        kww_futex_wait(&lane->signal, signal, kww_wake_time(talk));
    atomic_store(&talk->place.host->is_parked, 0);
    kww_step(STEP_CALLER_WOKEN);
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

static kw_status converse(conversation *talk, int was_parked)
{
    kww_worker *worker = talk->place.worker;
    waiter *waiter = &talk->place.record->waiter;
    for (;;) {
        uint32_t other = atomic_load_explicit(&talk->place.lane->processor, memory_order_relaxed);
        /* A worker that had to be woken takes longer than spinning is worth, and may need this very processor. */
        if (was_parked || (!kww_wait_awake(waiter, other, is_due, talk) && !is_due(talk)))
            sleep_until_due(talk);
        was_parked = 0;
        /* First the number, then the ring: events come before the reply that follows them. */
        uint32_t reply = atomic_load_explicit(&talk->place.lane->reply, memory_order_acquire);
        kw_status status = kww_take_events(talk);
        if (status != KW_OK)
            return status;
        if (reply == talk->number) {
            status = kww_read_reply(talk);
            kww_step(STEP_REPLY_READ);
            return status;
        }
        if (reply != talk->number - 1)
            return kww_breach(talk, "it answered a request that was not made");
        uint32_t upcall = atomic_load_explicit(&talk->place.lane->upcall, memory_order_acquire);
        if (upcall != talk->place.record->upcalls && (status = kww_serve_upcall(talk, upcall)) != KW_OK)
            return status;
        if (has_ended(worker)) {
            if (talk->is_cancelled && atomic_load(&worker->killed) != KWW_KILL_NONE)
                return kww_limit_fault(talk);
            return kww_fault_of_end(worker, talk->place.index);
        }
        /* Also of a worker that has always something to say: then there is no sleep. */
        kww_look_at_limits(talk);
        if (talk->is_cancelled && kww_monotonic_ns() >= talk->deadline_ns) {
            kww_end_worker(talk, talk->reason);
            return kww_limit_fault(talk);
        }
    }
}

/* A call that ended its worker, as far as can be known: a crash is of the lane whose thread it was, an exit of any. */
static int is_to_blame(const conversation *talk, kw_status status)
{
    kww_fault latest;
    if (status != KWW_FAULT)
        return 0;
    kww_take_fault(&latest);
    return latest.kind == KWW_FAULT_CRASHED || latest.kind == KWW_FAULT_EXITED
        || (latest.kind == KWW_FAULT_LIMIT && has_ended(talk->place.worker));
}

static kw_status run(conversation *talk, const void *in)
{
    kww_remote *remote = talk->place.remote;
    const kww_watch *watch = &remote->watch;
    uint64_t length = 0;
    kww_step(STEP_LANE_TAKEN);
    kw_status status = kww_write_request(talk, in, &length);
    if (status != KW_OK)
        return status;
    kww_step(STEP_REQUEST_WRITTEN);
    talk->request_size = aligned(length);
    /* What was asked for after the end of a call is nobody's. */
    talk->place.record->upcalls = atomic_load(&talk->place.lane->upcall);
    if (atomic_load_explicit(&remote->is_judged, memory_order_relaxed) != 0
        && watch->judge(watch->context, talk->operation->name, talk->place.request, length) != 0)
        return kww_fail(KWW_FAULT_POISONED, "it ended workers before");
    status = converse(talk, send_request(talk));
    if (talk->has_waker)
        talk->call->api->set_waker(talk->call, NULL, NULL);
    kww_wipe_answers(talk);
    if (watch->blame != NULL && is_to_blame(talk, status)) {
        kww_fault latest;
        kww_take_fault(&latest);
        watch->blame(watch->context, latest.pid, talk->operation->name, talk->place.request, length);
        *kww_new_fault(latest.kind) = latest;
    }
    return status;
}

/* A call's time begins when it gets a worker; until then it waits as long at most. */
static void begin_time(conversation *talk)
{
    const kw_call *call = talk->call;
    talk->deadline_ns = call->deadline_ns != 0 ? call->deadline_ns : NO_DEADLINE;
    if (talk->deadline_ns != NO_DEADLINE || talk->wall_ns != 0) {
        talk->began_ns = kww_monotonic_ns();
        if (talk->wall_ns != 0 && talk->began_ns + talk->wall_ns < talk->deadline_ns)
            talk->deadline_ns = talk->began_ns + talk->wall_ns;
    }
}

static void begin(conversation *talk, kww_remote *remote, kw_call *call, const kwm_operation *operation)
{
    memset(talk, 0, sizeof *talk);
    talk->call = call;
    talk->frame = call->host_private;
    talk->operation = operation;
    talk->cpu_began_ns = -1;
    talk->wall_ns = atomic_load_explicit(&remote->wall_ns, memory_order_relaxed);
    talk->cpu_ns = atomic_load_explicit(&remote->cpu_ns, memory_order_relaxed);
    begin_time(talk);
}

static kw_status run_once(conversation *talk, const void *in)
{
    kw_status status = kww_take_lane(talk->place.remote, talk->call, talk->deadline_ns, &talk->place);
    if (status != KW_OK)
        return status;
    begin_time(talk);
    status = run(talk, in);
    trim(&talk->place);
    kww_give_lane(&talk->place);
    return status;
}

/* May the call be made once more? Only if nobody can tell: the operation may be repeated, and nothing of the answer was
 * passed on. */
static int is_to_be_repeated(const conversation *talk, kw_status status)
{
    kww_fault latest;
    uint32_t retry = atomic_load_explicit(&talk->place.remote->retry, memory_order_relaxed);
    if (status != KWW_FAULT || (talk->operation->flags & KWM_IDEMPOTENT) == 0 || talk->events != 0)
        return 0;
    kww_take_fault(&latest);
    switch (latest.kind) {
    case KWW_FAULT_LOST:
        return retry != KWW_RETRY_NONE;
    case KWW_FAULT_CRASHED:
    case KWW_FAULT_EXITED:
    case KWW_FAULT_PROTOCOL:
        return retry == KWW_RETRY_CRASHED;
    default:
        return 0;
    }
}

static kw_status run_anywhere(kww_remote *remote, kw_call *call, const kwm_operation *operation, const void *in)
{
    conversation talk;
    begin(&talk, remote, call, operation);
    talk.place.remote = remote;
    kw_status status = run_once(&talk, in);
    if (is_to_be_repeated(&talk, status)) {
        begin(&talk, remote, call, operation);
        talk.place.remote = remote;
        status = run_once(&talk, in);
    }
    return status;
}

/* ---- operations that every worker of an instance has to do ------------------------------------------------ */

enum { CREATE, START, CONFIGURE, HEALTH, QUIESCE, DESTROY };

/* The operation's number if it is one of the plugin's own table, else -1. */
static int own_number(const kwm_operation *operation)
{
    const kwm_operation *first = kwm_plugin_operations.operations;
    return operation >= first && operation < first + kwm_plugin_operations.count ? (int)(operation - first) : -1;
}

static int concerns_all(const kwm_operation *operation, const void *in)
{
    switch (own_number(operation)) {
    case START:
    case QUIESCE:
    case DESTROY:
        return 1;
    case CONFIGURE:
        return (((const kw_config_in *)in)->flags & KW_CONFIGURE_DRY_RUN) == 0;
    default:
        return 0;
    }
}

/* A worker that is gone has nothing to stop or to free. */
static kw_status done_without_worker(kw_call *call, const kwm_operation *operation)
{
    kw_quiesce_out quiesced = { .h = KW_HDR(kw_quiesce_out) };
    kw_none none = { .h = KW_HDR(kw_none) };
    int is_quiesce = own_number(operation) == QUIESCE;
    return call->api->reply(call, is_quiesce ? (void *)&quiesced : (void *)&none);
}

static kw_status run_everywhere(kww_remote *remote, kw_call *call, const kwm_operation *operation, const void *in)
{
    int ends = own_number(operation) >= QUIESCE;
    int is_done = 0;
    for (uint32_t i = 0; i < KWW_REMOTE_LIMIT; i++) {
        conversation talk;
        /* The first one's reply is the reply; of the others only errors count. */
        kwc_frame *other = is_done ? kwc_begin(NULL, 0) : NULL;
        if (is_done && other == NULL)
            return kww_fail(KWW_FAULT_MEMORY, "no memory is left for a call");
        begin(&talk, remote, is_done ? &other->call : call, operation);
        kw_status status = KW_OK;
        if (kww_take_lane_of(remote, i, &talk.place)) {
            status = run(&talk, in);
            kww_give_lane(&talk.place);
            is_done |= status == KW_OK;
        }
        if (other != NULL)
            kwc_end(other);
        if (status != KW_OK && !(ends && status == KWW_FAULT))
            return status;
    }
    if (is_done)
        return KW_OK;
    return ends ? done_without_worker(call, operation) : run_anywhere(remote, call, operation, in);
}

kw_status kwm_forward(kw_instance *self, kw_call *call, const kwm_operation *operation, const void *in)
{
    kww_remote *remote = (kww_remote *)(void *)self;
    return concerns_all(operation, in) ? run_everywhere(remote, call, operation, in)
                                       : run_anywhere(remote, call, operation, in);
}
