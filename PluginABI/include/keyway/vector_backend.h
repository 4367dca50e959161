/* keyway/vector_backend.h - "keyway.vector-backend/1": vectors stored in repositories and found again. */
#ifndef KEYWAY_VECTOR_BACKEND_H
#define KEYWAY_VECTOR_BACKEND_H

#include "core.h"
#include "embedder.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_VECTOR_BACKEND_ID "keyway.vector-backend/1"

/* ---- values and filters --------------------------------------------------------------------------------- */

#define KW_VALUE_NULL 0u
#define KW_VALUE_BOOL 1u   /* integer, 0 or 1 */
#define KW_VALUE_INT 2u    /* integer */
#define KW_VALUE_DOUBLE 3u /* number */
#define KW_VALUE_STRING 4u /* text */

typedef struct kw_value_1 {
    kw_hdr h;
    uint32_t kind;     /* KW_VALUE_* */
    uint32_t reserved; /* 0 */
    int64_t integer;
    double number;
    kw_str text;
} kw_value;

/* A filter is a postfix program over a small stack of booleans: predicates push one, AND and OR take argc and push
 * one, NOT takes one; exactly one is left at the end. An empty program admits every item. A predicate over a field
 * that the item does not have is false (NE and NOT_IN too are "has the field and differs"; use NOT for the
 * rest). Integers and doubles compare by value; values of other different kinds are unequal and unordered; text
 * orders by bytes. Fields name members of the metadata object; a list member satisfies a predicate if any of its
 * elements does. Bit positions in kw_vector_info.filter_ops are these numbers. */
#define KW_FILTER_AND 1u
#define KW_FILTER_OR 2u
#define KW_FILTER_NOT 3u
#define KW_FILTER_TRUE 4u     /* pushes true */
#define KW_FILTER_FALSE 5u    /* pushes false */
#define KW_FILTER_EQ 6u       /* values[0] */
#define KW_FILTER_NE 7u
#define KW_FILTER_LT 8u
#define KW_FILTER_LE 9u
#define KW_FILTER_GT 10u
#define KW_FILTER_GE 11u
#define KW_FILTER_IN 12u      /* equals any of values */
#define KW_FILTER_NOT_IN 13u  /* equals none of values */
#define KW_FILTER_EXISTS 14u  /* field present, null included */
#define KW_FILTER_IS_NULL 15u /* field present and null */
#define KW_FILTER_PREFIX 16u  /* text begins with values[0] */
#define KW_FILTER_CONTAINS 17u /* text contains values[0]; a list has it as an element */
#define KW_FILTER_IDS 18u     /* item's id is one of values; field is empty */

#define KW_FILTER_MAX_DEPTH 64u
#define KW_FILTER_MAX_LENGTH 4096u

typedef struct kw_finst_1 {
    kw_hdr h;
    uint32_t op;   /* KW_FILTER_* */
    uint32_t argc; /* operands taken from the stack */
    kw_str field;
    kw_span values; /* kw_value */
} kw_finst;

/* ---- operations' structs -------------------------------------------------------------------------------- */

#define KW_VECTOR_PERSISTENT 1u /* features: survives the process, if the instance has a data folder */
#define KW_VECTOR_EXACT 2u      /* features: scans are exact unless asked otherwise */
#define KW_VECTOR_TEXT 4u       /* features: keeps and returns the items' text */

typedef struct kw_vector_info_1 {
    kw_hdr h;
    kw_str backend;       /* "flat-vectors" */
    kw_str location;      /* file, folder or address; no secrets */
    uint64_t features;    /* KW_VECTOR_* */
    uint64_t filter_ops;  /* mask: 1 << KW_FILTER_*; the host evaluates the rest */
    uint32_t metrics;     /* mask of KW_METRIC_* */
    uint32_t elements;    /* mask of KW_ELEMENT_* it stores */
    uint32_t max_dims, max_top_k; /* 0 = any */
    uint32_t max_batch, reserved; /* items per upsert, 0 = any */
} kw_vector_info;

typedef struct kw_repo_in_1 {
    kw_hdr h;
    kw_str repo;
} kw_repo_in;

/* Field `repo` of all structs: a name of 1-200 bytes of UTF-8, chosen by the caller; data of one repository is never
 * visible from another. */
typedef struct kw_repo_spec_1 {
    kw_hdr h;
    kw_str repo;
    uint32_t dims;       /* not 0 */
    uint32_t metric;     /* KW_METRIC_* */
    uint32_t element;    /* KW_ELEMENT_* stored; the backend may refuse with KW_UNIMPLEMENTED */
    uint32_t reserved;   /* 0 */
    kw_str embedder_id;  /* identity of the vector space, or empty: not checked */
} kw_repo_spec;

