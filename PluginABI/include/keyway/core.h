/* keyway/core.h - value types, status codes, calls. C11, C++17, importable by Swift. Calls no library function.
 *
 * R1  A growable struct starts with kw_hdr, travels by pointer or in a kw_span, has no implicit padding and no
 *     enum, bool or long in it.
 * R2  A frozen struct (kw_str, kw_bytes, kw_span, kw_lease, kw_hdr) never changes; only these are embedded by value.
 * R3  The WRITER allocates and sizes a struct, the READER checks the size. There is no caller-sized out-struct,
 *     because a callee that was built later would write past its end.
 * R4  Every operation has ONE machine signature, status op(self, call, in); results leave through reply(), so a
 *     tracer, a checker or a worker process can stand in for any operation without knowing it.
 * R5  Fields named reserved, and bits without a name, are 0 when they are written. A host ignores them in what a plugin
 *     writes; a plugin that meets an unnamed bit or number in a request answers KW_UNIMPLEMENTED.
 *
 * Threads. Every function says from where it may be called:
 *   [any]   any thread, concurrently
 *   [life]  any thread, but never two at once for a plugin, whatever the instances. Operations of interfaces and `task`
 *           come only between start and quiesce of their instance, health and configure from create to destroy. During
 *           start, quiesce and destroy nothing else of the instance runs; configure and notice may run beside its
 *           operations if the plugin has KW_CAP_CONCURRENT, else they run alone
 *   [op]    a host thread; per instance at most max_concurrency calls at once (one, without KW_CAP_CONCURRENT)
 *   [emit]  any thread, one at a time for a call
 *
 * Memory is of three kinds, and no free() crosses the border:
 *   borrow  what the host passes in is valid until the operation ends. What a plugin passes to fail or emit, and all it
 *           points to, is copied or used up before that function returns; so is the struct that it passes to reply, but
 *           not what that struct points to
 *   arena   kw_call_api.alloc: freed by the host when it has read the reply
 *   lease   kw_call_api.adopt: stays the plugin's memory; the host calls release exactly once
 */
#ifndef KEYWAY_CORE_H
#define KEYWAY_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "version.h"

