/* The life of a frame. */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The frame that this thread used last. A call within a call finds it taken and gets one from the pool. */
static _Thread_local engine_frame *spare_frame;
static pthread_key_t spare_key;
static pthread_once_t spare_once = PTHREAD_ONCE_INIT;
static int spare_key_made;

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static engine_frame *pool;

static void give_to_pool(engine_frame *engine)
{
    pthread_mutex_lock(&pool_lock);
    engine->next = pool;
    pool = engine;
    pthread_mutex_unlock(&pool_lock);
}

/* The thread ends. */
static void release_spare(void *frame)
{
    engine_frame *engine = frame;
    spare_frame = NULL;
    engine->is_spare = 0;
    /* A thread that is torn down within a call leaves its frame to that call's late users. */
    if (!engine->is_busy)
        give_to_pool(engine);
}

static void make_spare_key(void)
{
    spare_key_made = pthread_key_create(&spare_key, release_spare) == 0;
}

static engine_frame *take_from_pool(void)
{
    pthread_mutex_lock(&pool_lock);
    engine_frame *engine = pool;
    if (engine != NULL)
        pool = engine->next;
    pthread_mutex_unlock(&pool_lock);
    if (engine != NULL)
        return engine;
    engine = calloc(1, sizeof(engine_frame) + KWC_INLINE_ARENA);
    if (engine == NULL)
        return NULL;
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->changed, NULL);
    engine->cancel_fd = -1;
    engine->frame.ended = 1;
    return engine;
}

static engine_frame *take_frame(void)
{
    if (spare_frame != NULL)
        return spare_frame->is_busy ? take_from_pool() : spare_frame;
    engine_frame *engine = take_from_pool();
    pthread_once(&spare_once, make_spare_key);
    if (engine != NULL && spare_key_made && pthread_setspecific(spare_key, engine) == 0) {
        engine->is_spare = 1;
        spare_frame = engine;
    }
    return engine;
}

/* Numbers for kw_call.id: a thread takes many at a time, so that calls do not meet at one counter. */
static uint64_t take_id(void)
{
    enum { BLOCK = 1024 };
    static uint64_t next_block = 1;
    static _Thread_local uint64_t next, left;
    if (left == 0) {
        next = __atomic_fetch_add(&next_block, BLOCK, __ATOMIC_RELAXED);
        left = BLOCK;
    }
    left--;
    return next++;
}

static kwc_frame *begin(engine_frame *engine, void *out, uint32_t out_size)
{
    if (engine == NULL)
        return NULL;
    kwc_frame *frame = &engine->frame;
    engine->is_busy = 1;
    engine->wake_missed = 0;
    engine->is_completing = 0;
    __atomic_store_n(&engine->is_shared, 0, __ATOMIC_RELAXED);
    memset(frame, 0, offsetof(kwc_frame, ended));
    frame->call.h.size = (uint32_t)sizeof(kw_call);
    frame->call.api = &kwc_call_api;
    frame->call.cancelled = &frame->cancelled;
    frame->call.host_private = frame;
    frame->call.id = take_id();
    frame->out = out;
    frame->out_size = out_size;
    frame->quota = KWC_DEFAULT_QUOTA;
    frame->arena_at = (unsigned char *)(engine + 1);
    frame->arena_end = frame->arena_at + KWC_INLINE_ARENA;
    __atomic_store_n(&frame->ended, 0, __ATOMIC_RELEASE);
    return frame;
}

kwc_frame *kwc_begin(void *out, uint32_t out_size)
{
    return begin(take_frame(), out, out_size);
}

kwc_frame *kwc_open(void)
{
    kwc_frame *frame = begin(take_from_pool(), NULL, 0);
    if (frame != NULL)
        frame->replied = 1; /* there is nobody to reply to */
    return frame;
}

kw_status kwc_invoke(kwc_frame *frame, kw_any_op op, kw_instance *self, const void *in)
{
    kw_status status = op(self, &frame->call, in);
    if (status == KW_PENDING) {
        if (!frame->allows_pending) {
            /* Nobody may touch the frame after this returns, and a plugin without KW_CAP_ASYNC never promised to
             * complete: waiting could last for ever. */
            note_misuse(frame, KWC_PENDING_NOT_ALLOWED);
            return KW_INTERNAL;
        }
        pthread_mutex_lock(&engine_of(frame)->lock);
        while (!frame->is_complete)
            pthread_cond_wait(&engine_of(frame)->changed, &engine_of(frame)->lock);
        status = frame->completion;
        pthread_mutex_unlock(&engine_of(frame)->lock);
    }
    if (status == KW_OK && __atomic_load_n(&frame->misuse, __ATOMIC_RELAXED) != 0)
        return KW_INTERNAL;
    if (status == KW_OK && !frame->replied) {
        note_misuse(frame, KWC_MISSING_REPLY);
        return KW_INTERNAL;
    }
    return status;
}

void kwc_cancel(kwc_frame *frame)
{
    __atomic_store_n(&frame->cancelled, 1, __ATOMIC_RELEASE);
    lock_shared(engine_of(frame));
    if (engine_of(frame)->cancel_fd >= 0) {
        uint64_t one = 1;
        /* Full counter: readable already, which is all that is wanted. */
        while (write(engine_of(frame)->cancel_fd, &one, sizeof one) < 0 && errno == EINTR) {
        }
    }
    kwc_run_waker(engine_of(frame));
    pthread_mutex_unlock(&engine_of(frame)->lock);
}

void kwc_wake(kwc_frame *frame)
{
    lock_shared(engine_of(frame));
    kwc_run_waker(engine_of(frame));
    pthread_mutex_unlock(&engine_of(frame)->lock);
}

void kwc_end(kwc_frame *frame)
{
    engine_frame *engine = engine_of(frame);
    int32_t fd = -1;
    if (__atomic_load_n(&engine->is_shared, __ATOMIC_RELAXED) == 0) {
        __atomic_store_n(&frame->ended, 1, __ATOMIC_RELEASE);
    } else {
        /* Under the lock: what another thread still does with the call has either happened or will be dropped. */
        pthread_mutex_lock(&engine->lock);
        __atomic_store_n(&frame->ended, 1, __ATOMIC_RELEASE);
        while (frame->wakes_running > 0 && !kwc_is_waking(frame))
            pthread_cond_wait(&engine->changed, &engine->lock);
        frame->wake = NULL;
        fd = engine->cancel_fd;
        engine->cancel_fd = -1;
        pthread_mutex_unlock(&engine->lock);
    }
    /* A lease's release may begin calls of its own, so the frame stays busy until all is done. */
    for (kwc_lease_node *node = frame->leases; node != NULL; node = node->next) {
        if (node->lease.release != NULL)
            node->lease.release(&node->lease);
    }
    frame->leases = NULL;
    for (kwc_chunk *chunk = frame->chunks; chunk != NULL;) {
        kwc_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    frame->chunks = NULL;
    if (fd >= 0)
        close(fd);
    engine->is_busy = 0;
    if (!engine->is_spare)
        give_to_pool(engine);
}
