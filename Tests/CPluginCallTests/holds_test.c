/* Which memory is a call's own. */
#include "check.h"

static void release(kw_lease *lease)
{
    lease->release = NULL;
}

void test_holds(void)
{
    static unsigned char lent[100], foreign[100];
    kwc_frame *frame = kwc_begin(NULL, 0);
    kw_call *call = &frame->call;
    static const uint64_t sizes[] = { 1, 100, KWC_INLINE_ARENA, 20000, 1 << 20 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *memory = call->api->alloc(call, sizes[i], 16);
        CHECK(memory != NULL && kwc_holds(frame, memory, sizes[i]));
        CHECK(kwc_holds(frame, memory + sizes[i] - 1, 1) && kwc_holds(frame, memory + sizes[i], 0));
        CHECK(!kwc_holds(frame, memory, UINT64_MAX) && !kwc_holds(frame, memory, (uint64_t)1 << 40));
        CHECK(!kwc_holds(frame, memory, UINT64_MAX - (uintptr_t)memory + 2)); /* wraps around */
    }
    CHECK(!kwc_holds(frame, foreign, sizeof foreign) && !kwc_holds(frame, NULL, 1));
    CHECK(!kwc_holds(frame, frame, 8)); /* the host's own */

    CHECK(!kwc_holds(frame, lent, 1));
    kw_lease lease = { .ptr = lent, .len = sizeof lent, .release = release };
    CHECK(call->api->adopt(call, &lease) == KW_OK);
    CHECK(kwc_holds(frame, lent, sizeof lent) && kwc_holds(frame, lent + 99, 1));
    CHECK(!kwc_holds(frame, lent, sizeof lent + 1) && !kwc_holds(frame, lent + 100, 1));
    kw_lease empty = { .release = release };
    CHECK(call->api->adopt(call, &empty) == KW_OK && !kwc_holds(frame, NULL, 1));

    /* What an ended call held, and what another one holds, is not this one's. */
    unsigned char *old = call->api->alloc(call, 50000, 16);
    kwc_frame *other = kwc_open();
    unsigned char *others = other->call.api->alloc(&other->call, 64, 16);
    CHECK(!kwc_holds(frame, others, 64) && kwc_holds(other, others, 64) && !kwc_holds(other, old, 1));
    kwc_end(frame);
    kwc_end(other);
    frame = kwc_begin(NULL, 0);
    CHECK(!kwc_holds(frame, lent, sizeof lent) && !kwc_holds(frame, foreign, 1));
    kwc_end(frame);
}
