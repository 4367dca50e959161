/* keyway/provider.h - "keyway.provider/1": a model that answers messages, whole or as a stream. */
#ifndef KEYWAY_PROVIDER_H
#define KEYWAY_PROVIDER_H

#include "content.h"
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
#define KW_FEATURE_DETERMINISTIC 512u /* same request, same bytes */
#define KW_FEATURE_GRAMMAR 0x400u
#define KW_FEATURE_LOGPROBS 0x800u
#define KW_FEATURE_CHOICES 0x1000u        /* several answers to one request */
#define KW_FEATURE_PROMPT_CACHE 0x2000u
#define KW_FEATURE_PROVIDER_TOOLS 0x4000u /* runs tools of its own */
#define KW_FEATURE_COUNT_TOKENS 0x8000u   /* exactly, not by estimate */
#define KW_FEATURE_CONVERSATION 0x10000u  /* keeps conversations itself */
#define KW_FEATURE_CONTINUATION 0x20000u  /* a broken stream can be taken up again */
#define KW_FEATURE_VIDEO_IN 0x40000u
#define KW_FEATURE_FILES_IN 0x80000u
#define KW_FEATURE_IMAGES_OUT 0x100000u
#define KW_FEATURE_AUDIO_OUT 0x200000u

#define KW_LATENCY_UNKNOWN 0u
#define KW_LATENCY_FAST 1u
#define KW_LATENCY_MEDIUM 2u
#define KW_LATENCY_SLOW 3u

/* Bits of kw_model.set. A price whose bit is clear is not known. */
#define KW_PRICE_INPUT 1u
#define KW_PRICE_OUTPUT 2u
#define KW_PRICE_CACHE_READ 4u
#define KW_PRICE_CACHE_WRITE 8u

typedef struct kw_model_1 {
    kw_hdr h;
    kw_str id;                /* what kw_generate_in.model names */
    kw_str description;
    uint64_t features;        /* KW_FEATURE_* */
    uint64_t context_tokens;  /* 0 = not known */
    uint64_t max_output_tokens; /* 0 = not known */
    uint32_t latency;         /* KW_LATENCY_* */
    uint32_t max_choices;     /* 0 = not known */
    double input_price, output_price, cache_read_price, cache_write_price; /* US dollars per million tokens */
    uint64_t set;             /* KW_PRICE_* */
} kw_model;

typedef struct kw_models_out_1 {
    kw_hdr h;
    kw_span models KW_OF(kw_model); /* the default first */
} kw_models_out;

/* ---- messages ------------------------------------------------------------------------------------------- */

#define KW_ROLE_SYSTEM 1u
#define KW_ROLE_DEVELOPER 2u
#define KW_ROLE_USER 3u
#define KW_ROLE_ASSISTANT 4u
#define KW_ROLE_TOOL 5u

typedef struct kw_message_1 {
    kw_hdr h;
    uint32_t role;     /* KW_ROLE_* */
    uint32_t reserved; /* 0 */
    kw_str name;       /* of the speaker, or empty */
    kw_span parts KW_OF(kw_part);
} kw_message;

/* ---- request -------------------------------------------------------------------------------------------- */

#define KW_TOOL_CHOICE_AUTO 0u
#define KW_TOOL_CHOICE_NONE 1u
#define KW_TOOL_CHOICE_REQUIRED 2u
#define KW_TOOL_CHOICE_NAMED 3u   /* must call one of tool_names */
#define KW_TOOL_CHOICE_ALLOWED 4u /* may call one of tool_names */

#define KW_FORMAT_TEXT 0u
#define KW_FORMAT_JSON 1u
#define KW_FORMAT_JSON_SCHEMA 2u /* schema_json */
#define KW_FORMAT_GRAMMAR 3u     /* grammar, of grammar_syntax */

#define KW_EFFORT_DEFAULT 0u
#define KW_EFFORT_NONE 1u
#define KW_EFFORT_MINIMAL 2u
#define KW_EFFORT_LOW 3u
#define KW_EFFORT_MEDIUM 4u
#define KW_EFFORT_HIGH 5u

