/* A lane's thread: takes a request, runs the plugin's operation, replies. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of an operation's reply: far more than any struct of the ABI has. */
#define REPLY_SIZE 4096u

static void log_of_call(void *context, const kw_call *call, uint32_t level, kw_str component, kw_str message,
                        kw_str fields)
{
    (void)context;
    send_log(call, level, component, message, fields);
}

void tell_host(lane *lane)
{
    /* The host sets its flag, then looks again: either it sees what was written, or the flag is seen here. */
    if (atomic_load(&lane->host->is_parked) == 0)
        return;
    atomic_fetch_add(&lane->worker->signal, 1);
    kww_futex_wake(&lane->worker->signal, INT32_MAX);
}

static int make_room(lane *lane, uint64_t wanted)
{
    if (wanted <= lane->buffer_size && lane->buffer != NULL)
        return 1;
    uint64_t room = page_rounded(wanted > 0 ? wanted : 1);
    unsigned char *larger = aligned_alloc(64, room);
    if (larger == NULL)
        return 0;
    free(lane->buffer);
    lane->buffer = larger;
    lane->buffer_size = room;
    return 1;
}

/* Memory that one large call needed is not kept for all the small ones after it. */
static void trim(lane *lane)
{
    if (lane->buffer_size <= 1u << 20)
        return;
    free(lane->buffer);
    lane->buffer = NULL;
    lane->buffer_size = 0;
}

/* ---- the reply ------------------------------------------------------------------------------------------ */

static void publish(lane *lane, uint32_t number, const reply_header *header)
{
    lane->worker->header = *header;
    kww_step(STEP_REPLY_WRITTEN);
    atomic_store(&lane->worker->reply, number);
    kww_step(STEP_REPLY_PUBLISHED);
    tell_host(lane);
    kww_step(STEP_REPLY_TOLD);
}

static void reply_error(lane *lane, reply_header *header, const kw_error *error)
{
    if (kwm_encode(&kwm_error, error, lane->reply, AREA_SIZE, &header->error_length, NULL) == KW_OK)
        header->flags |= REPLY_HAS_ERROR;
    else
        header->error_length = 0;
}

/* The rows are there already: the plugin wrote them into the lane's memory. */
static void reply_output(lane *lane, reply_header *header, const kwm_operation *operation, const void *output,
                         uint64_t rows)
{
    uint64_t at = aligned(rows);
    kw_status status = kwm_encode(operation->out, output, lane->reply + at, AREA_SIZE - at, &header->output_length,
                                  NULL);
    if (status == KW_OK) {
        header->rows_length = rows;
        header->flags |= REPLY_HAS_OUTPUT;
    } else if (status == KW_BUFFER_TOO_SMALL) {
        header->status = KW_RESOURCE_EXHAUSTED;
        header->flags |= REPLY_IS_TOO_LARGE;
        header->output_length += at;
    } else {
        header->status = KW_INTERNAL;
        header->misuse |= KWC_BAD_REPLY;
    }
}

static void refuse(lane *lane, uint32_t number, kw_status status, const char *why)
{
    kw_error error = { .h = KW_HDR(kw_error), .status = status, .message = { why, strlen(why) } };
    reply_header header = { .status = status };
    reply_error(lane, &header, &error);
    publish(lane, number, &header);
}

/* ---- the call ------------------------------------------------------------------------------------------- */

static void describe_call(lane *lane, kwc_frame *frame, const request_header *header, const kw_call *more)
{
    kw_call *call = &frame->call;
    if (more != NULL) {
        call->run_id = more->run_id;
        call->traceparent = more->traceparent;
        call->caller = more->caller;
        call->attributes = more->attributes;
    }
    call->id = header->call_id;
    call->deadline_ns = header->deadline_ns;
    call->connect_deadline_ns = header->connect_deadline_ns;
    call->headers_deadline_ns = header->headers_deadline_ns;
    call->first_content_deadline_ns = header->first_content_deadline_ns;
    call->between_chunks_ns = header->between_chunks_ns;
    call->cancelled = (const uint32_t *)(const void *)&lane->host->cancelled;
    frame->allows_pending = (this_process.plugin.caps & KW_CAP_ASYNC) != 0;
    frame->log = log_of_call;
    frame->log_context = lane;
    if ((header->flags & REQUEST_TAKES_EVENTS) != 0) {
        frame->sink = send_event;
        frame->sink_context = lane;
    }
}

enum { CREATE, START, CONFIGURE, HEALTH, QUIESCE, DESTROY };

