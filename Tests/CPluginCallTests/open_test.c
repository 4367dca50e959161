/* Calls that belong to no operation: a plugin's threads use them, and host services fail into them. */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>

static int released;

static void release(kw_lease *lease)
{
    released++;
    lease->release = NULL;
}

static int says(const kw_error *error, kw_status status, const char *message)
{
    return error != NULL && error->status == status && error->message.len == strlen(message) &&
           memcmp(error->message.ptr, message, strlen(message)) == 0;
}

static void what_it_is_for(void)
{
    kwc_frame *frame = kwc_open();
    kw_call *call = &frame->call;
    unsigned char *memory = call->api->alloc(call, 100000, 64);
    CHECK(memory != NULL && (uintptr_t)memory % 64 == 0 && memory[99999] == 0);
    CHECK(call->api->last_error(call) == NULL);
    kw_error error = { .h = KW_HDR(kw_error), .status = KW_NOT_FOUND, .message = { "first", 5 } };
    CHECK(call->api->fail(call, &error) == KW_NOT_FOUND);
    CHECK(says(call->api->last_error(call), KW_NOT_FOUND, "first"));
    error.status = KW_UNAVAILABLE;
    error.message = (kw_str){ "second", 6 };
    CHECK(call->api->fail(call, &error) == KW_UNAVAILABLE);
    CHECK(says(call->api->last_error(call), KW_UNAVAILABLE, "second"));
    /* An error that is none leaves the last one as it was. */
    CHECK(call->api->fail(call, NULL) == KW_INTERNAL && says(call->api->last_error(call), KW_UNAVAILABLE, "second"));

    kw_lease lease = { .release = release };
    released = 0;
    CHECK(call->api->adopt(call, &lease) == KW_OK && lease.release == NULL);
    CHECK(frame->call.deadline_ns == 0 && !kw_cancelled(call));
    kwc_end(frame);
    CHECK(released == 1);
    CHECK(call->api->alloc(call, 1, 1) == NULL && call->api->last_error(call) == NULL);
}

static void what_it_is_not_for(void)
{
    kwc_frame *frame = kwc_open();
    kw_call *call = &frame->call;
    kw_count out = { KW_HDR(kw_count), 1 };
    kw_event event = { .h = KW_HDR(kw_event), .kind = KW_EVENT_TEXT };
    CHECK(KW_REPLY(call, &out) == KW_FAILED_PRECONDITION);
    CHECK(call->api->emit(call, &event, 0) == KW_UNIMPLEMENTED);
    call->api->complete(call, KW_OK); /* ends nothing */
    CHECK(call->api->alloc(call, 1, 1) != NULL);
    kwc_end(frame);
}

static void beside_others(void)
{
    enum { COUNT = 20 };
    kwc_frame *open[COUNT];
    int distinct = 1;
    uint64_t ids = 0;
    for (int i = 0; i < COUNT; i++) {
        open[i] = kwc_open();
        for (int k = 0; k < i; k++)
            distinct &= open[i] != open[k] && open[i]->call.id != open[k]->call.id;
        ids |= open[i]->call.id;
    }
    CHECK(distinct && ids != 0);
    /* An operation on this thread neither takes nor disturbs them. */
    kw_count_in in = { KW_HDR(kw_count_in), 41, NULL };
    kw_count out;
    kwc_frame *frame = kwc_begin(&out, sizeof out);
    CHECK(kwc_invoke(frame, increment, NULL, &in) == KW_OK && out.count == 42);
    kwc_end(frame);
    int alive = 1;
    for (int i = 0; i < COUNT; i++) {
        alive &= open[i]->call.api->alloc(&open[i]->call, 3000, 8) != NULL;
        kwc_end(open[i]);
    }
    CHECK(alive);
}

static void take_line(void *context, const kw_call *call, uint32_t level, kw_str component, kw_str message, kw_str fields)
{
    *(uint64_t *)context += call->id != 0 && level == KW_LOG_INFO && component.len == 1 && message.len == 2
                            && fields.len == 3;
}

static void lines_of_its_log(void)
{
    uint64_t lines = 0;
    kw_str component = { "c", 1 }, message = { "mm", 2 }, fields = { "{ }", 3 };
    kwc_frame *frame = kwc_open();
    kw_call *call = &frame->call;
    call->api->log(call, KW_LOG_INFO, component, message, fields); /* nobody reads it */
    frame->log = take_line;
    frame->log_context = &lines;
    call->api->log(call, KW_LOG_INFO, component, message, fields);
    CHECK(lines == 1);
    kwc_end(frame);
    call->api->log(call, KW_LOG_INFO, component, message, fields); /* late: dropped */
    CHECK(lines == 1);
}

static void *close_elsewhere(void *frame)
{
    kwc_end(frame);
    return NULL;
}

static void *open_often(void *wrong)
{
    for (int i = 0; i < 20000; i++) {
        kwc_frame *frame = kwc_open();
        if (frame == NULL || frame->call.api->last_error(&frame->call) != NULL)
            ++*(int *)wrong;
        kw_error error = { .h = KW_HDR(kw_error), .status = KW_ABORTED };
        if (frame != NULL && frame->call.api->fail(&frame->call, &error) != KW_ABORTED)
            ++*(int *)wrong;
        if (frame != NULL)
            kwc_end(frame);
    }
    return NULL;
}

static void across_threads(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    int wrong[THREADS] = { 0 };
    if (pthread_create(&threads[0], NULL, close_elsewhere, kwc_open()) != 0)
        abort();
    pthread_join(threads[0], NULL);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, open_often, &wrong[i]) != 0)
            abort();
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(wrong[i] == 0);
    }
}

void test_open(void)
{
    what_it_is_for();
    what_it_is_not_for();
    beside_others();
    lines_of_its_log();
    across_threads();
}
