#include "raw_call.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_SIZE (1u << 20)

static kw_status reply(kw_call *call, const void *out)
{
    raw_call *own = call->host_private;
    uint32_t size = ((const kw_hdr *)out)->size;
    memcpy(own->out, out, size < own->out_size ? size : own->out_size);
    return KW_OK;
}

static void *alloc(kw_call *call, uint64_t size, uint64_t align)
{
    raw_call *own = call->host_private;
    if (own->arena == NULL) {
        own->arena = malloc(ARENA_SIZE);
        own->arena_size = own->arena == NULL ? 0 : ARENA_SIZE;
    }
    uint64_t at = (own->arena_used + align - 1) & ~(align - 1);
    if (at > own->arena_size || size > own->arena_size - at)
        return NULL;
    own->arena_used = at + size;
    return memset(own->arena + at, 0, size);
}

static kw_status emit(kw_call *call, const kw_event *event, uint32_t flags)
{
    raw_call *own = call->host_private;
    (void)flags;
    return own->sink == NULL ? KW_UNIMPLEMENTED : own->sink(own->sink_context, event);
}

static kw_status fail(kw_call *call, const kw_error *error)
{
    (void)call;
    return error->status;
}

static const kw_call_api api = {
    .h = KW_HDR(kw_call_api), .alloc = alloc, .fail = fail, .emit = emit, .reply = reply,
};

void raw_call_begin(raw_call *call, void *out, uint32_t out_size)
{
    memset(&call->call, 0, sizeof call->call);
    call->call.h.size = (uint32_t)sizeof(kw_call);
    call->call.api = &api;
    call->call.cancelled = &call->cancelled;
    call->call.host_private = call;
    call->out = out;
    call->out_size = out_size;
    call->arena_used = 0;
}

void raw_call_free(raw_call *call)
{
    free(call->arena);
    call->arena = NULL;
}
