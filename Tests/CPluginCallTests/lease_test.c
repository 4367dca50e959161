#include "check.h"

#include <stdlib.h>

static int released;

static void release(kw_lease *lease)
{
    released++;
    free(lease->owner);
    lease->release = NULL;
}

static kw_status nested_status;

/* A release that calls into a plugin again: it must get a frame of its own. */
static void release_calling(kw_lease *lease)
{
    kw_count_in in = { KW_HDR(kw_count_in), 10, NULL };
    kw_count out;
    kwc_frame *frame = kwc_begin(&out, sizeof out);
    nested_status = frame == NULL ? KW_INTERNAL : kwc_invoke(frame, increment, NULL, &in);
    if (nested_status == KW_OK && out.count != 11)
        nested_status = KW_DATA_LOSS;
    if (frame != NULL)
        kwc_end(frame);
    release(lease);
}

enum ending { REPLIES, FAILS, FORGETS, REPLIES_TWICE };

static kw_status second_adopt;

static kw_status lending(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    enum ending ending = *(const enum ending *)((const kw_count_in *)in)->data;
    for (int i = 0; i < 100; i++) {
        kw_lease lease = { .release = i == 50 ? release_calling : release, .owner = malloc(16) };
        if (call->api->adopt(call, &lease) != KW_OK)
            return KW_DATA_LOSS;
        second_adopt = call->api->adopt(call, &lease);
    }
    kw_count out = { KW_HDR(kw_count), 1 };
    switch (ending) {
    case REPLIES: return KW_REPLY(call, &out);
    case FAILS: return KW_ABORTED;
    case FORGETS: return KW_OK;
    case REPLIES_TWICE:
        (void)KW_REPLY(call, &out);
        (void)KW_REPLY(call, &out);
        return KW_OK;
    }
    return KW_DATA_LOSS;
}

void test_leases(void)
{
    static const struct {
        enum ending ending;
        kw_status status;
    } cases[] = { { REPLIES, KW_OK }, { FAILS, KW_ABORTED }, { FORGETS, KW_INTERNAL }, { REPLIES_TWICE, KW_INTERNAL } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum ending ending = cases[i].ending;
        kw_status status;
        released = 0;
        nested_status = KW_UNKNOWN;
        kwc_frame *frame = run(lending, NULL, 0, &ending, &status);
        CHECK(status == cases[i].status);
        CHECK(released == 0); /* the host may still read */
        CHECK(second_adopt == KW_INVALID_ARGUMENT);
        kwc_end(frame);
        CHECK(released == 100 && nested_status == KW_OK);
    }

    kwc_frame *frame = kwc_begin(NULL, 0);
    kw_call *call = &frame->call;
    CHECK(call->api->adopt(call, NULL) == KW_INVALID_ARGUMENT);
    kw_lease none = { .release = NULL };
    CHECK(call->api->adopt(call, &none) == KW_INVALID_ARGUMENT);
    frame->quota = 0;
    for (int i = 0; i < 200; i++)
        (void)call->api->alloc(call, 16, 16);
    kw_lease lease = { .release = release, .owner = NULL };
    /* Refused: it stays the plugin's, which still has to release it. */
    CHECK(call->api->adopt(call, &lease) == KW_RESOURCE_EXHAUSTED && lease.release == release);
    released = 0;
    kwc_end(frame);
    CHECK(released == 0);
    CHECK(call->api->adopt(call, &lease) == KW_INVALID_ARGUMENT && lease.release == release);
}
