/* What the tests of the call engine share: checks that count, and a plugin's helpers. */
#ifndef CHECK_H
#define CHECK_H

#include "checks.h"

#include <CPluginCall.h>

#include <string.h>

/* A plugin's data for one operation, handed over as its input. */
typedef struct kw_count_in {
    kw_hdr h;
    uint64_t value;
    void *data;
} kw_count_in;

/* Replies its value plus one. */
kw_status increment(kw_instance *self, kw_call *call, const void *in);

/* Begins a frame with out, runs op over data, and leaves the frame open. */
kwc_frame *run(kw_any_op op, void *out, uint32_t out_size, void *data, kw_status *status);

/* Opened by the main thread, awaited by others, without a clock. */
typedef struct gate gate;
gate *gate_make(void);
void gate_open(gate *g);
void gate_wait(gate *g);
void gate_free(gate *g);

void test_arena(void);
void test_reply(void);
void test_fail(void);
void test_events(void);
void test_leases(void);
void test_open(void);
void test_holds(void);
void test_completion(void);
void test_cancellation(void);
void test_nesting(void);
void test_import(void);
void test_threads(void);

#endif
