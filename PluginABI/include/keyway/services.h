/* keyway/services.h - "keyway.host.NAME/1": what a host does for plugins. From kw_host.get(id); NULL without the permission. */
#ifndef KEYWAY_SERVICES_H
#define KEYWAY_SERVICES_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* Every function of a service has one machine signature. `call` is the operation on whose behalf it is asked for, whose
 * deadline and cancellation it obeys, or one from kw_host.open_call; like what else a call is used for, one thread at a
 * time for a call ([emit]). The host puts a struct of the reply's type into the
 * call's arena and its address into *out, unless out is NULL; it stays until the call ends. An error is recorded in
 * the call as by fail(), so that an operation may simply return the status; last_error() reads it. Functions may block,
 * and are never NULL. KW_PERMISSION_DENIED: the service as a whole is granted, this use of it is not; KW_UNIMPLEMENTED:
 * this host does not offer it. Sizes and counts are bounded by the host, which says so with KW_RESOURCE_EXHAUSTED. */
#define KW_SERVICE(name, I, O) \
    kw_status (*name)(const kw_host *host, kw_call *call, const I *in, const O **out) KW_NOEXCEPT KW_THREAD(emit) \
        KW_REPLIES(O)

/* What stands in for any function of a service. */
typedef kw_status (*kw_any_service)(const kw_host *host, kw_call *call, const void *in, const void **out) KW_NOEXCEPT;

typedef struct kw_count_1 {
    kw_hdr h;
    uint64_t count;
} kw_count;

typedef struct kw_handle_1 {
    kw_hdr h;
    uint64_t handle; /* of an open response or stream; the instance's until closed */
} kw_handle;

/* ---- files ---------------------------------------------------------------------------------------------- */

#define KW_HOST_FS_ID "keyway.host.fs/1"

#define KW_FILE_READ 1u
#define KW_FILE_WRITE 2u
#define KW_FILE_CREATE 4u
#define KW_FILE_TRUNCATE 8u
#define KW_FILE_APPEND 16u
#define KW_FILE_EXCLUSIVE 32u /* with CREATE: it must not exist */

#define KW_FILE_REGULAR 1u
#define KW_FILE_FOLDER 2u
#define KW_FILE_LINK 3u
#define KW_FILE_OTHER 4u

/* A path is relative to the instance's data folder, or absolute. */
typedef struct kw_path_in_1 {
    kw_hdr h;
    kw_str path;
    uint64_t flags;      /* KW_FILE_*, of open */
} kw_path_in;

typedef struct kw_file_out_1 {
    kw_hdr h;
    int32_t descriptor;  /* the plugin's: it closes it */
    uint32_t reserved;
} kw_file_out;

typedef struct kw_contents_1 {
    kw_hdr h;
    kw_bytes bytes;
} kw_contents;

typedef struct kw_write_in_1 {
    kw_hdr h;
    kw_str path;
    kw_bytes bytes;
    uint64_t flags;      /* KW_FILE_APPEND, KW_FILE_EXCLUSIVE; without APPEND the file appears whole or not at all */
} kw_write_in;

typedef struct kw_file_info_1 {
    kw_hdr h;
    kw_str name;         /* last component */
    uint32_t kind;       /* KW_FILE_REGULAR and the like */
    uint32_t mode;       /* permission bits */
    uint64_t size;       /* bytes */
    int64_t modified_unix_ns;
} kw_file_info;

typedef struct kw_file_list_1 {
    kw_hdr h;
    kw_span files KW_OF(kw_file_info); /* by name */
} kw_file_list;

typedef struct kw_host_fs_1 {
    kw_hdr h;
    KW_SERVICE(read, kw_path_in, kw_contents);     /* a whole file */
    KW_SERVICE(write, kw_write_in, kw_count);      /* bytes written */
    KW_SERVICE(open, kw_path_in, kw_file_out);     /* a descriptor, opened by the host */
    KW_SERVICE(stat, kw_path_in, kw_file_info);    /* does not follow a link at the end */
    KW_SERVICE(list, kw_path_in, kw_file_list);    /* a folder */
    KW_SERVICE(make_folder, kw_path_in, kw_none);  /* and those above it; it may exist */
    KW_SERVICE(remove, kw_path_in, kw_none);       /* a file or an empty folder */
} kw_host_fs;

/* ---- HTTP ----------------------------------------------------------------------------------------------- */

#define KW_HOST_HTTP_ID "keyway.host.http/1"

