/* One operation of a plugin in a worker: kwm_forward, which every stub calls. */
#define _GNU_SOURCE
#include "engine.h"

#include <CPluginCall.h>
#include <CPluginMarshal.h>

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More of a lane's memory than this is given back to the system after the call. */
#define KEPT_MEMORY (1u << 20)
/* How long the end of a process that was killed may take to be told. */
#define DEATH_NS 5000000000

/* One call while it runs. */
typedef struct conversation {
    place place;
    kw_call *call;
    kwc_frame *frame;
    const kwm_operation *operation;
    kwm_matrix matrix;
    uint32_t number;
    int has_waker;
    int is_cancelled;      /* the worker was told to end it */
    int is_cut;            /* events were kept from the caller since */
    int64_t deadline_ns;   /* the nearest: of call, wall limit or grace */
    int64_t began_ns;
    int64_t wall_ns, cpu_ns; /* limits, 0 = none */
    int64_t cpu_began_ns;  /* processor time of the worker when this was first looked at; -1 = not yet */
    uint32_t reason;       /* KWW_KILL_* for which it was told to end */
    uint64_t reason_value;
    uint64_t output, events; /* so far */
} conversation;

/* ---- memory --------------------------------------------------------------------------------------------- */

static void note_use(place *place, uint64_t size)
{
    if (size > place->record->used)
        place->record->used = size;
}

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

/* Room for a private copy of what the worker wrote, for the time until the next of this lane; 16-aligned. */
static void *scratch(place *place, uint64_t size)
{
    lane_record *record = place->record;
    if (size > record->scratch_size || record->scratch == NULL) {
        uint64_t room = size < 4096 ? 4096 : page_rounded(size);
        void *memory = aligned_alloc(ALIGNMENT, room);
        if (memory == NULL)
            return NULL;
        free(record->scratch);
        record->scratch = memory;
        record->scratch_size = room;
    }
    return record->scratch;
}

/* ---- the request ---------------------------------------------------------------------------------------- */

static uint32_t interface_number(const kwm_operation *operation)
{
    for (uint32_t i = 0; i < kwm_interface_count(); i++) {
        const kwm_interface *interface = kwm_interface_at(i);
        if (operation >= interface->operations && operation < interface->operations + interface->count)
            return i;
    }
    return PLUGIN_TABLE;
}

static int says_more(const kw_call *call)
{
    return call->run_id.len != 0 || call->traceparent.len != 0 || call->caller.len != 0 || call->attributes.count != 0;
}

static kw_status too_large(const char *what, uint64_t needed)
{
    kww_fault *fault = kww_new_fault(KWW_FAULT_TOO_LARGE);
    fault->value = AREA_SIZE;
    snprintf(fault->text, sizeof fault->text, "the %s takes %llu bytes, and a worker's lane has %u", what,
             (unsigned long long)needed, AREA_SIZE);
    return KWW_FAULT;
}

static kw_status refuse_input(kw_status status, const kwm_fault *wrong, uint64_t needed)
{
    if (status == KW_BUFFER_TOO_SMALL)
        return too_large("input", needed);
    return kww_fail(KWW_FAULT_INPUT, "the input cannot be sent to a worker: %s.%s %s", wrong->structure, wrong->field,
                 wrong->reason);
}