typedef struct kw_repo_info_1 {
    kw_hdr h;
    kw_str repo;
    uint32_t dims, metric, element, reserved;
    uint64_t items, bytes;
    kw_str embedder_id;
} kw_repo_info;

typedef struct kw_repos_out_1 {
    kw_hdr h;
    kw_span repos; /* kw_repo_info, sorted by name */
} kw_repos_out;

typedef struct kw_upsert_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span ids;         /* kw_str, 1-512 bytes each; an id that exists is replaced whole, the last of equal ones wins */
    const void *rows;    /* ids.count rows of f32 */
    uint64_t rows_size;  /* bytes */
    uint64_t row_stride; /* bytes, a multiple of 4 */
    uint32_t dims;       /* must equal the repository's; a repository that does not exist is made (cosine) */
    uint32_t element;    /* KW_ELEMENT_F32 */
    kw_span texts;       /* kw_str, one an item, or empty */
    kw_span metadata_json; /* kw_str, one JSON object an item (or an empty string), or empty */
    kw_str embedder_id;  /* refused with KW_FAILED_PRECONDITION if it and the repository's are set and differ */
} kw_upsert_in;

typedef struct kw_count_out_1 {
    kw_hdr h;
    uint64_t count;
} kw_count_out;

#define KW_INCLUDE_METADATA 1u
#define KW_INCLUDE_TEXT 2u
#define KW_INCLUDE_VECTOR 4u

#define KW_EXACTNESS_ANY 0u
#define KW_EXACTNESS_EXACT 1u

#define KW_QUERY_MIN_SCORE 1u /* kw_query.set: min_score counts */

typedef struct kw_query_1 {
    kw_hdr h;
    const void *vector;   /* dims elements */
    uint32_t dims;
    uint32_t element;     /* KW_ELEMENT_F32 */
    uint32_t top_k;       /* 0 gives no hits */
    uint32_t offset;      /* hits to pass over first */
    uint32_t include;     /* KW_INCLUDE_* */
    uint32_t exactness;   /* KW_EXACTNESS_* */
    uint64_t set;         /* KW_QUERY_* */
    double min_score;
    kw_span filter;       /* kw_finst */
    kw_str embedder_id;   /* as in kw_upsert_in */
} kw_query;

typedef struct kw_query_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span queries; /* kw_query */
} kw_query_in;

typedef struct kw_hit_1 {
    kw_hdr h;
    kw_str id;
    double score;          /* higher is nearer, whatever the metric: cosine, dot product, or -distance */
    double distance;       /* cosine: 1 - score; dot: -score; else the distance */
    kw_str metadata_json, text; /* if included and present */
    const void *vector;    /* if included: dims elements, else NULL */
    uint32_t dims, element;
} kw_hit;

#define KW_RESULT_EXACT 1u    /* no nearer item exists */
#define KW_RESULT_COMPLETE 2u /* fewer than top_k hits means that no more match */

typedef struct kw_query_result_1 {
    kw_hdr h;
    kw_span hits;     /* kw_hit, nearest first, equal scores by id */
    uint64_t flags;   /* KW_RESULT_* */
    uint64_t scanned; /* items looked at */
} kw_query_result;

typedef struct kw_query_out_1 {
    kw_hdr h;
    kw_span results; /* kw_query_result, one a query, in order */
} kw_query_out;

typedef struct kw_filter_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span filter; /* kw_finst */
} kw_filter_in;

typedef struct kw_vector_backend_1 {
    kw_hdr h;
    KW_OP(info, kw_none, kw_vector_info);           /* constant over an instance's life. [op] */
    KW_OP(repos, kw_none, kw_repos_out);            /* every repository. [op] */
    /* Makes a repository, or checks one: KW_DIMENSION_MISMATCH, or KW_FAILED_PRECONDITION for another metric or
     * embedder, if it exists with others. Replies what is there. [op] */
    KW_OP(ensure, kw_repo_spec, kw_repo_info);
    /* All items or none; durable when it returns, if the backend is persistent. Replies how many were written. [op] */
    KW_OP(upsert, kw_upsert_in, kw_count_out);
    /* KW_NOT_FOUND if there is no such repository, KW_DIMENSION_MISMATCH if dims differ. [op] */
    KW_OP(query, kw_query_in, kw_query_out);
    /* Removes the items that the filter admits; replies how many. An empty filter removes all. [op] */
    KW_OP(remove, kw_filter_in, kw_count_out);
    KW_OP(count, kw_filter_in, kw_count_out);       /* how many the filter admits. [op] */
    KW_OP(wipe, kw_repo_in, kw_none);               /* drops the repository itself; KW_NOT_FOUND if there is none. [op] */
} kw_vector_backend;

#if defined(__cplusplus)
}
#endif
#endif