typedef struct kw_http_in_1 {
    kw_hdr h;
    kw_str method, url;
    kw_span headers KW_OF(kw_pair);
    kw_bytes body;
    int64_t timeout_ns;    /* 0 = the call's deadline */
    uint64_t max_body;     /* bytes of the response, 0 = the host's limit */
    uint32_t max_redirects; /* each is checked like the first */
    uint32_t reserved;     /* 0 */
} kw_http_in;

typedef struct kw_http_out_1 {
    kw_hdr h;
    uint32_t status;       /* whatever the server said: 404 is no error */
    uint32_t reserved;
    kw_str url;            /* after redirects */
    kw_span headers KW_OF(kw_pair); /* names in lower case, in order */
    kw_bytes body;         /* of request */
    uint64_t handle;       /* of open: for read and close */
} kw_http_out;

typedef struct kw_read_in_1 {
    kw_hdr h;
    uint64_t handle;
    uint64_t max;          /* bytes, 0 = as the host likes */
} kw_read_in;

typedef struct kw_host_http_1 {
    kw_hdr h;
    KW_SERVICE(request, kw_http_in, kw_http_out);  /* a request and its whole response */
    KW_SERVICE(open, kw_http_in, kw_http_out);     /* returns when the headers are there; the body follows by read */
    KW_SERVICE(read, kw_read_in, kw_contents);     /* waits for the next bytes; none = the end */
    KW_SERVICE(close, kw_handle, kw_none);         /* required, at the end too */
} kw_host_http;

/* ---- key-value store ------------------------------------------------------------------------------------ */

#define KW_HOST_KV_ID "keyway.host.kv/1"

typedef struct kw_key_in_1 {
    kw_hdr h;
    kw_str key;            /* 1-512 bytes; the plugin's own space */
} kw_key_in;

typedef struct kw_kv_value_1 {
    kw_hdr h;
    kw_bytes value;
    uint64_t version;      /* rises with every change of the key, from 1 */
} kw_kv_value;

#define KW_KV_IF_VERSION 1u /* only if the version is still if_version (0 = only if there is none): else KW_ABORTED */

typedef struct kw_kv_set_in_1 {
    kw_hdr h;
    kw_str key;
    kw_bytes value;
    int64_t ttl_ns;        /* 0 = for ever */
    uint64_t flags;        /* KW_KV_* */
    uint64_t if_version;
} kw_kv_set_in;

typedef struct kw_list_in_1 {
    kw_hdr h;
    kw_str prefix;         /* or empty */
    kw_str after;          /* only what sorts behind it; empty = from the start */
    uint64_t limit;        /* 0 = as the host likes */
} kw_list_in;

typedef struct kw_keys_out_1 {
    kw_hdr h;
    kw_span keys KW_OF(kw_str); /* by bytes */
    kw_str next;           /* give as `after` to go on; empty = that was all */
} kw_keys_out;

typedef struct kw_host_kv_1 {
    kw_hdr h;
    KW_SERVICE(get, kw_key_in, kw_kv_value);       /* KW_NOT_FOUND */
    KW_SERVICE(set, kw_kv_set_in, kw_kv_value);    /* durable when it returns; replies the version, no value */
    KW_SERVICE(remove, kw_key_in, kw_count);       /* 0 or 1 */
    KW_SERVICE(list, kw_list_in, kw_keys_out);
} kw_host_kv;

/* ---- secrets -------------------------------------------------------------------------------------------- */

#define KW_HOST_SECRETS_ID "keyway.host.secrets/1"

typedef struct kw_host_secrets_1 {
    kw_hdr h;
    KW_SERVICE(get, kw_key_in, kw_contents);       /* KW_NOT_FOUND. Wiped when the call ends: copy it only if you must */
} kw_host_secrets;

/* ---- schedule ------------------------------------------------------------------------------------------- */

#define KW_HOST_SCHEDULE_ID "keyway.host.schedule/1"

typedef struct kw_schedule_in_1 {
    kw_hdr h;
    kw_str name;           /* for logs, and back in kw_task_in */
    kw_bytes payload;      /* back in kw_task_in */
    int64_t delay_ns;      /* until the first run */
    int64_t period_ns;     /* between the starts of runs, 0 = once; a run that is late is not made up for */
} kw_schedule_in;

/* Due tasks arrive as kw_plugin.task; plugins need no threads of their own. Ends with the instance. */
typedef struct kw_host_schedule_1 {
    kw_hdr h;
    KW_SERVICE(add, kw_schedule_in, kw_handle);
    KW_SERVICE(cancel, kw_handle, kw_count);       /* 0: it had ended already */
} kw_host_schedule;

