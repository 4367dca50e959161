#include "check.h"

static kwc_frame *begin(void)
{
    return kwc_begin(NULL, 0);
}

static int is_zero(const unsigned char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (memory[i] != 0)
            return 0;
    }
    return 1;
}

static void alignment_and_zeroing(void)
{
    /* Twice, so that the second round sees memory that the first one has dirtied. */
    for (int round = 0; round < 2; round++) {
        kwc_frame *frame = begin();
        kw_call *call = &frame->call;
        int aligned = 1, zero = 1;
        for (uint64_t align = 1; align <= 4096; align *= 2) {
            for (uint64_t size = 0; size < 300; size += 37) {
                unsigned char *memory = call->api->alloc(call, size, align);
                aligned &= memory != NULL && (uintptr_t)memory % align == 0;
                zero &= memory != NULL && is_zero(memory, (size_t)size);
                if (memory != NULL)
                    memset(memory, 0xA5, (size_t)size);
            }
        }
        CHECK(aligned);
        CHECK(zero);
        kwc_end(frame);
    }
}

static void bad_requests(void)
{
    kwc_frame *frame = begin();
    kw_call *call = &frame->call;
    CHECK(call->api->alloc(call, 1, 0) == NULL);
    CHECK(call->api->alloc(call, 1, 3) == NULL);
    CHECK(call->api->alloc(call, 1, 8192) == NULL);
    CHECK(call->api->alloc(call, 1, UINT64_MAX) == NULL);
    CHECK(call->api->alloc(call, UINT64_MAX, 16) == NULL);
    CHECK(call->api->alloc(call, UINT64_MAX - 15, 16) == NULL);
    CHECK(call->api->alloc(call, (uint64_t)1 << 63, 1) == NULL);
    CHECK(call->api->alloc(call, (uint64_t)KWC_DEFAULT_QUOTA + 1, 1) == NULL);
    frame->quota = UINT64_MAX;
    CHECK(call->api->alloc(call, UINT64_MAX, 16) == NULL);
    CHECK(call->api->alloc(call, UINT64_MAX - 4096, 4096) == NULL);
    /* A refusal spoils nothing. */
    CHECK(call->api->alloc(call, 64, 16) != NULL);
    kwc_end(frame);
}

static void quota(void)
{
    kwc_frame *frame = begin();
    kw_call *call = &frame->call;
    frame->quota = 100000;
    uint64_t got = 0;
    while (call->api->alloc(call, 1000, 1) != NULL)
        got += 1000;
    CHECK(got == 100000);
    CHECK(call->api->alloc(call, 1, 1) == NULL);
    kwc_end(frame);

    frame = begin();
    call = &frame->call;
    frame->quota = 1 << 20;
    int pieces = 0;
    while (pieces < 100000 && call->api->alloc(call, 1, 4096) != NULL)
        pieces++;
    /* A piece of one byte costs its padding, so that 4 KiB apart only about 256 of them fit a MiB. */
    CHECK(pieces >= 256 && pieces <= 600);
    kwc_end(frame);

    frame = begin();
    call = &frame->call;
    frame->quota = 1 << 20;
    unsigned char *all = call->api->alloc(call, 1 << 20, 64);
    CHECK(all != NULL && is_zero(all, 1 << 20));
    CHECK(call->api->alloc(call, 1, 1) == NULL);
    kwc_end(frame);
}

static void pieces_do_not_overlap(void)
{
    kwc_frame *frame = begin();
    kw_call *call = &frame->call;
    enum { COUNT = 400 };
    unsigned char *piece[COUNT];
    uint64_t size[COUNT];
    for (int i = 0; i < COUNT; i++) {
        size[i] = (uint64_t)(i * 131 % 5000);
        piece[i] = call->api->alloc(call, size[i], (uint64_t)1 << i % 8);
        if (piece[i] != NULL)
            memset(piece[i], i & 0xFF, (size_t)size[i]);
    }
    int intact = 1;
    for (int i = 0; i < COUNT; i++) {
        for (uint64_t at = 0; piece[i] != NULL && at < size[i]; at++)
            intact &= piece[i][at] == (i & 0xFF);
        intact &= piece[i] != NULL;
    }
    CHECK(intact);
    kwc_end(frame);
    CHECK(call->api->alloc(call, 1, 1) == NULL); /* after the end */
}

void test_arena(void)
{
    alignment_and_zeroing();
    bad_requests();
    quota();
    pieces_do_not_overlap();
}
