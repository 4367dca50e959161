#include "check.h"

#include <pthread.h>
#include <stdlib.h>

/* Calls itself value times; replies how deep it got. */
static kw_status recursing(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    uint64_t depth = ((const kw_count_in *)in)->value;
    kw_count out = { KW_HDR(kw_count), 0 };
    uint64_t *mine = call->api->alloc(call, sizeof *mine, sizeof *mine);
    if (mine == NULL)
        return KW_RESOURCE_EXHAUSTED;
    *mine = depth;
    if (depth > 0) {
        kw_count_in deeper = { KW_HDR(kw_count_in), depth - 1, NULL };
        kw_count answer;
        kwc_frame *frame = kwc_begin(&answer, sizeof answer);
        if (frame == NULL)
            return KW_RESOURCE_EXHAUSTED;
        kw_status status = kwc_invoke(frame, recursing, NULL, &deeper);
        kwc_end(frame);
        if (status != KW_OK)
            return status;
        out.count = answer.count + 1;
    }
    /* The inner calls had memory of their own. */
    return *mine == depth ? KW_REPLY(call, &out) : KW_DATA_LOSS;
}

static kw_call *kept;

static kw_status keeping(kw_instance *self, kw_call *call, const void *in)
{
    kept = call;
    return increment(self, call, in);
}

static kw_status calling_keeper(kw_instance *self, kw_call *call, const void *in)
{
    kw_status status;
    kw_count out;
    kwc_frame *frame = run(keeping, &out, sizeof out, NULL, &status);
    kwc_end(frame);
    return status == KW_OK ? increment(self, call, in) : status;
}

void test_nesting(void)
{
    kw_count_in in = { KW_HDR(kw_count_in), 50, NULL };
    kw_count out;
    for (int round = 0; round < 3; round++) {
        kwc_frame *frame = kwc_begin(&out, sizeof out);
        CHECK(kwc_invoke(frame, recursing, NULL, &in) == KW_OK && out.count == 50);
        kwc_end(frame);
    }
    /* The nested call's frame was never the thread's own; using it late still finds "ended". */
    kw_status status;
    kwc_frame *frame = run(calling_keeper, &out, sizeof out, NULL, &status);
    CHECK(status == KW_OK && kept != &frame->call);
    kw_count more = { KW_HDR(kw_count), 7 };
    CHECK(kept->api->reply(kept, &more) == KW_FAILED_PRECONDITION);
    CHECK(kept->api->alloc(kept, 1, 1) == NULL);
    kept->api->complete(kept, KW_OK);
    kwc_end(frame);
}

static kw_status mixed(kw_instance *self, kw_call *call, const void *in)
{
    uint64_t value = ((const kw_count_in *)in)->value;
    switch (value % 5) {
    case 0:
        if (call->api->alloc(call, value % 4000, 16) == NULL)
            return KW_RESOURCE_EXHAUSTED;
        break;
    case 1: {
        kw_error error = { .h = KW_HDR(kw_error), .status = KW_NOT_FOUND, .message = { "none", 4 } };
        return call->api->fail(call, &error);
    }
    default: break;
    }
    return increment(self, call, in);
}

typedef struct worker {
    pthread_t thread;
    uint64_t wrong;
    uint64_t ids; /* wrong order of ids within the thread */
} worker;

enum { THREADS = 8, CALLS = 100000 };

static void *call_often(void *argument)
{
    worker *w = argument;
    uint64_t last = 0;
    for (uint64_t i = 0; i < CALLS; i++) {
        kw_count_in in = { KW_HDR(kw_count_in), i, NULL };
        kw_count out;
        kwc_frame *frame = kwc_begin(&out, sizeof out);
        if (frame == NULL) {
            w->wrong++;
            continue;
        }
        kw_status status = kwc_invoke(frame, mixed, NULL, &in);
        if (i % 5 == 1)
            w->wrong += status != KW_NOT_FOUND || frame->error.message.len != 4;
        else
            w->wrong += status != KW_OK || out.count != i + 1;
        w->ids += frame->call.id <= last;
        last = frame->call.id;
        kwc_end(frame);
    }
    return NULL;
}

void test_threads(void)
{
    /* Twice: the second set of threads takes over the frames of the first. */
    for (int round = 0; round < 2; round++) {
        worker workers[THREADS];
        memset(workers, 0, sizeof workers);
        for (int i = 0; i < THREADS; i++) {
            if (pthread_create(&workers[i].thread, NULL, call_often, &workers[i]) != 0)
                abort();
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(workers[i].thread, NULL);
            CHECK(workers[i].wrong == 0);
            CHECK(workers[i].ids == 0);
        }
    }
}