/* Bits of kw_generate_in.set, because 0.0 is not "unset". A field whose bit is clear is 0 and means nothing. */
#define KW_SET_TEMPERATURE 1u
#define KW_SET_TOP_P 2u
#define KW_SET_TOP_K 4u
#define KW_SET_SEED 8u
#define KW_SET_MAX_OUTPUT_TOKENS 16u
#define KW_SET_MIN_P 32u
#define KW_SET_PRESENCE_PENALTY 64u
#define KW_SET_FREQUENCY_PENALTY 128u
#define KW_SET_REPEAT_PENALTY 256u
#define KW_SET_LOGPROBS 512u
#define KW_SET_PARALLEL_TOOLS 1024u
#define KW_SET_MAX_TOOL_CALLS 2048u
#define KW_SET_REASONING_TOKENS 4096u

#define KW_GENERATE_PARALLEL_TOOLS 1u    /* flags; counts if KW_SET_PARALLEL_TOOLS */
#define KW_GENERATE_RAW 2u               /* emit RAW events with what the service sent */
#define KW_GENERATE_BACKGROUND 4u        /* the service may go on when the caller has gone */
#define KW_GENERATE_SCHEMA_STRICT 8u     /* the answer must match schema_json exactly */
#define KW_GENERATE_REASONING_SUMMARY 16u /* REASONING events are wanted */

typedef struct kw_logit_bias_1 {
    kw_hdr h;
    int64_t token;
    double bias;
} kw_logit_bias;

/* What a provider cannot do it says in a warning, or, where the answer would be useless, refuses with
 * KW_UNIMPLEMENTED; it never drops a wish in silence. */
typedef struct kw_generate_in_1 {
    kw_hdr h;
    kw_str model;            /* empty = the default */
    kw_span messages KW_OF(kw_message); /* at least one */
    kw_span tools KW_OF(kw_tool_spec);
    uint32_t tool_choice;    /* KW_TOOL_CHOICE_* */
    uint32_t output_format;  /* KW_FORMAT_* */
    kw_span tool_names KW_OF(kw_str); /* for KW_TOOL_CHOICE_NAMED and _ALLOWED */
    kw_str schema_json;
    kw_span stop KW_OF(kw_str); /* the answer ends before the first of them */
    uint64_t set;            /* KW_SET_* */
    double temperature, top_p;
    int64_t seed;
    uint64_t max_output_tokens;
    uint32_t top_k;
    uint32_t choices;        /* answers wanted; 0 and 1 both mean one */
    kw_str extra_json;       /* an object of provider-specific settings for the request's body, or empty */
    uint64_t flags;          /* KW_GENERATE_* */
    double min_p, presence_penalty, frequency_penalty, repeat_penalty;
    uint32_t logprobs;       /* alternatives a token */
    uint32_t max_tool_calls;
    kw_span logit_bias KW_OF(kw_logit_bias);
    kw_str schema_name;      /* of schema_json, or empty */
    kw_str grammar, grammar_syntax; /* "gbnf", "lark", "regex" */
    kw_span modalities KW_OF(kw_str); /* "text", "audio", "image"; empty = text */
    uint32_t effort;         /* KW_EFFORT_* of reasoning */
    uint32_t reserved;       /* 0 */
    uint64_t reasoning_tokens; /* budget */
    kw_str cache_key;        /* groups requests that share a prefix, or empty */
    kw_str conversation;     /* the service's own, or empty */
    kw_str continuation;     /* kw_generate_out.continuation of an answer that broke off: go on from there */
    kw_str service_tier;     /* or empty */
    kw_str user;             /* the caller's end user, opaque, for abuse reports; or empty */
    kw_str idempotency_key;  /* two requests of one key are one request; or empty */
    kw_span headers KW_OF(kw_pair); /* for services over HTTP */
    kw_str metadata_json;    /* an object the service keeps with the answer, or empty */
} kw_generate_in;

/* ---- reply ---------------------------------------------------------------------------------------------- */

#define KW_STOP_END 1u      /* it was done */
#define KW_STOP_SEQUENCE 2u /* one of `stop` was met */
#define KW_STOP_LENGTH 3u   /* max_output_tokens */
#define KW_STOP_CONTEXT 4u  /* the context is full */
#define KW_STOP_TOOL_CALLS 5u
#define KW_STOP_FILTER 6u
#define KW_STOP_REFUSAL 7u
#define KW_STOP_PAUSE 8u    /* send the answer back to let it go on */
#define KW_STOP_OTHER 9u
#define KW_STOP_CANCELLED 10u
#define KW_STOP_ERROR 11u