#if defined(__cplusplus)
#define KW_NOEXCEPT noexcept /* part of the type since C++17: a function that may throw does not assign */
#define KW_ASSERT(condition, message) static_assert(condition, message)
extern "C" {
#else
#define KW_NOEXCEPT
#define KW_ASSERT(condition, message) _Static_assert(condition, message)
#endif

#define KW_EXPORT __attribute__((visibility("default"), used))

/* What a struct's type does not say, for tools: machine-readable under clang, without effect on the ABI; empty elsewhere.
 * Every kw_span and every pointer of a growable struct has one of the last six, from which its way to another process is
 * made.
 *
 *   KW_THREAD(class)          of a function: from which threads it may be called, see above
 *   KW_REPLIES(type)          of an operation: what it replies
 *   KW_IDEMPOTENT             of an operation: if its process was lost it may be repeated, unless it has emitted
 *   KW_EMITS                  of an operation: may emit events
 *
 *   KW_OF(type)               of a span: its elements
 *   KW_OF_KIND(field, ...)    of a span: its elements, by the value of a field; none for values that are not named
 *   KW_SIZED_BY(field)        of a pointer: so many bytes
 *   KW_ELEMENTS(dims, element)
 *                             of a pointer: a vector of so many KW_ELEMENT_*, or NULL
 *   KW_FILLED(capacity, stride, dims, element, ...)
 *                             of a pointer: memory of the caller, of so many bytes, that the operation fills: a row for
 *                             each element of the spans named last
 *   KW_LOCAL                  of a pointer: means something in its own process only, and is NULL in another one
 */
#if defined(__clang__)
#define KW_ANNOTATE(text) __attribute__((annotate("keyway." text)))
#else
#define KW_ANNOTATE(text)
#endif
#define KW_THREAD(class) KW_ANNOTATE("thread:" #class)
#define KW_REPLIES(type) KW_ANNOTATE("reply:" #type)
#define KW_IDEMPOTENT KW_ANNOTATE("idempotent")
#define KW_EMITS KW_ANNOTATE("emits")
#define KW_OF(type) KW_ANNOTATE("of:" #type)
#define KW_OF_KIND(field, ...) KW_ANNOTATE("of-kind:" #field ", " #__VA_ARGS__)
#define KW_SIZED_BY(field) KW_ANNOTATE("sized-by:" #field)
#define KW_ELEMENTS(dims, element) KW_ANNOTATE("elements:" #dims ", " #element)
#define KW_FILLED(capacity, stride, dims, element, ...) \
    KW_ANNOTATE("filled:" #capacity ", " #stride ", " #dims ", " #element ", " #__VA_ARGS__)
#define KW_LOCAL KW_ANNOTATE("local")

KW_ASSERT(sizeof(void *) == 8 && sizeof(double) == 8, "the Keyway ABI is defined for LP64 only");

/* ---- frozen value types --------------------------------------------------------------------------------- */

/* Borrowed UTF-8 text, not NUL-terminated. If len is 0, ptr may be anything and is not read. */
typedef struct kw_str {
    const char *ptr;
    uint64_t len;
} kw_str;

/* Borrowed bytes. If len is 0, ptr may be anything and is not read. */
typedef struct kw_bytes {
    const void *ptr;
    uint64_t len;
} kw_bytes;

/* An array. Step by stride, never by sizeof: the writer's element may be larger than the reader's.
 * ptr and stride are aligned for the element's type; if count is 0, they may be anything and are not read.
 * Also how one growable struct refers to another: count 0 (absent) or 1. */
typedef struct kw_span {
    const void *ptr;
    uint32_t count;
    uint32_t stride;
} kw_span;

/* First member of every growable struct. size is sizeof in the WRITER's header. */
typedef struct kw_hdr {
    uint32_t size;
    uint32_t flags;
} kw_hdr;

/* The one bit of kw_hdr.flags: a reader that does not know all `size` bytes (or, of an event, its kind) must refuse. */
#define KW_MUST 0x80000000u

/* Memory that stays the plugin's while the host reads it. Move-only. */
typedef struct kw_lease {
    const void *ptr;
    uint64_t len;
    void (*release)(struct kw_lease *lease) KW_NOEXCEPT KW_THREAD(any); /* called once; sets release to NULL */
    void *owner; /* the plugin's own; the host never reads it */
} kw_lease;

/* ---- status --------------------------------------------------------------------------------------------- */

/* 0-16 are the canonical codes (as in gRPC and absl), 100 and above are Keyway's. */
typedef int32_t kw_status;
#define KW_OK ((kw_status)0)
#define KW_CANCELLED ((kw_status)1)
#define KW_UNKNOWN ((kw_status)2)
#define KW_INVALID_ARGUMENT ((kw_status)3)
#define KW_DEADLINE_EXCEEDED ((kw_status)4)
#define KW_NOT_FOUND ((kw_status)5)
#define KW_ALREADY_EXISTS ((kw_status)6)
#define KW_PERMISSION_DENIED ((kw_status)7)
#define KW_RESOURCE_EXHAUSTED ((kw_status)8)
#define KW_FAILED_PRECONDITION ((kw_status)9)
#define KW_ABORTED ((kw_status)10)
#define KW_OUT_OF_RANGE ((kw_status)11)
#define KW_UNIMPLEMENTED ((kw_status)12)
#define KW_INTERNAL ((kw_status)13)
#define KW_UNAVAILABLE ((kw_status)14)
#define KW_DATA_LOSS ((kw_status)15)
#define KW_UNAUTHENTICATED ((kw_status)16)
#define KW_PENDING ((kw_status)100)          /* the operation goes on and ends with complete() */
#define KW_WOULD_BLOCK ((kw_status)101)      /* emit with KW_EMIT_NOBLOCK: the consumer is behind */
#define KW_BUFFER_TOO_SMALL ((kw_status)102)
#define KW_SDK_MISMATCH ((kw_status)103)
#define KW_CONTEXT_OVERFLOW ((kw_status)110)
#define KW_CONTENT_FILTER ((kw_status)111)
#define KW_DIMENSION_MISMATCH ((kw_status)112)
#define KW_RATE_LIMITED ((kw_status)113)
#define KW_OVERLOADED ((kw_status)114)
#define KW_MEMORY_LIMIT ((kw_status)115)
#define KW_TRANSPORT ((kw_status)116)

typedef struct kw_instance kw_instance; /* opaque; the plugin's */
typedef struct kw_call_1 kw_call;
typedef struct kw_host_1 kw_host;

/* A slot of an interface table: an operation that takes I and replies O. A NULL slot means "not implemented";
 * the host fills it. Returns KW_OK after exactly one reply; KW_PENDING (plugins with KW_CAP_ASYNC only; [life]
 * operations, too), then complete() exactly once; or an error, best by `return call->api->fail(call, &error)`. */
#define KW_OP(name, I, O) kw_status (*name)(kw_instance *self, kw_call *call, const I *in) KW_NOEXCEPT KW_REPLIES(O)

/* What stands in for any operation: a tracer, a checker, a marshaller. */
typedef kw_status (*kw_any_op)(kw_instance *self, kw_call *call, const void *in) KW_NOEXCEPT;

/* ---- small growable structs ----------------------------------------------------------------------------- */

/* The input or reply of an operation that has none. */
typedef struct kw_none_1 {
    kw_hdr h;
} kw_none;

typedef struct kw_pair_1 {
    kw_hdr h;
    kw_str key, value;
} kw_pair;

#define KW_RETRY_UNKNOWN 0u
#define KW_RETRY_YES 1u
#define KW_RETRY_NO 2u

typedef struct kw_error_1 {
    kw_hdr h;
    kw_status status;
    int32_t vendor_code;     /* the plugin's own number, 0 if none */
    uint32_t http_status;    /* 0 if none */
    uint32_t retry;          /* KW_RETRY_* */
    int64_t retry_after_ns;  /* 0 = not said */
    kw_str message;          /* what went wrong, and what to do about it */
    kw_str details_json;     /* facts for programs as one JSON object of any keys, which the host passes on; or empty */
    kw_str domain;           /* whose number vendor_code is: "errno", "openai"; or empty */
    kw_str request_id;       /* the remote service's name for the request, or empty */
    kw_str backtrace;        /* where it arose, for logs; or empty */
} kw_error;

/* ---- streamed events ------------------------------------------------------------------------------------ */

#define KW_EVENT_STARTED 1u     /* provider: id = response id, name = model; at most once, first */
#define KW_EVENT_TEXT 2u        /* provider: text delta of block `index` */
#define KW_EVENT_REASONING 3u   /* provider: reasoning delta of block `index`; data = signature, if any */
#define KW_EVENT_TOOL_BEGIN 4u  /* provider: tool call `index` opens; id, name */
#define KW_EVENT_TOOL_ARGS 5u   /* provider: text = next fragment of the arguments' JSON */
#define KW_EVENT_TOOL_END 6u    /* provider: tool call `index` is whole; data = signature, if any */
#define KW_EVENT_USAGE 7u       /* provider: payload = kw_usage, cumulative; may repeat */
#define KW_EVENT_STDOUT 8u      /* executor: data */
#define KW_EVENT_STDERR 9u      /* executor: data */
#define KW_EVENT_PROGRESS 10u   /* text = what; data = one double, 0...1, or empty */
#define KW_EVENT_WARNING 11u    /* name = feature, text = what was not done as asked */
#define KW_EVENT_HEARTBEAT 12u  /* still alive, nothing to say */
#define KW_EVENT_PART 13u       /* provider: payload = kw_part, a whole one: an image, a file, a citation, a refusal */
#define KW_EVENT_LOGPROBS 14u   /* provider: payload = kw_token_logprob, several */
#define KW_EVENT_RATE_LIMIT 15u /* provider: payload = kw_rate_limit, several */
#define KW_EVENT_FINISHED 16u   /* provider: answer `choice` ended; payload = kw_choice without parts; once a choice */
#define KW_EVENT_RAW 17u        /* provider: data = the service's own bytes, if KW_GENERATE_RAW was asked for */
#define KW_EVENT_PROCESS 18u    /* executor: the program runs; payload = kw_process */
#define KW_EVENT_VIOLATION 19u  /* executor: payload = kw_violation */
#define KW_EVENT_APPROVAL 20u   /* executor: id = what send() approves, payload = kw_decision; the program waits */
#define KW_EVENT_ITEMS 21u      /* vector backend: payload = kw_item, several */
#define KW_EVENT_CHUNK 22u      /* operation, endpoint: data = the next bytes of the output */
#define KW_EVENT_RESPONSE 23u   /* endpoint: payload = kw_response_out without body; once, before the first CHUNK */
#define KW_EVENT_CUSTOM 0x10000u /* kinds from here on are a plugin's own; unknown ones are skipped */

#define KW_EMIT_NOBLOCK 1u

typedef struct kw_event_1 {
    kw_hdr h;            /* an unknown kind is skipped; with KW_MUST emit answers KW_CANCELLED and the call fails */
    uint32_t kind;       /* KW_EVENT_* */
    uint32_t choice;     /* which of n answers, from 0 */
    uint32_t index;      /* content block or tool-call slot, from 0 */
    uint32_t flags;      /* of TOOL_BEGIN KW_PART_PROVIDER_EXECUTED, else 0 */
    kw_str text, id, name;
    kw_bytes data;
    /* Growable structs, of the type that the kind says; other kinds have none. */
    kw_span payload KW_OF_KIND(kind, KW_EVENT_USAGE kw_usage, KW_EVENT_PART kw_part, KW_EVENT_LOGPROBS kw_token_logprob,
                               KW_EVENT_RATE_LIMIT kw_rate_limit, KW_EVENT_FINISHED kw_choice,
                               KW_EVENT_PROCESS kw_process, KW_EVENT_VIOLATION kw_violation,
                               KW_EVENT_APPROVAL kw_decision, KW_EVENT_ITEMS kw_item,
                               KW_EVENT_RESPONSE kw_response_out);
} kw_event;

#define KW_LOG_TRACE 0u
#define KW_LOG_DEBUG 1u
#define KW_LOG_INFO 2u
#define KW_LOG_WARNING 3u
#define KW_LOG_ERROR 4u

/* ---- call context --------------------------------------------------------------------------------------- */

/* What an operation may do with its call. Host-owned; valid until the operation ended. */
typedef struct kw_call_api_1 {
    kw_hdr h;
    /* Memory for the pointees of the reply, zeroed, freed by the host. align is a power of two <= 4096.
     * NULL: over the call's quota, or a bad align. [emit] */
    void *(*alloc)(kw_call *call, uint64_t size, uint64_t align) KW_NOEXCEPT KW_THREAD(emit);
    /* Copies the error into host memory; the last one wins. Returns error->status, so that an operation can
     * `return call->api->fail(call, &e)`. A status of KW_OK or KW_PENDING becomes KW_INTERNAL. [emit] */
    kw_status (*fail)(kw_call *call, const kw_error *error) KW_NOEXCEPT KW_THREAD(emit);
    /* Hands one event to the consumer; everything in it is borrowed for the duration of this function. Blocks
     * while the consumer is behind (that is the back-pressure). KW_OK; KW_CANCELLED: stop, nobody listens any
     * more; KW_WOULD_BLOCK: only with KW_EMIT_NOBLOCK, the waker fires when there is room; KW_UNIMPLEMENTED:
     * this call takes no events (they are dropped; carry on); KW_FAILED_PRECONDITION: after reply. [emit] */
    kw_status (*emit)(kw_call *call, const kw_event *event, uint32_t flags) KW_NOEXCEPT KW_THREAD(emit);
    /* The result: a struct of the operation's reply type. The host copies it; its pointees must be in the call's
     * arena, in an adopted lease, or static. At most once. Returns KW_OK, so that an operation can
     * `return KW_REPLY(call, &out)`; KW_FAILED_PRECONDITION: it was the second one; KW_INVALID_ARGUMENT: out is NULL or
     * shorter than its header; KW_UNIMPLEMENTED: it has KW_MUST and bytes that the host does not know. After any of
     * these the call fails, whatever the operation returns. [emit] */
    kw_status (*reply)(kw_call *call, const void *out) KW_NOEXCEPT KW_THREAD(emit);
    /* Moves a lease to the host, which calls release once, when it has read the reply, whatever the operation returned,
     * and before destroy. KW_OK: lease->release is NULL now. KW_RESOURCE_EXHAUSTED: over the call's quota, and
     * KW_INVALID_ARGUMENT: there is no release; then the lease stays the plugin's. [emit] */
    kw_status (*adopt)(kw_call *call, kw_lease *lease) KW_NOEXCEPT KW_THREAD(emit);
    /* Ends an operation that returned KW_PENDING; exactly once, possibly before the operation returned. Removes the
     * waker as set_waker(NULL) does, so what it uses may be freed as soon as this returns. [any] */
    void (*complete)(kw_call *call, kw_status status) KW_NOEXCEPT KW_THREAD(any);
    /* wake is called when the call is cancelled, or when a NOBLOCK emit may be tried again; on any thread, one at a
     * time, with no lock of the host held. If the call is cancelled already, or there was room since a refused emit,
     * wake runs at once, within set_waker. NULL removes it: after that it is not called any more, and one that runs on
     * another thread has returned; so hold no lock that wake takes. An operation whose wake uses what ends with it
     * removes it before it returns. wake itself may call set_waker. [any] */
    void (*set_waker)(kw_call *call, void (*wake)(void *user_data) KW_NOEXCEPT, void *user_data) KW_NOEXCEPT
        KW_THREAD(any);
    /* An eventfd, readable once the call is cancelled, for poll() and the like. The host's: do not close it, do
     * not read it. -1: out of descriptors, use the flag. Made on the first request, so calls that do not ask do
     * not pay for it. [any] */
    int32_t (*cancel_fd)(kw_call *call) KW_NOEXCEPT KW_THREAD(any);
    /* What the last fail() on this call said, a host service's included, or NULL. The host's; until the next fail() or
     * the call's end. [emit] */
    const kw_error *(*last_error)(kw_call *call) KW_NOEXCEPT KW_THREAD(emit);
    /* As kw_host.log; the host adds what it knows of the call. Until the operation ended. [any] */
    void (*log)(kw_call *call, uint32_t level, kw_str component, kw_str message, kw_str fields_json) KW_NOEXCEPT
        KW_THREAD(any);
} kw_call_api;

/* Context of one operation. Host-owned; it and the operation's input are valid until the operation returned
 * (until complete(), after KW_PENDING). Times are CLOCK_MONOTONIC nanoseconds, 0 = none. */
struct kw_call_1 {
    kw_hdr h;
    const kw_call_api *api KW_LOCAL;
    const uint32_t *cancelled KW_LOCAL; /* not 0: stop soon and return KW_CANCELLED; read with kw_cancelled */
    uint64_t id;                     /* correlates log lines and traces */
    int64_t deadline_ns;             /* the whole call ends by then */
    int64_t connect_deadline_ns;     /* connected to a remote service by then */
    int64_t headers_deadline_ns;     /* its response has begun by then */
    int64_t first_content_deadline_ns; /* the first content event by then */
    int64_t between_chunks_ns;       /* a duration: longest pause between two chunks */
    kw_str run_id;                   /* the caller's run, or empty */
    kw_str traceparent;              /* W3C trace context, or empty */
    kw_str caller;                   /* id of the plugin on whose behalf the host calls, or empty: its own */
    kw_span attributes KW_OF(kw_pair);
    void *host_private KW_LOCAL;     /* the host's */
};

static inline int kw_cancelled(const kw_call *call)
{
    return call->cancelled != NULL && __atomic_load_n(call->cancelled, __ATOMIC_ACQUIRE) != 0;
}

/* ---- how both sides write and read growable structs ------------------------------------------------------ */

/* kw_embed_out out = { .h = KW_HDR(kw_embed_out), ... }; */
#define KW_HDR(T) { (uint32_t)sizeof(T), 0 }
/* Did the other side write this field? */
#define KW_HAS(T, p, field) ((p) != NULL && (p)->h.size >= offsetof(T, field) + sizeof((p)->field))
/* May this reader use the struct? If not, return KW_UNIMPLEMENTED. */
#define KW_ACCEPT(T, p) ((p)->h.size <= sizeof(T) || !((p)->h.flags & KW_MUST))
#define KW_REPLY(call, out) ((call)->api->reply((call), (out)))
/* Layout proof, used by the generated layout.h: re-checked by every compile of every plugin. */
#define KW_SIZE(T, n) KW_ASSERT(sizeof(T) == (n) && sizeof(T) % 4 == 0, "ABI: size of " #T)
#define KW_AT(T, field, n) KW_ASSERT(offsetof(T, field) == (n), "ABI: offset of " #T "." #field)

#if defined(__cplusplus)
}
#endif
#endif