/* The operation's own number if it is one of the plugin's table, else -1. */
static int own_number(const kwm_operation *operation)
{
    const kwm_operation *first = kwm_plugin_operations.operations;
    return operation >= first && operation < first + kwm_plugin_operations.count ? (int)(operation - first) : -1;
}

static kw_status invoke(lane *lane, kwc_frame *frame, const kwm_operation *operation, kw_any_op function, void *input,
                        void *output)
{
    kw_instance *self = atomic_load_explicit(&this_process.instance, memory_order_acquire);
    int number = own_number(operation);
    if ((self == NULL) != (number == CREATE))
        return KW_FAILED_PRECONDITION;
    if (number == CREATE)
        ((kw_create_in *)input)->host = &this_process.host_table;
    atomic_store(&lane->frame, frame);
    /* Cancelled before there was a frame to tell. */
    if (kw_cancelled(&frame->call))
        kwc_cancel(frame);
    kww_step(STEP_BEGUN);
    /* For on_crash, which asks whether this call was refused memory. */
    errno = 0;
    kw_status status = kwc_invoke(frame, function, self, input);
    kww_step(STEP_ENDED);
    /* The control thread may have it just now. */
    while (atomic_exchange(&lane->frame, NULL) == NULL)
        sched_yield();
    if (status == KW_OK && number == CREATE) {
        self = ((kw_create_out *)output)->instance;
        if (self == NULL) {
            frame->misuse |= KWC_BAD_REPLY;
            return KW_INTERNAL;
        }
        atomic_store(&this_process.instance, self);
    }
    if (status == KW_OK && number == DESTROY)
        atomic_store(&this_process.instance, NULL);
    return status;
}

/* What a plugin hands over is its own, and freed by it. */
static void release_leases(const kwm_operation *operation, void *output)
{
    for (uint32_t i = 0; i < operation->out->field_count; i++) {
        const kwm_field *field = &operation->out->fields[i];
        if (field->kind != KWM_LEASE)
            continue;
        kw_lease *lease = (kw_lease *)(void *)((unsigned char *)output + field->offset);
        if (lease->release != NULL)
            lease->release(lease);
    }
}

static void run(lane *lane, uint32_t number, const request_header *header, const kwm_operation *operation,
                kw_any_op function, const kw_call *call, void *input)
{
    _Alignas(16) unsigned char output[REPLY_SIZE];
    kwm_matrix matrix;
    uint32_t size = operation->out->size;
    if (size > sizeof output || kwm_matrix_read(operation, input, &matrix, NULL) != KW_OK) {
        refuse(lane, number, KW_INVALID_ARGUMENT, "the caller's memory for the result does not hold it");
        return;
    }
    uint64_t rows = kwm_matrix_length(&matrix);
    if (rows > AREA_SIZE) {
        reply_header reply = { .status = KW_RESOURCE_EXHAUSTED, .flags = REPLY_IS_TOO_LARGE, .output_length = rows };
        publish(lane, number, &reply);
        return;
    }
    lane->rows = aligned(rows);
    kwm_matrix_place(operation, input, lane->reply);
    memset(output, 0, size);
    kwc_frame *frame = kwc_begin(output, size);
    if (frame == NULL) {
        refuse(lane, number, KW_RESOURCE_EXHAUSTED, "no memory is left for a call");
        return;
    }
    describe_call(lane, frame, header, call);
    reply_header reply = { .status = invoke(lane, frame, operation, function, input, output) };
    reply.misuse = frame->misuse;
    if (reply.status == KW_OK)
        reply_output(lane, &reply, operation, output, rows);
    else if (frame->failed)
        reply_error(lane, &reply, &frame->error);
    kww_step(STEP_REPLY_ENCODED);
    release_leases(operation, output);
    kwc_end(frame);
    publish(lane, number, &reply);
}

static void serve(lane *lane, uint32_t number)
{
    request_header header = lane->host->header;
    kw_any_op function = NULL;
    const kwm_operation *operation = find_operation(&header, &function);
    if (operation == NULL) {
        refuse(lane, number, KW_UNIMPLEMENTED, "the plugin has no such operation");
        return;
    }
    uint64_t at = aligned(header.call_length);
    if (header.call_length > AREA_SIZE || header.input_length > AREA_SIZE - at) {
        refuse(lane, number, KW_DATA_LOSS, "the request is longer than its memory");
        return;
    }
    if (!make_room(lane, at + header.input_length)) {
        refuse(lane, number, KW_RESOURCE_EXHAUSTED, "no memory is left for the input");
        return;
    }
    memcpy(lane->buffer, lane->request, at + header.input_length);
    kww_step(STEP_REQUEST_COPIED);
    void *call = NULL, *input = NULL;
    kw_status status = KW_OK;
    if (header.call_length != 0)
        status = kwm_decode(&kwm_call, lane->buffer, header.call_length, &call, NULL);
    if (status == KW_OK)
        status = kwm_decode(operation->in, lane->buffer + at, header.input_length, &input, NULL);
    if (status != KW_OK) {
        refuse(lane, number, KW_DATA_LOSS, "the request is none");
        return;
    }
    kww_step(STEP_REQUEST_DECODED);
    run(lane, number, &header, operation, function, call, input);
    trim(lane);
}

