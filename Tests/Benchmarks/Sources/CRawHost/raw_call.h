/* raw_call.h - the least that a plugin needs of a call: reply, alloc, emit, fail. */
#ifndef RAW_CALL_H
#define RAW_CALL_H

#include <keyway/plugin.h>

typedef kw_status (*raw_sink)(void *context, const kw_event *event);

typedef struct raw_call {
    kw_call call;
    uint32_t cancelled;
    uint32_t out_size;
    void *out;
    raw_sink sink;
    void *sink_context;
    unsigned char *arena; /* kept from call to call */
    uint64_t arena_size, arena_used;
} raw_call;

/* `call` is zeroed by its owner once; afterwards its arena lives on until raw_call_free. */
void raw_call_begin(raw_call *call, void *out, uint32_t out_size);
void raw_call_free(raw_call *call);

#endif
