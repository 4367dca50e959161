/* keyway/host.h - what the host offers a plugin, and the plugin's own table. */
#ifndef KEYWAY_HOST_H
#define KEYWAY_HOST_H

#include "core.h"
#include "services.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* ---- host table ----------------------------------------------------------------------------------------- */

#define KW_INSTRUMENT_COUNTER 1u
#define KW_INSTRUMENT_GAUGE 2u
#define KW_INSTRUMENT_DURATION 3u /* value in seconds */

/* Host-owned. Each instance has one of its own, that of kw_create_in: valid until its destroy returned, and never used
 * for another instance. That of the entry is valid during the entry only. Its functions are never NULL. */
struct kw_host_1 {
    kw_hdr h;
    uint32_t sdk;               /* negotiated: behave as a plugin of this SDK */
    uint32_t sdk_min, sdk_max;  /* the host's window */
    uint32_t reserved;          /* 0 */
    kw_str name, version;       /* of the host product */
    /* A host service by id ("keyway.host.kv/1"): a growable table, or NULL if the host has none or the plugin
     * was not granted the permission. Valid as long as the host table. [any] */
    const void *(*get)(const kw_host *host, kw_str id) KW_NOEXCEPT KW_THREAD(any);
    /* level is KW_LOG_*; fields_json is one JSON object, or empty. Never put secrets here. [any] */
    void (*log)(const kw_host *host, uint32_t level, kw_str component, kw_str message, kw_str fields_json)
        KW_NOEXCEPT KW_THREAD(any);
    /* kind is KW_INSTRUMENT_*; labels_json is one JSON object of strings, or empty. [any] */
    void (*metric)(const kw_host *host, kw_str name, uint32_t kind, double value, kw_str labels_json)
        KW_NOEXCEPT KW_THREAD(any);
    /* CLOCK_MONOTONIC, the clock of all deadlines. [any] */
    int64_t (*now_ns)(const kw_host *host) KW_NOEXCEPT KW_THREAD(any);
    void *host_private KW_LOCAL; /* the host's */
    /* A call of the plugin's own, so that its threads can use host services outside of operations: an arena, a deadline
     * (0 = none) and a place for errors. For one thread at a time; takes neither events nor a reply. NULL: the
     * host is out of memory. [any] */
    kw_call *(*open_call)(const kw_host *host, int64_t deadline_ns) KW_NOEXCEPT KW_THREAD(any);
    /* Ends such a call and frees its arena. Required before destroy returns. [any] */
    void (*close_call)(const kw_host *host, kw_call *call) KW_NOEXCEPT KW_THREAD(any);
};

/* ---- plugin table --------------------------------------------------------------------------------------- */

#define KW_CAP_UNLOADABLE 1u /* joins its threads in quiesce, no thread-local destructors, no atexit: may be unmapped */
#define KW_CAP_CONCURRENT 2u /* operations of one instance may run at the same time */
#define KW_CAP_ASYNC 4u      /* operations may return KW_PENDING */
#define KW_CAP_FORK_SAFE 8u  /* a child that fork made without exec may go on calling its instances */

/* id is "keyway.embedder/1" and the like; vtable is the growable table of that header. An incompatible revision
 * is another id ("/2"); a plugin may offer both. */
typedef struct kw_iface_1 {
    kw_hdr h;
    kw_str id;
    const void *vtable KW_LOCAL;
} kw_iface;

typedef struct kw_create_in_1 {
    kw_hdr h;
    const kw_host *host KW_LOCAL; /* the instance's own, until destroy returned */
    kw_str config_json;    /* one JSON object; checked against the plugin's schema, defaults filled in */
    kw_str data_dir;       /* a folder of the instance's own that outlives versions, or empty: keep nothing */
    kw_str instance_name;
    kw_bytes state;        /* what quiesce of an earlier generation handed over, or empty */
    kw_str package_dir;    /* the folder of the plugin's package, read-only, or empty */
} kw_create_in;

typedef struct kw_create_out_1 {
    kw_hdr h;
    kw_instance *instance KW_LOCAL; /* not NULL; the plugin's, until destroy */
} kw_create_out;

#define KW_CONFIGURE_DRY_RUN 1u

typedef struct kw_config_in_1 {
    kw_hdr h;
    kw_str config_json;
    uint32_t flags;        /* KW_CONFIGURE_DRY_RUN: judge, apply nothing */
    uint32_t reserved;
} kw_config_in;

#define KW_ISSUE_ERROR 0u
#define KW_ISSUE_WARNING 1u

typedef struct kw_config_issue_1 {
    kw_hdr h;
    kw_str pointer;        /* JSON pointer (RFC 6901) of the offending value */
    kw_str message;
    kw_str code;           /* for programs, the plugin's own word: "too-large"; or empty */
    uint32_t severity;     /* KW_ISSUE_* */
    uint32_t reserved;     /* 0 */
} kw_config_issue;

