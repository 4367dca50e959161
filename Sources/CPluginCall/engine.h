/* What the parts of the engine share; nobody else includes it. */
#ifndef KWC_ENGINE_H
#define KWC_ENGINE_H

#include "CPluginCall.h"

#include <pthread.h>

struct kwc_chunk {
    kwc_chunk *next;
    uint64_t size; /* bytes that follow */
};

struct kwc_lease_node {
    kwc_lease_node *next;
    kw_lease lease;
};

/* A frame and what only the engine touches. The lock guards completion, waker and eventfd; it, the condition and the
 * memory are kept from call to call. The first part of the arena follows.
 *
 * A frame is never freed: a plugin that uses its call too late must find memory that says "ended". There are never more
 * frames than calls that ran at once. */
typedef struct engine_frame {
    kwc_frame frame; /* first: a pointer to one is a pointer to the other */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int32_t cancel_fd;   /* -1 until asked for */
    uint32_t is_spare;   /* a thread keeps it */
    uint32_t is_busy;    /* from begin until the end of end */
    uint32_t wake_missed; /* a wake came while there was no waker */
    uint32_t is_shared;  /* something of this call took the lock: its end has to, too */
    uint32_t is_completing; /* complete() was called: no waker any more */
    struct engine_frame *next; /* in the pool */
} engine_frame;

static inline kwc_frame *frame_of(kw_call *call)
{
    return (kwc_frame *)call->host_private;
}

static inline engine_frame *engine_of(kwc_frame *frame)
{
    return (engine_frame *)frame;
}

/* Takes the lock, and says that the call was shared with another thread. What a plugin's threads do with a call they do
 * before the operation ends, and what a host's other threads do before kwc_end, so the flag needs no order of its own. */
static inline void lock_shared(engine_frame *engine)
{
    __atomic_store_n(&engine->is_shared, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock(&engine->lock);
}

static inline int has_ended(const kwc_frame *frame)
{
    return __atomic_load_n(&frame->ended, __ATOMIC_ACQUIRE) != 0;
}

/* complete() may come from another thread than the rest. */
static inline void note_misuse(kwc_frame *frame, uint32_t bits)
{
    __atomic_fetch_or(&frame->misuse, bits, __ATOMIC_RELAXED);
}

/* Zeroed memory that lives until the frame ends; NULL: over the quota, or a bad align. */
void *kwc_arena_alloc(kwc_frame *frame, uint64_t size, uint64_t align);

/* A copy of text in the arena, cut at 64 KiB; empty if there is no room. */
kw_str kwc_copy_text(kwc_frame *frame, kw_str text);

/* Runs the waker with the lock released; one at a time. Called, and returns, with the lock held. */
void kwc_run_waker(engine_frame *engine);

/* Is this thread inside the frame's waker? */
int kwc_is_waking(const kwc_frame *frame);

/* What kw_call.api points to. */
extern const kw_call_api kwc_call_api;

#endif
