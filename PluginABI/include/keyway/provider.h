/* keyway/provider.h - "keyway.provider/1": a model that answers messages, whole or as a stream. */
#ifndef KEYWAY_PROVIDER_H
#define KEYWAY_PROVIDER_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_PROVIDER_ID "keyway.provider/1"

/* ---- what a model can do -------------------------------------------------------------------------------- */

#define KW_FEATURE_STREAMING 1u
#define KW_FEATURE_TOOLS 2u
#define KW_FEATURE_PARALLEL_TOOLS 4u
#define KW_FEATURE_JSON 8u
#define KW_FEATURE_JSON_SCHEMA 16u
#define KW_FEATURE_IMAGES_IN 32u
#define KW_FEATURE_AUDIO_IN 64u
#define KW_FEATURE_REASONING 128u
#define KW_FEATURE_SEED 256u
#define KW_FEATURE_DETERMINISTIC 512u

typedef struct kw_model_1 {
    kw_hdr h;
    kw_str id;                /* what kw_generate_in.model names */
    kw_str description;
    uint64_t features;        /* KW_FEATURE_* */
    uint64_t context_tokens;  /* 0 = not known */
    uint64_t max_output_tokens; /* 0 = not known */
} kw_model;

typedef struct kw_models_out_1 {
    kw_hdr h;
    kw_span models; /* kw_model, the default first */
} kw_models_out;

/* ---- messages ------------------------------------------------------------------------------------------- */

#define KW_ROLE_SYSTEM 1u
#define KW_ROLE_DEVELOPER 2u
#define KW_ROLE_USER 3u
#define KW_ROLE_ASSISTANT 4u
#define KW_ROLE_TOOL 5u

#define KW_PART_TEXT 1u        /* text */
#define KW_PART_REASONING 2u   /* text; data = signature, if any */
#define KW_PART_TOOL_CALL 3u   /* id, name, text = arguments as sent, even if they are broken JSON */
#define KW_PART_TOOL_RESULT 4u /* id, text; KW_PART_ERROR in flags if the tool failed */
#define KW_PART_DATA 5u        /* data of type media_type; or text = URL, with empty data */
#define KW_PART_REFUSAL 6u     /* text */
#define KW_PART_CITATION 7u    /* id = what is cited, text = quotation, json = place */
#define KW_PART_CUSTOM 0x10000u

#define KW_PART_ERROR 1u

typedef struct kw_part_1 {
    kw_hdr h;
    uint32_t kind;  /* KW_PART_* */
    uint32_t flags; /* KW_PART_ERROR */
    kw_str text, id, name, media_type, json;
    kw_bytes data;
} kw_part;

typedef struct kw_message_1 {
    kw_hdr h;
    uint32_t role;     /* KW_ROLE_* */
    uint32_t reserved; /* 0 */
    kw_str name;       /* of the speaker, or empty */
    kw_span parts;     /* kw_part */
} kw_message;

typedef struct kw_tool_spec_1 {
    kw_hdr h;
    kw_str name, description;
    kw_str input_schema_json; /* JSON Schema of the arguments */
    uint64_t hints;           /* 0; reserved for read-only, destructive and the like */
} kw_tool_spec;

/* ---- request -------------------------------------------------------------------------------------------- */

#define KW_TOOL_CHOICE_AUTO 0u
#define KW_TOOL_CHOICE_NONE 1u
#define KW_TOOL_CHOICE_REQUIRED 2u
#define KW_TOOL_CHOICE_NAMED 3u /* one of tool_names */

#define KW_FORMAT_TEXT 0u
#define KW_FORMAT_JSON 1u
#define KW_FORMAT_JSON_SCHEMA 2u /* schema_json */

/* Bits of kw_generate_in.set, because 0.0 is not "unset". */
#define KW_SET_TEMPERATURE 1u
#define KW_SET_TOP_P 2u
#define KW_SET_TOP_K 4u
#define KW_SET_SEED 8u
#define KW_SET_MAX_OUTPUT_TOKENS 16u

typedef struct kw_generate_in_1 {
    kw_hdr h;
    kw_str model;          /* empty = the default */
    kw_span messages;      /* kw_message, at least one */
    kw_span tools;         /* kw_tool_spec */
    uint32_t tool_choice;  /* KW_TOOL_CHOICE_* */
    uint32_t output_format; /* KW_FORMAT_* */
    kw_span tool_names;    /* kw_str, for KW_TOOL_CHOICE_NAMED */
    kw_str schema_json;
    kw_span stop;          /* kw_str: the answer ends before the first of them */
    uint64_t set;          /* KW_SET_* */
    double temperature, top_p;
    int64_t seed;
    uint64_t max_output_tokens;
    uint32_t top_k;
    uint32_t choices;      /* answers wanted; 0 and 1 both mean one */
    kw_str extra_json;     /* an object of provider-specific settings, or empty */
} kw_generate_in;

/* ---- reply ---------------------------------------------------------------------------------------------- */

#define KW_STOP_END 1u      /* it was done */
#define KW_STOP_SEQUENCE 2u /* one of `stop` was met */
#define KW_STOP_LENGTH 3u   /* max_output_tokens */
#define KW_STOP_CONTEXT 4u  /* the context is full */
#define KW_STOP_TOOL_CALLS 5u
#define KW_STOP_FILTER 6u
#define KW_STOP_REFUSAL 7u
#define KW_STOP_PAUSE 8u
#define KW_STOP_OTHER 9u

#define KW_USAGE_ESTIMATED 1u
#define KW_USAGE_UNKNOWN UINT64_MAX /* of any count: not known, which is not zero */

typedef struct kw_usage_1 {
    kw_hdr h;
    uint64_t input, output, total;
    uint64_t cache_read, cache_write, reasoning;
    uint64_t flags; /* KW_USAGE_ESTIMATED */
} kw_usage;

typedef struct kw_choice_1 {
    kw_hdr h;
    uint32_t index;
    uint32_t stop;         /* KW_STOP_* */
    kw_str stop_raw;       /* the service's own word, or empty */
    kw_span parts;         /* kw_part; empty after a stream: the host has assembled them from the events */
} kw_choice;

typedef struct kw_warning_1 {
    kw_hdr h;
    kw_str feature, message;
} kw_warning;

typedef struct kw_generate_out_1 {
    kw_hdr h;
    kw_str id, model;
    kw_span choices;  /* kw_choice, at least one */
    kw_span usage;    /* kw_usage, 0 or 1; overrides usage events */
    kw_span warnings; /* kw_warning */
} kw_generate_out;

/* A provider fills generate, stream or both; the host makes the missing one from the other. */
typedef struct kw_provider_1 {
    kw_hdr h;
    /* The models offered; constant between two configurations. [op] */
    KW_OP(models, kw_none, kw_models_out);
    /* Answers in one reply; what it emits is ignored. [op] */
    KW_OP(generate, kw_generate_in, kw_generate_out);
    /* Emits events in this order, then replies: at most one STARTED; TEXT and REASONING deltas of blocks; a tool call
     * as TOOL_BEGIN, TOOL_ARGS*, TOOL_END, calls may interleave by index; USAGE, WARNING and HEARTBEAT at any
     * time. When emit answers KW_CANCELLED it returns KW_CANCELLED without a reply. [op] */
    KW_OP(stream, kw_generate_in, kw_generate_out);
} kw_provider;

#if defined(__cplusplus)
}
#endif
#endif
