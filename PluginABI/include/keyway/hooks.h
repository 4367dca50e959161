/* keyway/hooks.h - "keyway.hooks/1": points of the host's work at which a plugin may watch, change or forbid. */
#ifndef KEYWAY_HOOKS_H
#define KEYWAY_HOOKS_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_HOOKS_ID "keyway.hooks/1"

#define KW_HOOK_MODE_OBSERVE 1u /* sees; its reply's action is ignored */
#define KW_HOOK_MODE_FILTER 2u  /* may replace the payload */
#define KW_HOOK_MODE_VETO 4u    /* may stop what is about to happen */

#define KW_HOOK_ASYNC 1u /* the work need not wait for it; with KW_HOOK_MODE_OBSERVE only */

/* One wish to be called. */
typedef struct kw_hook_1 {
    kw_hdr h;
    kw_str name;        /* hook point: "before.vector.upsert"; a final '*' takes every point that begins so */
    int32_t priority;   /* higher comes first; 0 unless there is a reason */
    uint32_t modes;     /* mask of KW_HOOK_MODE_* */
    int64_t timeout_ns; /* 0 = the host's */
    kw_str payload_type; /* media type or schema name it understands, or empty: any */
    uint32_t retries;   /* calls after a failed one, at most */
    uint32_t flags;     /* KW_HOOK_ASYNC */
} kw_hook;

typedef struct kw_hooks_out_1 {
    kw_hdr h;
    kw_span hooks KW_OF(kw_hook);
} kw_hooks_out;

typedef struct kw_hook_in_1 {
    kw_hdr h;
    kw_str name;          /* the hook point */
    uint32_t mode;        /* KW_HOOK_MODE_*: what the reply may do, one bit */
    uint32_t reserved;    /* 0 */
    kw_bytes payload;     /* as it is now, after the hooks before this one */
    kw_str payload_type;  /* media type: "application/json" */
    kw_bytes original;    /* as it was at first */
    kw_str execution_id;  /* of the work that the hook point belongs to; its state is keyway.host.state/1 */
    int64_t started_ns;   /* when that work began, CLOCK_MONOTONIC */
    int64_t started_unix_ns; /* the same on the Unix clock */
    kw_str user_id, session_id; /* or empty */
    kw_str source;        /* id of the plugin whose work it is, or empty: the host's */
    kw_span attributes KW_OF(kw_pair);
} kw_hook_in;

#define KW_HOOK_ACTION_CONTINUE 0u
#define KW_HOOK_ACTION_REPLACE 1u /* with payload; in mode FILTER */
#define KW_HOOK_ACTION_STOP 2u    /* what was about to happen does not, reason says why; in mode VETO */

typedef struct kw_hook_out_1 {
    kw_hdr h;
    uint32_t action;      /* KW_HOOK_ACTION_* */
    uint32_t reserved;    /* 0 */
    kw_bytes payload;     /* of payload_type of the input */
    kw_str reason;
    kw_str metadata_json; /* an object for the hook's log, or empty */
} kw_hook_out;

typedef struct kw_hooks_1 {
    kw_hdr h;
    /* Where the plugin wants to be called; constant between two configurations. [op] */
    KW_OP(list, kw_none, kw_hooks_out) KW_IDEMPOTENT;
    /* One hook point was reached. An error counts as the host's policy says: go on, or stop. [op] */
    KW_OP(on_hook, kw_hook_in, kw_hook_out);
} kw_hooks;

#if defined(__cplusplus)
}
#endif
#endif