/* ---- the thread ----------------------------------------------------------------------------------------- */

typedef struct arrival {
    lane *lane;
    uint32_t seen;
} arrival;

static int has_arrived(void *context)
{
    const arrival *arrival = context;
    return atomic_load_explicit(&arrival->lane->host->request, memory_order_acquire) != arrival->seen;
}

static void await_request(arrival *arrival)
{
    lane *lane = arrival->lane;
    while (!kww_wait_awake(&lane->waiter, UINT32_MAX, has_arrived, arrival) && !has_arrived(arrival)) {
        atomic_store(&lane->worker->is_parked, 1);
        kww_step(STEP_PARKED);
        if (!has_arrived(arrival))
            kww_futex_wait(&lane->host->request, arrival->seen, NO_DEADLINE);
        atomic_store(&lane->worker->is_parked, 0);
        if (has_arrived(arrival))
            return;
    }
}

_Thread_local uint32_t own_lane;

static void *serve_forever(void *context)
{
    arrival arrival = { .lane = context };
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &low, &size);
        pthread_attr_destroy(&attributes);
    }
    arrival.lane->stack_low = (uintptr_t)low;
    arrival.lane->stack_high = (uintptr_t)low + size;
    use_signal_stack();
    own_lane = arrival.lane->index + 1;
    for (;;) {
        await_request(&arrival);
        uint32_t number = atomic_load_explicit(&arrival.lane->host->request, memory_order_acquire);
        atomic_store_explicit(&arrival.lane->worker->processor, (uint32_t)sched_getcpu(), memory_order_relaxed);
        kww_step(STEP_REQUEST_SEEN);
        serve(arrival.lane, number);
        arrival.seen = number;
    }
    return NULL;
}

void arrange_lane(uint32_t index)
{
    uint32_t lanes = this_process.host->lanes;
    lane *lane = &this_process.lane[index];
    lane->index = index;
    /* Mapped for reading only; the engine's types are shared with the side that writes. */
    lane->host = (host_lane *)(uintptr_t)&this_process.host->lane[index];
    lane->worker = &this_process.worker->lane[index];
    lane->request = (const unsigned char *)this_process.host + host_area_offset(index);
    lane->ring = (unsigned char *)this_process.worker + worker_ring_offset(index);
    lane->reply = (unsigned char *)this_process.worker + worker_area_offset(lanes, index);
}

int start_lane(uint32_t index)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, serve_forever, &this_process.lane[index]);
    if (error == 0)
        pthread_detach(thread);
    return error;
}

_Noreturn void watch_lanes(void)
{
    host_header *host = (host_header *)(uintptr_t)this_process.host;
    for (;;) {
        uint32_t control = atomic_load(&host->control);
        for (uint32_t i = 0; i < host->lanes; i++) {
            lane *lane = &this_process.lane[i];
            uint32_t number = atomic_load(&lane->host->request);
            int is_cancelled = atomic_load(&lane->host->cancelled) != 0 && atomic_load(&lane->told) != number;
            int has_room = atomic_load(&lane->wants_wake) != 0;
            if (!is_cancelled && !has_room)
                continue;
            kwc_frame *frame = atomic_exchange(&lane->frame, NULL);
            if (frame == NULL)
                continue;
            /* A call that we hold cannot end, but it may be the one after the one that was cancelled. */
            is_cancelled = is_cancelled && atomic_load(&lane->host->request) == number
                && atomic_load(&lane->host->cancelled) != 0;
            if (is_cancelled) {
                kww_step(STEP_CANCEL_SEEN);
                atomic_store(&lane->told, number);
                kwc_cancel(frame);
                kww_step(STEP_CANCEL_TOLD);
            } else if (atomic_exchange(&lane->wants_wake, 0) != 0) {
                kwc_wake(frame);
            }
            atomic_store(&lane->frame, frame);
        }
        kww_futex_wait(&host->control, control, NO_DEADLINE);
    }
}