typedef struct kw_config_out_1 {
    kw_hdr h;
    /* Without a KW_ISSUE_ERROR it was accepted (and, unless a dry run, applied), with one nothing was applied. */
    kw_span issues KW_OF(kw_config_issue);
} kw_config_out;

#define KW_HEALTH_HEALTHY 1u
#define KW_HEALTH_WARNING 2u  /* works, but somebody should look */
#define KW_HEALTH_CRITICAL 3u /* does not work */

typedef struct kw_health_out_1 {
    kw_hdr h;
    uint32_t state;        /* KW_HEALTH_* */
    uint32_t reserved;     /* 0 */
    kw_str message, details_json;
} kw_health_out;

#define KW_QUIESCE_STOP 1u    /* for good */
#define KW_QUIESCE_SUSPEND 2u /* start may follow */
#define KW_QUIESCE_SWAP 3u    /* another generation takes over; start may follow if that fails */

#define KW_QUIESCE_WANTS_STATE 1u

typedef struct kw_quiesce_in_1 {
    kw_hdr h;
    uint32_t reason;       /* KW_QUIESCE_* */
    uint32_t flags;        /* KW_QUIESCE_WANTS_STATE: hand over kw_quiesce_out.state */
} kw_quiesce_in;

typedef struct kw_quiesce_out_1 {
    kw_hdr h;
    uint32_t threads_left; /* threads of the plugin that still run; not 0 vetoes unloading */
    uint32_t reserved;
    kw_lease state;        /* for the next generation's create; len 0 = none. Moves with the reply itself, without adopt:
                            * the host calls release once, before destroy */
} kw_quiesce_out;

typedef struct kw_notice_in_1 {
    kw_hdr h;
    kw_status status;      /* of a call of this plugin that failed */
    uint32_t reserved;
    kw_str operation, message;
    kw_span error KW_OF(kw_error); /* 0 or 1: all that is known */
    uint64_t call;         /* kw_call.id of it, 0 = there was none */
    kw_str execution_id;   /* the execution it belonged to, or empty */
    int64_t at_unix_ns;    /* when, 0 = not said */
    kw_str recovery;       /* what the host advises, or empty */
} kw_notice_in;

typedef struct kw_task_in_1 {
    kw_hdr h;
    uint64_t id;           /* as kw_host_schedule.add replied */
    kw_str name;           /* as given to it */
    kw_bytes payload;      /* as given to it */
} kw_task_in;

/* Static data of the plugin. Every slot but create and destroy may be NULL. */
typedef struct kw_plugin_1 {
    kw_hdr h;
    uint32_t magic;              /* KW_MAGIC */
    uint32_t caps;               /* KW_CAP_* */
    uint32_t sdk_built, sdk_min, sdk_max; /* as in the ABI note; sdk_max 0 = open */
    uint32_t max_concurrency;    /* 0 = any number; without KW_CAP_CONCURRENT it is one, whatever this says */
    kw_str id, version;          /* as in the manifest note; version is SemVer 2.0.0 */
    kw_span ifaces KW_OF(kw_iface); /* the same set as the interface notes */
    /* Makes an instance; self is NULL. Several may live at once. [life] */
    KW_OP(create, kw_create_in, kw_create_out);
    /* Begins work; may follow quiesce, then it resumes. [life] */
    KW_OP(start, kw_none, kw_none);
    /* A new configuration for a living instance, applied whole or, after an issue or an error, not at all. NULL: the host
     * makes a new instance instead. [life] */
    KW_OP(configure, kw_config_in, kw_config_out);
    /* Cheap; must not block for more than a second. Counts towards max_concurrency; a host need not ask while all places
     * are taken. [op] */
    KW_OP(health, kw_none, kw_health_out) KW_IDEMPOTENT;
    /* Stop threads and timers, hand over state; keep what start needs to begin again. [life] */
    KW_OP(quiesce, kw_quiesce_in, kw_quiesce_out);
    /* Frees the instance; no callback of it may arrive after this returned. [life] */
    KW_OP(destroy, kw_none, kw_none);
    /* Tells of errors the host saw; never while another operation of this thread is on the stack. [life] */
    KW_OP(notice, kw_notice_in, kw_none);
    /* A task that the plugin scheduled with keyway.host.schedule/1 is due. [op] */
    KW_OP(task, kw_task_in, kw_none);
} kw_plugin;

/* The one exported symbol, kw_plugin_entry_1. Stores its table, which is static and the same on every call, and
 * returns KW_OK; or KW_SDK_MISMATCH if it cannot behave as `sdk`. May be called any number of times. [life] */
typedef kw_status (*kw_entry_fn)(const kw_host *host, uint32_t sdk, const kw_plugin **out) KW_NOEXCEPT;

#if defined(__cplusplus)
}
#endif
#endif
