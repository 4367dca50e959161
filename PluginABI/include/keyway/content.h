/* keyway/content.h - what messages, answers and tool results are made of; shared by several interfaces. */
#ifndef KEYWAY_CONTENT_H
#define KEYWAY_CONTENT_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* ---- parts ---------------------------------------------------------------------------------------------- */

#define KW_PART_TEXT 1u        /* text */
#define KW_PART_REASONING 2u   /* text; data = signature, if any; KW_PART_REDACTED: text is empty, data is sealed */
#define KW_PART_TOOL_CALL 3u   /* id, name, text = arguments as sent, even if they are broken JSON; data = signature */
#define KW_PART_TOOL_RESULT 4u /* id, text or parts; KW_PART_ERROR if the tool failed, KW_PART_DENIED if it never ran */
#define KW_PART_DATA 5u        /* image, sound, film, file: data of type media_type, or text = URL with empty data; name = file */
#define KW_PART_REFUSAL 6u     /* text */
#define KW_PART_CITATION 7u    /* id = what is cited, text = quotation, json = place */
#define KW_PART_APPROVAL 8u    /* id = tool call asked about; KW_PART_ASKS: text = question; else the answer, KW_PART_DENIED if
                                * refused, text = reason */
#define KW_PART_CUSTOM 0x10000u

#define KW_PART_ERROR 1u
#define KW_PART_DENIED 2u
#define KW_PART_REDACTED 4u
#define KW_PART_PROVIDER_EXECUTED 8u /* of a tool call: the service runs it itself */
#define KW_PART_CACHE_BREAKPOINT 16u /* a service with a prompt cache should end a cached prefix here */
#define KW_PART_ASKS 32u             /* of an approval: it is the question */

/* Parts of a tool result may themselves have no parts: readers go one level deep. */
typedef struct kw_part_1 {
    kw_hdr h;
    uint32_t kind;  /* KW_PART_* */
    uint32_t flags; /* KW_PART_ERROR and the like */
    kw_str text, id, name, media_type;
    kw_str json;    /* what the kind says, or an object of further settings ({"detail":"high"}), or empty */
    kw_bytes data;
    kw_span parts KW_OF(kw_part); /* of a tool result */
} kw_part;

/* ---- tools ---------------------------------------------------------------------------------------------- */

/* What a tool claims about itself, as MCP's annotations do; of a pair of opposites without either nothing is known. Hints,
 * never a reason to skip a policy. */
#define KW_HINT_READ_ONLY 1u
#define KW_HINT_DESTRUCTIVE 2u
#define KW_HINT_IDEMPOTENT 4u
#define KW_HINT_OPEN_WORLD 8u /* reaches beyond this machine */
#define KW_HINT_NOT_DESTRUCTIVE 16u
#define KW_HINT_CLOSED_WORLD 32u

#define KW_TOOL_STRICT 1u /* the arguments must match the schema exactly */

typedef struct kw_tool_spec_1 {
    kw_hdr h;
    kw_str name;               /* 1-128 bytes */
    kw_str title, description; /* or empty */
    kw_str input_schema_json;  /* JSON Schema of the arguments; empty = any object */
    kw_str output_schema_json; /* of the result, or empty */
    kw_str examples_json;      /* an array of argument objects, or empty */
    kw_str provider_json;      /* for tools that a service runs itself: its own description, or empty */
    uint64_t hints;            /* KW_HINT_* */
    uint64_t flags;            /* KW_TOOL_* */
} kw_tool_spec;

typedef struct kw_tools_out_1 {
    kw_hdr h;
    kw_span tools KW_OF(kw_tool_spec);
} kw_tools_out;

/* ---- usage and warnings --------------------------------------------------------------------------------- */

/* Bits of kw_usage.flags. A count whose bit is clear is not known, which is not zero. */
#define KW_USAGE_ESTIMATED 1u
#define KW_USAGE_COST 2u
#define KW_USAGE_INPUT 4u
#define KW_USAGE_OUTPUT 8u
#define KW_USAGE_TOTAL 16u
#define KW_USAGE_CACHE_READ 32u
#define KW_USAGE_CACHE_WRITE 64u
#define KW_USAGE_REASONING 128u
#define KW_USAGE_AUDIO_INPUT 256u
#define KW_USAGE_AUDIO_OUTPUT 512u
#define KW_USAGE_TOOL_PROMPT 1024u

typedef struct kw_usage_1 {
    kw_hdr h;
    uint64_t input, output, total;
    uint64_t cache_read, cache_write, reasoning; /* parts of input, input and output */
    uint64_t audio_input, audio_output, tool_prompt;
    uint64_t flags;      /* KW_USAGE_* */
    double cost_usd;     /* what the service charges */
    kw_str raw_json;     /* as the service said it, or empty */
} kw_usage;

/* Something that was not done as asked: unsupported, or emulated. */
typedef struct kw_warning_1 {
    kw_hdr h;
    kw_str feature, message;
} kw_warning;

#if defined(__cplusplus)
}
#endif
#endif
