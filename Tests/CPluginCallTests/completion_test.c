#include "check.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct job {
    kw_call *call;
    gate *go;      /* opened when the worker may complete; NULL: at once */
    gate *done;    /* opened when the worker has completed */
    kw_status status;
    int replies, completions;
    pthread_t thread;
} job;

static void *work(void *argument)
{
    job *j = argument;
    if (j->go != NULL)
        gate_wait(j->go);
    kw_count out = { KW_HDR(kw_count), 5 };
    for (int i = 0; i < j->replies; i++)
        (void)KW_REPLY(j->call, &out);
    for (int i = 0; i < j->completions; i++)
        j->call->api->complete(j->call, j->status);
    gate_open(j->done);
    return NULL;
}

static job *start(kw_call *call, const void *in)
{
    job *j = ((const kw_count_in *)in)->data;
    j->call = call;
    if (pthread_create(&j->thread, NULL, work, j) != 0)
        abort();
    return j;
}

/* Completes before the operation returned. */
static kw_status early(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    gate_wait(start(call, in)->done);
    return KW_PENDING;
}

/* Completes, in all likelihood, after it returned: the worker waits for the last thing the operation does. */
static kw_status late(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    gate_open(start(call, in)->go);
    return KW_PENDING;
}

static kw_status outcome(kw_any_op op, job *j, kw_count *out, uint32_t *misuse)
{
    kw_count_in in = { KW_HDR(kw_count_in), 0, j };
    j->go = op == late ? gate_make() : NULL;
    j->done = gate_make();
    kwc_frame *frame = kwc_begin(out, sizeof *out);
    frame->allows_pending = 1;
    kw_status status = kwc_invoke(frame, op, NULL, &in);
    if (pthread_join(j->thread, NULL) != 0)
        abort();
    *misuse = frame->misuse;
    kwc_end(frame);
    gate_free(j->done);
    if (j->go != NULL)
        gate_free(j->go);
    return status;
}

static kw_status pending_only(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)call;
    (void)in;
    return KW_PENDING;
}

void test_completion(void)
{
    static const kw_any_op ways[] = { early, late };
    for (int way = 0; way < 2; way++) {
        kw_any_op op = ways[way];
        kw_count out;
        uint32_t misuse;
        for (int round = 0; round < 200; round++) {
            job j = { .status = KW_OK, .replies = 1, .completions = 1 };
            kw_status status = outcome(op, &j, &out, &misuse);
            if (status != KW_OK || out.count != 5 || misuse != 0) {
                CHECK(!"a pending call must end as it was completed");
                break;
            }
        }
        CHECK(out.count == 5);

        job j = { .status = KW_UNAVAILABLE, .completions = 1 };
        CHECK(outcome(op, &j, &out, &misuse) == KW_UNAVAILABLE && misuse == 0);
        j = (job){ .status = KW_OK, .completions = 1 };
        CHECK(outcome(op, &j, &out, &misuse) == KW_INTERNAL && misuse == KWC_MISSING_REPLY);
        j = (job){ .status = KW_PENDING, .replies = 1, .completions = 1 };
        CHECK(outcome(op, &j, &out, &misuse) == KW_INTERNAL);
    }
    /* Twice before the return: seen for certain. */
    kw_count out;
    uint32_t misuse;
    job j = { .status = KW_OK, .replies = 1, .completions = 2 };
    CHECK(outcome(early, &j, &out, &misuse) == KW_INTERNAL && misuse == KWC_DOUBLE_COMPLETE);

    kw_status status;
    kwc_frame *frame = run(pending_only, NULL, 0, NULL, &status);
    CHECK(status == KW_INTERNAL && frame->misuse == KWC_PENDING_NOT_ALLOWED);
    kw_call *ended = &frame->call;
    kwc_end(frame);

    /* A completion that comes after the end must not end a later call. */
    ended->api->complete(ended, KW_OK);
    kw_count_in in = { KW_HDR(kw_count_in), 1, NULL };
    frame = kwc_begin(&out, sizeof out);
    CHECK(frame->is_complete == 0);
    CHECK(kwc_invoke(frame, increment, NULL, &in) == KW_OK && out.count == 2);
    kwc_end(frame);
}