static kw_status write_request(conversation *talk, const void *in, uint64_t *length)
{
    const kw_call *call = talk->call;
    kwm_fault wrong = { "", "", "" };
    uint64_t call_length = 0, input_length = 0;
    if (says_more(call)) {
        kw_status status = kwm_encode(&kwm_call, call, talk->place.request, AREA_SIZE, &call_length, &wrong);
        if (status != KW_OK)
            return refuse_input(status, &wrong, call_length);
    }
    uint64_t at = aligned(call_length);
    kw_status status = kwm_encode(talk->operation->in, in, talk->place.request + at, AREA_SIZE - at, &input_length,
                                  &wrong);
    if (status != KW_OK)
        return refuse_input(status, &wrong, at + input_length);
    status = kwm_matrix_read(talk->operation, in, &talk->matrix, &wrong);
    if (status == KW_BUFFER_TOO_SMALL)
        return status; /* as the plugin itself would say */
    if (status == KW_OK && talk->matrix.count != 0 && talk->matrix.rows == NULL) {
        wrong = (kwm_fault){ talk->operation->in->name, talk->operation->matrix->name, "is NULL" };
        status = KW_INVALID_ARGUMENT;
    }
    if (status != KW_OK)
        return refuse_input(status, &wrong, 0);
    talk->place.host->header = (request_header){
        .interface = interface_number(talk->operation),
        .slot = talk->operation->slot,
        .flags = talk->frame->sink != NULL ? REQUEST_TAKES_EVENTS : 0,
        .call_length = call_length,
        .input_length = input_length,
        .call_id = call->id,
        .deadline_ns = call->deadline_ns,
        .connect_deadline_ns = call->connect_deadline_ns,
        .headers_deadline_ns = call->headers_deadline_ns,
        .first_content_deadline_ns = call->first_content_deadline_ns,
        .between_chunks_ns = call->between_chunks_ns,
    };
    *length = at + input_length;
    note_use(&talk->place, *length);
    return KW_OK;
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

/* ---- ending it ------------------------------------------------------------------------------------------ */

/* Asks the plugin to end the call; if it does not within the grace, its process is ended. */
static void ask_to_end(conversation *talk, uint32_t reason, uint64_t value)
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

static kw_status limit_fault(const conversation *talk)
{
    if (talk->reason == KWW_KILL_CANCELLED)
        return kww_fail(KWW_FAULT_CANCELLED, "it was cancelled");
    kww_fault *fault = kww_new_fault(KWW_FAULT_LIMIT);
    fault->limit = talk->reason;
    fault->value = talk->reason_value;
    fault->pid = atomic_load(&talk->place.worker->pid);
    return KWW_FAULT;
}

/* The worker has to go: it is killed, and its end awaited. */
static void end_worker(conversation *talk, uint32_t why)
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

static kw_status breach(conversation *talk, const char *what)
{
    end_worker(talk, KWW_KILL_PROTOCOL);
    kww_fail(KWW_FAULT_PROTOCOL, "%s", what);
    return KWW_FAULT;
}

/* What the limits and the caller say now; asks the call to end if they say so. */
static void look_at_limits(conversation *talk)
{
    int64_t now = kww_monotonic_ns();
    if (talk->is_cancelled)
        return;
    if (kw_cancelled(talk->call)) {
        ask_to_end(talk, KWW_KILL_CANCELLED, 0);
        return;
    }
    if (now >= talk->deadline_ns) {
        int is_limit = talk->wall_ns != 0 && now >= talk->began_ns + talk->wall_ns;
        int64_t value = is_limit ? talk->wall_ns : talk->call->deadline_ns - talk->began_ns;
        ask_to_end(talk, is_limit ? KWW_KILL_WALL : KWW_KILL_DEADLINE, value > 0 ? (uint64_t)value : 0);
        return;
    }
    if (talk->cpu_ns != 0) {
        int64_t used = kww_worker_cpu_ns(talk->place.worker);
        if (talk->cpu_began_ns < 0)
            talk->cpu_began_ns = used;
        else if (used >= 0 && used - talk->cpu_began_ns >= talk->cpu_ns)
            ask_to_end(talk, KWW_KILL_CPU, (uint64_t)talk->cpu_ns);
    }
}

/* Until when to sleep at most: processor time cannot pass faster than there are processors for it. */
static int64_t wake_time(const conversation *talk)
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

/* ---- waiting -------------------------------------------------------------------------------------------- */

static int is_due(void *context)
{
    conversation *talk = context;
    worker_lane *lane = talk->place.lane;
    return atomic_load_explicit(&lane->reply, memory_order_acquire) != talk->number - 1
        || atomic_load_explicit(&lane->events_written, memory_order_acquire) != talk->place.record->events_read
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
    look_at_limits(talk);
    uint32_t signal = atomic_load(&lane->signal);
    atomic_store(&talk->place.host->is_parked, 1);
    kww_step(STEP_CALLER_PARKED);
    if (!is_due(talk))
        kww_futex_wait(&lane->signal, signal, wake_time(talk));
    atomic_store(&talk->place.host->is_parked, 0);
    kww_step(STEP_CALLER_WOKEN);
}

/* ---- events --------------------------------------------------------------------------------------------- */

static void free_ring(conversation *talk, uint64_t read)
{
    host_header *header = talk->place.worker->host;
    talk->place.record->events_read = read;
    atomic_store(&talk->place.host->events_read, read);
    if (atomic_load(&talk->place.lane->waits_for_room) != 0) {
        atomic_fetch_add(&header->control, 1);
        kww_futex_wake(&header->control, INT32_MAX);
    }
}

static kw_status pass_event(conversation *talk, uint64_t at, uint64_t length)
{
    void *event = NULL, *copy = scratch(&talk->place, length);
    if (copy == NULL) {
        /* The call goes on over there, and the lane is to serve another one. */
        end_worker(talk, KWW_KILL_RETIRED);
        return kww_fail(KWW_FAULT_MEMORY, "no memory is left for an event of %llu bytes", (unsigned long long)length);
    }
    memcpy(copy, talk->place.ring + at, length);
    kww_step(STEP_EVENT_COPIED);
    if (kwm_decode(&kwm_event, copy, length, &event, NULL) != KW_OK)
        return breach(talk, "it wrote an event that is none");
    talk->output += length;
    talk->events++;
    kww_remote *remote = talk->place.remote;
    uint64_t most = atomic_load_explicit(&remote->output_bytes, memory_order_relaxed);
    uint64_t count = atomic_load_explicit(&remote->events, memory_order_relaxed);
    if (most != 0 && talk->output > most && !talk->is_cancelled)
        ask_to_end(talk, KWW_KILL_OUTPUT, most);
    else if (count != 0 && talk->events > count && !talk->is_cancelled)
        ask_to_end(talk, KWW_KILL_EVENTS, count);
    if (talk->is_cancelled) {
        talk->is_cut = 1;
        return KW_OK;
    }
    /* Blocks while the consumer is behind, and the ring fills up meanwhile. */
    if (talk->call->api->emit(talk->call, event, 0) == KW_CANCELLED)
        ask_to_end(talk, KWW_KILL_CANCELLED, 0);
    return KW_OK;
}

/* Passes on what is in the ring. */
static kw_status take_events(conversation *talk)
{
    uint64_t read = talk->place.record->events_read;
    uint64_t written = atomic_load_explicit(&talk->place.lane->events_written, memory_order_acquire);
    if (written - read > RING_SIZE || written % ALIGNMENT != 0)
        return breach(talk, "the end of its events is not where it can be");
    while (read != written) {
        ring_record record;
        uint64_t at = read % RING_SIZE, room = RING_SIZE - at;
        memcpy(&record, talk->place.ring + at, sizeof record);
        if (record.length == SKIP) {
            if (room > written - read)
                return breach(talk, "it skips more of its events than there are");
            read += room;
        } else {
            uint64_t size = record.length > RING_SIZE ? UINT64_MAX : sizeof record + aligned(record.length);
            if (size > room || size > written - read)
                return breach(talk, "it wrote an event that is longer than its events together");
            kw_status status = pass_event(talk, at + sizeof record, record.length);
            if (status != KW_OK)
                return status;
            read += size;
        }
        free_ring(talk, read);
        kww_step(STEP_EVENT_FREED);
    }
    return KW_OK;
}

/* ---- the reply ------------------------------------------------------------------------------------------ */

static kw_status read_error(conversation *talk, uint64_t length)
{
    void *error = NULL, *copy = scratch(&talk->place, length);
    if (copy == NULL)
        return kww_fail(KWW_FAULT_MEMORY, "no memory is left for an error of %llu bytes", (unsigned long long)length);
    memcpy(copy, talk->place.reply, length);
    if (kwm_decode(&kwm_error, copy, length, &error, NULL) != KW_OK)
        return breach(talk, "it reported an error that is none");
    talk->call->api->fail(talk->call, error);
    return KW_OK;
}

static kw_status read_output(conversation *talk, const reply_header *header)
{
    const kwm_matrix *matrix = &talk->matrix;
    uint64_t wanted = kwm_matrix_length(matrix);
    if (header->rows_length != wanted)
        return breach(talk, "it replied another number of rows than there are inputs");
    /* The reply's pointees stay until the caller has read them, so they live in the call's arena. */
    void *output = NULL, *copy = talk->call->api->alloc(talk->call, header->output_length, ALIGNMENT);
    if (copy == NULL)
        return kww_fail(KWW_FAULT_MEMORY, "no memory is left for a reply of %llu bytes",
                     (unsigned long long)header->output_length);
    memcpy(copy, talk->place.reply + aligned(wanted), header->output_length);
    kww_step(STEP_OUTPUT_COPIED);
    if (kwm_decode(talk->operation->out, copy, header->output_length, &output, NULL) != KW_OK)
        return breach(talk, "it replied what is no reply");
    /* Numbers only: nothing that the worker could change under our hands. */
    kwm_matrix_copy(matrix, talk->place.reply);
    return talk->call->api->reply(talk->call, output);
}

static kw_status read_reply(conversation *talk)
{
    reply_header header;
    kww_step(STEP_REPLY_SEEN);
    memcpy(&header, &talk->place.lane->header, sizeof header);
    if (header.flags & REPLY_IS_TOO_LARGE)
        return too_large("output", header.output_length);
    if (header.error_length > AREA_SIZE || header.output_length > AREA_SIZE || header.rows_length > AREA_SIZE
        || aligned(header.rows_length) + header.output_length > AREA_SIZE)
        return breach(talk, "its reply is longer than its memory");
    uint64_t size = header.error_length + aligned(header.rows_length) + header.output_length;
    note_use(&talk->place, size);
    /* An answer that came in spite of it counts, if it is whole. */
    if (talk->is_cancelled && talk->reason != KWW_KILL_CANCELLED && (header.status != KW_OK || talk->is_cut))
        return limit_fault(talk);
    uint64_t most = atomic_load_explicit(&talk->place.remote->output_bytes, memory_order_relaxed);
    if (most != 0 && talk->output + size > most) {
        talk->reason = KWW_KILL_OUTPUT;
        talk->reason_value = most;
        return limit_fault(talk);
    }
    talk->frame->misuse |= header.misuse;
    kw_status status = header.status;
    if (status == KWW_FAULT || status == KW_PENDING)
        status = KW_INTERNAL;
    if (status != KW_OK) {
        kw_status read = (header.flags & REPLY_HAS_ERROR) != 0 ? read_error(talk, header.error_length) : KW_OK;
        return read == KW_OK ? status : read;
    }
    if ((header.flags & REPLY_HAS_OUTPUT) == 0)
        return breach(talk, "it says that all went well, and replied nothing");
    return read_output(talk, &header);
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
        kw_status status = take_events(talk);
        if (status != KW_OK)
            return status;
        if (reply == talk->number) {
            status = read_reply(talk);
            kww_step(STEP_REPLY_READ);
            return status;
        }
        if (reply != talk->number - 1)
            return breach(talk, "it answered a request that was not made");
        if (has_ended(worker)) {
            if (talk->is_cancelled && atomic_load(&worker->killed) != KWW_KILL_NONE)
                return limit_fault(talk);
            return kww_fault_of_end(worker, talk->place.index);
        }
        /* Also of a worker that has always something to say: then there is no sleep. */
        look_at_limits(talk);
        if (talk->is_cancelled && kww_monotonic_ns() >= talk->deadline_ns) {
            end_worker(talk, talk->reason);
            return limit_fault(talk);
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
    kw_status status = write_request(talk, in, &length);
    if (status != KW_OK)
        return status;
    kww_step(STEP_REQUEST_WRITTEN);
    if (atomic_load_explicit(&remote->is_judged, memory_order_relaxed) != 0
        && watch->judge(watch->context, talk->operation->name, talk->place.request, length) != 0)
        return kww_fail(KWW_FAULT_POISONED, "it ended workers before");
    status = converse(talk, send_request(talk));
    if (talk->has_waker)
        talk->call->api->set_waker(talk->call, NULL, NULL);
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

static int concerns_all(const kwm_operation *operation, const void *in)
{
    if (interface_number(operation) != PLUGIN_TABLE)
        return 0;
    switch (operation - kwm_plugin_operations.operations) {
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
    int is_quiesce = operation - kwm_plugin_operations.operations == QUIESCE;
    return call->api->reply(call, is_quiesce ? (void *)&quiesced : (void *)&none);
}

static kw_status run_everywhere(kww_remote *remote, kw_call *call, const kwm_operation *operation, const void *in)
{
    int ends = operation - kwm_plugin_operations.operations >= QUIESCE;
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
