/* A plugin with all four adapters, small enough to be read whole, that compiles against the present headers and
 * against the next SDK's (skew/next_sdk.py). Each operation answers from everything it read, nested arrays included,
 * so that a host sees what arrived. */
#ifndef ADAPTERS_H
#define ADAPTERS_H

#include <keyway/plugin.h>
#include <keyway/author.h>

extern const kw_embedder embedder;
extern const kw_embedder must_embedder; /* the same with KW_MUST: for hosts that know every operation of it */
extern const kw_provider provider;
extern const kw_vector_backend vector_backend;
extern const kw_tool_executor tool_executor;

struct kw_instance {
    const kw_host *host;
    uint64_t host_number; /* from a function that only a newer host has; else 0 */
};

/* The fields that the next SDK appends to every struct of data. A reader of the present one has none. */
#ifdef KW_ADDED
#define ADDED_NUMBER(p) ((p)->added_number)
#define SET_ADDED(p, number) ((p)->added_number = (number))
#else
#define ADDED_NUMBER(p) ((uint64_t)0)
#define SET_ADDED(p, number) ((void)(p))
#endif

/* What the plugin's own SDK writes into the added field of every reply. */
#define ADDED_BY_PLUGIN 41u

/* T request; READ_REQUEST(T, request, in, call); returns from the operation if it may not be read. */
#define READ_REQUEST(T, request, in, call)                                                                       \
    do {                                                                                                         \
        if (!KW_ACCEPT(T, in))                                                                                   \
            return kw_fail(call, KW_UNIMPLEMENTED, "the request must be understood whole and is newer");         \
        if (!kw_read(&(request), (in)))                                                                          \
            return kw_fail(call, KW_INVALID_ARGUMENT, "the request is shorter than its header");                 \
    } while (0)

/* An array of zeroed T in the arena, each with its header. NULL: no memory. */
void *make_array(kw_call *call, uint32_t count, uint32_t size);
#define MAKE_ARRAY(call, count, T) ((T *)make_array((call), (count), (uint32_t)sizeof(T)))

#endif
