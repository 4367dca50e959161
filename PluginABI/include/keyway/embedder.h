/* keyway/embedder.h - "keyway.embedder/1": texts to vectors, written straight into the caller's memory. */
#ifndef KEYWAY_EMBEDDER_H
#define KEYWAY_EMBEDDER_H

#include "content.h"
#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_EMBEDDER_ID "keyway.embedder/1"

/* Element types of a row; also bit positions in masks (1 << KW_ELEMENT_F32). */
#define KW_ELEMENT_F32 1u
#define KW_ELEMENT_F16 2u
#define KW_ELEMENT_BF16 3u
#define KW_ELEMENT_I8 4u
#define KW_ELEMENT_U8 5u
#define KW_ELEMENT_BIT 6u /* eight a byte, the first in the highest bit; the last byte's unused bits are 0 */

/* What the vectors are for; also bit positions in masks. */
#define KW_TASK_UNSPECIFIED 0u
#define KW_TASK_QUERY 1u
#define KW_TASK_DOCUMENT 2u
#define KW_TASK_SIMILARITY 3u
#define KW_TASK_CLASSIFICATION 4u
#define KW_TASK_CLUSTERING 5u
#define KW_TASK_CODE 6u

/* Distances between vectors; also bit positions in masks. */
#define KW_METRIC_COSINE 1u
#define KW_METRIC_DOT 2u
#define KW_METRIC_L2 3u
#define KW_METRIC_L1 4u
#define KW_METRIC_HAMMING 5u
#define KW_METRIC_JACCARD 6u

#define KW_EMBED_DETERMINISTIC 1u /* same text, same bits, on every machine */
#define KW_EMBED_NORMALIZED 2u    /* rows have Euclidean length 1 (or 0, for a text without content) */
#define KW_EMBED_TOKEN_INPUT 4u   /* takes kw_embed_in.token_lists */
#define KW_EMBED_MEDIA_INPUT 8u   /* takes kw_embed_in.media of media_types */
#define KW_EMBED_SPARSE 16u       /* can reply sparse vectors */
#define KW_EMBED_TOKEN_LEVEL 32u  /* can reply a vector a token */
#define KW_EMBED_INSTRUCTION 64u  /* takes kw_embed_in.instruction */

typedef struct kw_embedder_info_1 {
    kw_hdr h;
    kw_str id;             /* identity of the vector space: model, revision, normalisation; without dims */
    kw_str model;          /* display name */
    uint32_t dims;         /* default length of a row */
    uint32_t max_batch;    /* texts per call, 0 = any */
    uint32_t max_tokens;   /* per text, 0 = any; beyond it the text is truncated */
    uint32_t max_parallel; /* useful concurrent calls, 0 = any */
    uint32_t elements;     /* mask of KW_ELEMENT_* */
    uint32_t tasks;        /* mask of KW_TASK_* that make a difference */
    uint32_t metrics;      /* mask of KW_METRIC_* that make sense */
    uint32_t reserved;     /* 0 */
    uint64_t features;     /* KW_EMBED_* */
    kw_span allowed_dims KW_OF(uint32_t); /* empty = every value from dims_min to dims_max */
    uint32_t dims_min, dims_max; /* 0, 0 = only dims and allowed_dims */
    uint64_t max_batch_tokens; /* over all texts of a call, 0 = any */
    kw_span media_types KW_OF(kw_str); /* "image/png", or "audio" for all of a kind */
    kw_span prefixes KW_OF(kw_pair); /* what it puts before texts of a task ("query" -> "search_query: ") */
} kw_embedder_info;

#define KW_TRUNCATE_END 0u
#define KW_TRUNCATE_START 1u
#define KW_TRUNCATE_ERROR 2u /* a text that is too long is KW_CONTEXT_OVERFLOW */

/* kw_embed_in.flags */
#define KW_EMBED_NORMALIZE 1u         /* rows of length 1 are wanted */
#define KW_EMBED_WANT_SPARSE 2u       /* reply kw_embed_out.sparse too */
#define KW_EMBED_WANT_TOKEN_LEVEL 4u  /* reply kw_embed_out.token_vectors too */

