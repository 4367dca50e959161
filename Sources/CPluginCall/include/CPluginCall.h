/* CPluginCall - the host's side of one call: arena, reply, error, events, cancellation, completion.
 *
 * In C, because the worker process needs the same engine and must not carry a Swift runtime, and because the functions
 * of kw_call_api are called by plugins of any language as plain C.
 *
 * Life of a frame: kwc_begin, kwc_invoke, read the reply, kwc_end; all on one thread. Meanwhile kwc_cancel and kwc_wake
 * may come from any thread, and so may the functions of kw_call_api marked [any]. Each thread keeps one frame for its
 * next call, so that a call allocates and locks nothing; a call within a call gets another. Frames are never freed: what a plugin
 * does with its call after the end is dropped, until the frame serves another call.
 */
#ifndef CPLUGINCALL_H
#define CPLUGINCALL_H

#include <keyway/plugin.h>

/* What a plugin did against the contract; bits of kwc_frame.misuse. */
#define KWC_DOUBLE_REPLY 1u
#define KWC_MISSING_REPLY 2u
#define KWC_BAD_REPLY 4u       /* NULL, shorter than its header, or must-understand bytes nobody understands */
#define KWC_EMIT_AFTER_REPLY 8u
#define KWC_BAD_EVENT 16u
#define KWC_PENDING_NOT_ALLOWED 32u
#define KWC_DOUBLE_COMPLETE 64u
#define KWC_BAD_ERROR 128u

#define KWC_INLINE_ARENA 2048u
#define KWC_DEFAULT_QUOTA (256u << 20)

/* Takes one event. Blocks while the consumer is behind, unless KW_EMIT_NOBLOCK is set. Returns what emit returns. */
typedef kw_status (*kwc_sink)(void *context, const kw_event *event, uint32_t flags);

/* Takes one line of a call's log, on any thread. */
typedef void (*kwc_log)(void *context, const kw_call *call, uint32_t level, kw_str component, kw_str message,
                        kw_str fields_json);

typedef struct kwc_chunk kwc_chunk;
typedef struct kwc_lease_node kwc_lease_node;

/* What the host may look at; the engine keeps more behind it. */
typedef struct kwc_frame {
    kw_call call;            /* what the plugin sees; call.host_private points back here */
    uint32_t cancelled;      /* the flag that call.cancelled points to */
    uint32_t misuse;         /* KWC_* */
    uint32_t replied;        /* 0 or 1 */
    uint32_t failed;         /* 0 or 1: error is set */
    uint32_t allows_pending; /* the plugin has KW_CAP_ASYNC */
    uint32_t is_complete;
    void *out;               /* the host's reply struct */
    uint32_t out_size;
    kw_status completion;
    kwc_sink sink;           /* NULL: this call takes no events */
    void *sink_context;
    kwc_log log;             /* NULL: nobody reads it */
    void *log_context;
    uint64_t quota;          /* bytes of arena left, padding included */
    kwc_chunk *chunks;
    kwc_lease_node *leases;
    unsigned char *arena_at; /* free part of the current chunk */
    unsigned char *arena_end;
    void (*wake)(void *user_data);
    void *wake_data;
    uint32_t wakes_running;
    uint32_t ended;          /* 0 or 1: the host has let go; whatever the plugin still does is dropped */
    kw_error error;          /* copied, if failed; its strings are in the arena */
} kwc_frame;

/* A frame for one call whose reply is a struct of out_size bytes at out, which reply overwrites whole (NULL and 0 if the
 * host does not care for the reply). NULL: out of memory. */
kwc_frame *kwc_begin(void *out, uint32_t out_size);

/* A frame for a plugin's own work outside of operations: an arena, a deadline, a place for errors, no reply and no events.
 * Belongs to no thread; kwc_end may come from another one. NULL: out of memory. */
kwc_frame *kwc_open(void);

/* Calls op, waits for complete() if it returned KW_PENDING, and returns the final status: KW_OK only after exactly one
 * reply. */
kw_status kwc_invoke(kwc_frame *frame, kw_any_op op, kw_instance *self, const void *in);

/* Sets the flag, fires the eventfd and the waker. Any thread; as often as wanted; returned before kwc_end is called. */
void kwc_cancel(kwc_frame *frame);

/* Tells a producer whose NOBLOCK emit was refused that there is room again. Any thread. */
void kwc_wake(kwc_frame *frame);

/* Releases leases, arena and eventfd. Afterwards nothing of the reply may be read. */
void kwc_end(kwc_frame *frame);

/* Does memory of the call hold these bytes: its arena, or a lease that it adopted? For checks of what was replied. */
int kwc_holds(const kwc_frame *frame, const void *ptr, uint64_t len);

/* The one place where sizes are handled: copies a growable struct into host memory of dst_size bytes, zero-filled.
 * KW_INVALID_ARGUMENT: NULL, or a size below its header; KW_UNIMPLEMENTED: larger than dst with KW_MUST set. */
kw_status kwc_import(void *dst, uint32_t dst_size, const void *src);

/* kwc_import of an interface table, whose words after the header are operations: NULL ones get a stub that answers
 * KW_UNIMPLEMENTED. Bit i of *present says whether slot i was there. At most 64 slots. */
kw_status kwc_import_table(void *dst, uint32_t dst_size, const void *src, uint64_t *present);

/* 1 if none of the numbers is infinite or not a number. */
int kwc_all_finite(const float *numbers, uint64_t count);

/* Slot i of an imported table. */
kw_any_op kwc_slot(const void *table, uint32_t index);

#endif