typedef struct kw_token_logprob_1 {
    kw_hdr h;
    kw_bytes token;   /* its bytes, which need not be whole characters */
    double logprob;   /* natural logarithm, at most 0 */
    kw_span others KW_OF(kw_token_logprob); /* without others: what else it might have been, likeliest first */
} kw_token_logprob;

/* Bits of kw_rate_limit.set. A number whose bit is clear is not known. */
#define KW_RATE_LIMIT 1u
#define KW_RATE_REMAINING 2u

typedef struct kw_rate_limit_1 {
    kw_hdr h;
    kw_str name;        /* "requests", "tokens" */
    uint64_t limit, remaining;
    int64_t reset_ns;   /* from now; 0 = not said */
    uint64_t set;       /* KW_RATE_* */
} kw_rate_limit;

typedef struct kw_choice_1 {
    kw_hdr h;
    uint32_t index;        /* 0, 1, ... */
    uint32_t stop;         /* KW_STOP_* */
    kw_str stop_raw;       /* the service's own word, or empty */
    kw_str stop_sequence;  /* which of `stop` was met, or empty */
    kw_span parts KW_OF(kw_part); /* empty after a stream: the host has assembled them from the events */
    kw_span logprobs KW_OF(kw_token_logprob); /* of the text; empty after a stream */
} kw_choice;

typedef struct kw_generate_out_1 {
    kw_hdr h;
    kw_str id, model;
    kw_span choices KW_OF(kw_choice); /* at least one */
    kw_span usage KW_OF(kw_usage); /* 0 or 1; overrides usage events */
    kw_span warnings KW_OF(kw_warning);
    kw_span rate_limits KW_OF(kw_rate_limit);
    kw_str continuation; /* takes this answer up again, or empty */
    kw_str service_tier; /* that was used, or empty */
    kw_str raw_json;     /* the service's whole reply, if KW_GENERATE_RAW; or empty */
} kw_generate_out;

typedef struct kw_token_count_1 {
    kw_hdr h;
    uint64_t tokens;
    uint64_t flags;      /* KW_USAGE_ESTIMATED */
} kw_token_count;

/* A provider fills generate, stream or both; the host makes the missing one from the other. */
typedef struct kw_provider_1 {
    kw_hdr h;
    /* The models offered; constant between two configurations. [op] */
    KW_OP(models, kw_none, kw_models_out) KW_IDEMPOTENT;
    /* Answers in one reply. Of what it emits only USAGE, RATE_LIMIT and WARNING are kept, also after an error.
     * KW_CONTEXT_OVERFLOW, KW_CONTENT_FILTER, KW_RATE_LIMITED (with retry_after_ns), KW_OVERLOADED, KW_UNAUTHENTICATED
     * and KW_TRANSPORT say what they are called; KW_NOT_FOUND is an unknown model. [op] */
    KW_OP(generate, kw_generate_in, kw_generate_out) KW_EMITS;
    /* Emits events, then replies: at most one STARTED, first; TEXT, REASONING and PART of blocks; a tool call as
     * TOOL_BEGIN, TOOL_ARGS*, TOOL_END, calls may interleave by index; FINISHED at the end of each choice, unless the
     * reply says how it stopped; USAGE, LOGPROBS, RATE_LIMIT, WARNING, RAW and HEARTBEAT at any time. When emit
     * answers KW_CANCELLED it returns KW_CANCELLED without a reply. Errors as generate. [op] */
    KW_OP(stream, kw_generate_in, kw_generate_out) KW_EMITS;
    /* How many tokens the request would be billed for as input. NULL: the host estimates. [op] */
    KW_OP(count_tokens, kw_generate_in, kw_token_count) KW_IDEMPOTENT;
    /* Loads what a request like this will need, so that the next one begins sooner. A hint. [op] */
    KW_OP(prewarm, kw_generate_in, kw_none);
} kw_provider;

#if defined(__cplusplus)
}
#endif
#endif