typedef struct kw_token_list_1 {
    kw_hdr h;
    kw_span ids KW_OF(uint32_t); /* of the embedder's own tokenizer */
} kw_token_list;

/* One row an input. Exactly one of texts, token_lists and media has elements (none, if there is nothing to do). */
typedef struct kw_embed_in_1 {
    kw_hdr h;
    kw_span texts KW_OF(kw_str);
    /* Caller's matrix, aligned at least for the element; row i starts at i * row_stride. */
    void *rows KW_FILLED(capacity, row_stride, dims, element, texts, token_lists, media);
    uint64_t capacity;    /* of rows, in bytes */
    uint64_t row_stride;  /* bytes, a multiple of the element's size */
    uint32_t dims;        /* length of a row, never 0 */
    uint32_t element;     /* KW_ELEMENT_* */
    uint32_t task;        /* KW_TASK_* */
    uint32_t truncate;    /* KW_TRUNCATE_* */
    uint32_t flags;       /* KW_EMBED_NORMALIZE */
    uint32_t reserved;    /* 0 */
    kw_str instruction;   /* or empty */
    kw_span token_lists KW_OF(kw_token_list);
    kw_span media KW_OF(kw_part); /* of KW_PART_DATA */
} kw_embed_in;

/* Weights by feature; what is not named is 0. Features rise. */
typedef struct kw_sparse_1 {
    kw_hdr h;
    kw_span indices KW_OF(uint32_t);
    kw_span values KW_OF(float); /* as many */
} kw_sparse;

/* A vector a token of one input, for late interaction. */
typedef struct kw_token_vectors_1 {
    kw_hdr h;
    const void *rows KW_SIZED_BY(rows_size); /* count rows of dims elements of kw_embed_in.element */
    uint64_t rows_size;   /* bytes */
    uint64_t row_stride;  /* bytes */
    uint32_t count, dims;
} kw_token_vectors;

typedef struct kw_embed_out_1 {
    kw_hdr h;
    uint32_t rows_written; /* equals the number of inputs */
    uint32_t reserved;     /* 0 */
    uint64_t total_tokens; /* over all texts, 0 = not counted */
    kw_span tokens KW_OF(uint32_t); /* one a row, or empty */
    kw_span truncated KW_OF(uint32_t); /* rising: rows whose text was cut */
    kw_span sparse KW_OF(kw_sparse); /* one a row, if wanted */
    kw_span token_vectors KW_OF(kw_token_vectors); /* one a row, if wanted */
    kw_span usage KW_OF(kw_usage); /* 0 or 1 */
    kw_span warnings KW_OF(kw_warning);
} kw_embed_out;

typedef struct kw_count_tokens_in_1 {
    kw_hdr h;
    kw_span texts KW_OF(kw_str);
} kw_count_tokens_in;

typedef struct kw_count_tokens_out_1 {
    kw_hdr h;
    kw_span tokens KW_OF(uint32_t); /* one a text */
    uint64_t flags;        /* KW_USAGE_ESTIMATED */
} kw_count_tokens_out;

typedef struct kw_embedder_1 {
    kw_hdr h;
    /* What this embedder is; constant over an instance's life. [op] */
    KW_OP(info, kw_none, kw_embedder_info) KW_IDEMPOTENT;
    /* Fills a row an input, in order. KW_BUFFER_TOO_SMALL if capacity does not hold them, KW_DIMENSION_MISMATCH if dims is
     * not offered, KW_UNIMPLEMENTED for an element, a kind of input or a flag it does not know. After an error the
     * rows' contents are unspecified. Nothing outside the rows' first dims elements is written. [op] */
    KW_OP(embed, kw_embed_in, kw_embed_out) KW_IDEMPOTENT;
    /* How many tokens embed would see in each text, before truncation. NULL: not known. [op] */
    KW_OP(count_tokens, kw_count_tokens_in, kw_count_tokens_out) KW_IDEMPOTENT;
} kw_embedder;

#if defined(__cplusplus)
}
#endif
#endif
