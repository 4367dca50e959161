/* keyway/tools.h - "keyway.tools/1": functions that a model may call, with schemas. */
#ifndef KEYWAY_TOOLS_H
#define KEYWAY_TOOLS_H

#include "content.h"
#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_TOOLS_ID "keyway.tools/1"

typedef struct kw_tool_in_1 {
    kw_hdr h;
    kw_str name;
    kw_str call_id;    /* the model's, or empty */
    kw_str arguments_json; /* has passed input_schema_json */
} kw_tool_in;

typedef struct kw_tool_out_1 {
    kw_hdr h;
    kw_span parts KW_OF(kw_part); /* what the model sees */
    kw_str structured_json; /* the same for programs, or empty */
    uint32_t is_error;      /* 1: the tool failed, the parts say how; the call itself went well */
    uint32_t reserved;      /* 0 */
} kw_tool_out;

typedef struct kw_tools_1 {
    kw_hdr h;
    /* What is offered; constant between two configurations. [op] */
    KW_OP(list, kw_none, kw_tools_out) KW_IDEMPOTENT;
    /* Runs one tool; may emit PROGRESS, WARNING, HEARTBEAT. KW_NOT_FOUND: no tool of that name;
     * KW_INVALID_ARGUMENT: arguments that no schema can tell. [op] */
    KW_OP(invoke, kw_tool_in, kw_tool_out) KW_EMITS;
} kw_tools;

#if defined(__cplusplus)
}
#endif
#endif