/* ---- calls of other plugins ----------------------------------------------------------------------------- */

#define KW_HOST_CALL_ID "keyway.host.call/1"

typedef struct kw_invoke_in_1 {
    kw_hdr h;
    kw_str plugin;         /* id, or empty: any that offers the interface */
    kw_str interface;      /* "keyway.tools/1" */
    kw_str operation;      /* a slot of it ("embed"), or the name of a tool, function or operation */
    kw_bytes input;        /* of input_type */
    kw_str input_type;     /* media type; empty = application/json */
} kw_invoke_in;

typedef struct kw_invoke_out_1 {
    kw_hdr h;
    kw_bytes output;
    kw_str output_type;    /* media type; empty = application/json */
} kw_invoke_out;

typedef struct kw_host_call_1 {
    kw_hdr h;
    /* Calls and waits; errors are the callee's. The callee works for the execution of `call`. KW_FAILED_PRECONDITION: it
     * would wait for the instance that asks. */
    KW_SERVICE(invoke, kw_invoke_in, kw_invoke_out);
    KW_SERVICE(open, kw_invoke_in, kw_handle);       /* the same for operations that stream: events by read */
    KW_SERVICE(read, kw_read_in, kw_contents);       /* the next event as JSON, the reply last; none = the end */
    KW_SERVICE(close, kw_handle, kw_none);           /* required; cancels what still runs */
} kw_host_call;

/* ---- messages ------------------------------------------------------------------------------------------- */

#define KW_HOST_MESSAGES_ID "keyway.host.messages/1"

typedef struct kw_send_message_in_1 {
    kw_hdr h;
    kw_str to;             /* id of a plugin; for publish the topic */
    kw_str type, payload_type;
    kw_bytes payload;
} kw_send_message_in;

typedef struct kw_reply_message_1 {
    kw_hdr h;
    kw_str sender, type, payload_type;
    kw_bytes payload;
} kw_reply_message;

typedef struct kw_subscribe_in_1 {
    kw_hdr h;
    kw_str topic;          /* a final '*' takes every topic that begins so */
} kw_subscribe_in;

/* What comes in arrives as kw_messages.on_message. A subscription lasts until unsubscribe or destroy. */
typedef struct kw_host_messages_1 {
    kw_hdr h;
    KW_SERVICE(send, kw_send_message_in, kw_none);             /* returns when the receiver's queue has it */
    KW_SERVICE(request, kw_send_message_in, kw_reply_message); /* and waits for the answer */
    KW_SERVICE(publish, kw_send_message_in, kw_count);         /* to all who subscribed; replies how many */
    KW_SERVICE(subscribe, kw_subscribe_in, kw_none);
    KW_SERVICE(unsubscribe, kw_subscribe_in, kw_count);        /* 0: was not subscribed */
} kw_host_messages;

/* ---- state of one execution ----------------------------------------------------------------------------- */

#define KW_HOST_STATE_ID "keyway.host.state/1"

typedef struct kw_state_set_in_1 {
    kw_hdr h;
    kw_str key;            /* 1-512 bytes, shared by all plugins of the execution */
    kw_bytes value;
} kw_state_set_in;

/* The state that hooks and operations of one execution share; it goes when the execution ends. The execution is that of
 * the call, also of one that came through keyway.host.call/1. KW_FAILED_PRECONDITION: the call belongs to none. */
typedef struct kw_host_state_1 {
    kw_hdr h;
    KW_SERVICE(get, kw_key_in, kw_contents);       /* KW_NOT_FOUND */
    KW_SERVICE(set, kw_state_set_in, kw_none);
    KW_SERVICE(remove, kw_key_in, kw_count);
} kw_host_state;

/* ---- permissions ---------------------------------------------------------------------------------------- */

#define KW_HOST_PERMISSIONS_ID "keyway.host.permissions/1"

typedef struct kw_permission_in_1 {
    kw_hdr h;
    kw_str permission;     /* "fs.read", "net", "process.exec" */
    kw_str resource;       /* "/data/in.csv", "api.example.com:443"; or empty: any */
} kw_permission_in;

typedef struct kw_permission_out_1 {
    kw_hdr h;
    uint32_t is_granted;
    uint32_t reserved;
    kw_str reason;         /* why not, and how to get it */
} kw_permission_out;

/* Asking is always allowed. */
typedef struct kw_host_permissions_1 {
    kw_hdr h;
    KW_SERVICE(check, kw_permission_in, kw_permission_out);
} kw_host_permissions;

#if defined(__cplusplus)
}
#endif
#endif
