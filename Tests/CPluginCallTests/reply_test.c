#include "check.h"

/* A reply of a later SDK: the same fields, then one more. */
typedef struct later_out {
    kw_hdr h;
    uint64_t count;
    uint64_t more;
} later_out;

static kw_status short_reply(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    kw_hdr out = { sizeof out, 0 };
    return KW_REPLY(call, &out);
}

static kw_status longer_reply(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    later_out out = { KW_HDR(later_out), 7, UINT64_MAX };
    if (((const kw_count_in *)in)->data != NULL)
        out.h.flags = KW_MUST;
    kw_status status = KW_REPLY(call, &out);
    return status;
}

static kw_status sized_reply(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    kw_count out = { KW_HDR(kw_count), 9 };
    out.h.size = *(const uint32_t *)((const kw_count_in *)in)->data;
    (void)KW_REPLY(call, &out);
    return KW_OK;
}

static kw_status null_reply(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    (void)KW_REPLY(call, NULL);
    return KW_OK;
}

static kw_status second_status;

static kw_status double_reply(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)in;
    kw_count first = { KW_HDR(kw_count), 1 }, second = { KW_HDR(kw_count), 2 };
    (void)KW_REPLY(call, &first);
    second_status = KW_REPLY(call, &second);
    return KW_OK;
}

static kw_status no_reply(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)call;
    (void)in;
    return KW_OK;
}

static kw_status refusal(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    (void)call;
    (void)in;
    return KW_NOT_FOUND;
}

/* The host's struct between two canaries. */
typedef struct guarded {
    uint64_t before;
    kw_count out;
    uint64_t after;
} guarded;

static const uint64_t canary = UINT64_C(0xDEADBEEFCAFEF00D);

void test_reply(void)
{
    kw_status status;
    guarded g = { canary, { { 99, 99 }, 99 }, canary };
    kw_count_in in = { KW_HDR(kw_count_in), 41, NULL };

    kwc_frame *frame = kwc_begin(&g.out, sizeof g.out);
    CHECK(kwc_invoke(frame, increment, NULL, &in) == KW_OK);
    CHECK(g.out.count == 42 && frame->misuse == 0);
    kwc_end(frame);

    g.out.count = 5;
    frame = run(short_reply, &g.out, sizeof g.out, NULL, &status);
    CHECK(status == KW_OK && g.out.count == 0); /* what the writer did not know reads as zero */
    kwc_end(frame);

    frame = run(longer_reply, &g.out, sizeof g.out, NULL, &status);
    CHECK(status == KW_OK && g.out.count == 7);
    CHECK(g.before == canary && g.after == canary);
    kwc_end(frame);

    frame = run(longer_reply, &g.out, sizeof g.out, &in, &status);
    CHECK(status != KW_OK && frame->misuse == KWC_BAD_REPLY && frame->replied == 0);
    CHECK(g.out.count == 0 && g.after == canary);
    kwc_end(frame);

    for (uint32_t size = 0; size < sizeof(kw_hdr); size++) {
        frame = run(sized_reply, &g.out, sizeof g.out, &size, &status);
        CHECK(status == KW_INTERNAL && frame->misuse == KWC_BAD_REPLY && g.out.count == 0);
        kwc_end(frame);
    }

    frame = run(null_reply, &g.out, sizeof g.out, NULL, &status);
    CHECK(status == KW_INTERNAL && frame->misuse == KWC_BAD_REPLY);
    kwc_end(frame);

    frame = run(double_reply, &g.out, sizeof g.out, NULL, &status);
    CHECK(status == KW_INTERNAL && frame->misuse == KWC_DOUBLE_REPLY);
    CHECK(second_status == KW_FAILED_PRECONDITION && g.out.count == 1);
    kwc_end(frame);

    frame = run(no_reply, &g.out, sizeof g.out, NULL, &status);
    CHECK(status == KW_INTERNAL && frame->misuse == KWC_MISSING_REPLY);
    kwc_end(frame);

    frame = run(refusal, &g.out, sizeof g.out, NULL, &status);
    CHECK(status == KW_NOT_FOUND && frame->misuse == 0 && frame->failed == 0);
    kwc_end(frame);

    /* A host that does not care for the reply still counts it. */
    frame = run(double_reply, NULL, 0, NULL, &status);
    CHECK(status == KW_INTERNAL && frame->misuse == KWC_DOUBLE_REPLY);
    kwc_end(frame);

    /* After the end nothing is written any more. */
    frame = run(increment, &g.out, sizeof g.out, NULL, &status);
    kw_call *late = &frame->call;
    kwc_end(frame);
    kw_count more = { KW_HDR(kw_count), 77 };
    CHECK(late->api->reply(late, &more) == KW_FAILED_PRECONDITION && g.out.count == 1);
    CHECK(g.before == canary && g.after == canary);
}
