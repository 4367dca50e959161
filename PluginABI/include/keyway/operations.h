/* keyway/operations.h - "keyway.operations/1": named jobs that take a document and give one. */
#ifndef KEYWAY_OPERATIONS_H
#define KEYWAY_OPERATIONS_H

#include "content.h"
#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_OPERATIONS_ID "keyway.operations/1"

#define KW_OPERATION_IDEMPOTENT 1u  /* may be repeated after a failure */
#define KW_OPERATION_READ_ONLY 2u   /* changes nothing outside the plugin */
#define KW_OPERATION_STREAMS 4u     /* emits CHUNK events */
#define KW_OPERATION_CACHEABLE 8u   /* same input, same output */

typedef struct kw_operation_1 {
    kw_hdr h;
    kw_str name;                    /* 1-128 bytes: "analyze_file" */
    kw_str description;
    kw_str input_schema_json, output_schema_json; /* JSON Schema, or empty */
    kw_span input_formats KW_OF(kw_str); /* media types; empty = application/json. The first is the default */
    kw_span output_formats KW_OF(kw_str); /* likewise */
    kw_span capabilities KW_OF(kw_str); /* what it can be found by: "log-analysis" */
    uint64_t flags;                 /* KW_OPERATION_* */
    kw_str examples_json;           /* [{"input": ..., "output": ...}], or empty */
    kw_span agent_types KW_OF(kw_str); /* kinds of agents that it runs: "researcher" */
} kw_operation;

typedef struct kw_operations_out_1 {
    kw_hdr h;
    kw_span operations KW_OF(kw_operation);
} kw_operations_out;

#define KW_OPERATE_DRY_RUN 1u       /* say what would be done, do nothing */
#define KW_OPERATE_VERBOSE 2u       /* emit PROGRESS of every step */

typedef struct kw_operate_in_1 {
    kw_hdr h;
    kw_str name;
    kw_bytes input;                 /* of input_format; JSON has passed input_schema_json */
    kw_str input_format;            /* media type; empty = application/json */
    kw_str output_format;           /* wanted; empty = the operation's default */
    kw_str execution_id;            /* the host's name for this run */
    kw_str settings_json;           /* an object of settings of this run, or empty */
    uint64_t flags;                 /* KW_OPERATE_* */
    kw_str agent_type;              /* one of the operation's, or empty */
    kw_str metadata_json;           /* the caller's, an object, or empty */
} kw_operate_in;

typedef struct kw_operate_out_1 {
    kw_hdr h;
    kw_bytes output;                /* of output_format; empty if it went out as CHUNK events */
    kw_str output_format;           /* media type; empty = application/json */
    kw_str metadata_json;           /* an object, or empty */
    kw_span warnings KW_OF(kw_warning);
} kw_operate_out;

typedef struct kw_operations_1 {
    kw_hdr h;
    /* What is offered; constant between two configurations. [op] */
    KW_OP(list, kw_none, kw_operations_out) KW_IDEMPOTENT;
    /* Runs one. May emit CHUNK (the output, in pieces), PROGRESS, WARNING, HEARTBEAT. The CHUNKs of a run that ends with
     * an error are no result. KW_NOT_FOUND: no operation of that
     * name; KW_UNIMPLEMENTED: a format or a dry run it does not offer. [op] */
    KW_OP(run, kw_operate_in, kw_operate_out) KW_EMITS;
} kw_operations;

#if defined(__cplusplus)
}
#endif
#endif
