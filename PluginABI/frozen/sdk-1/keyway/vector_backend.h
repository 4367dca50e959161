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
    double number;     /* finite */
    kw_str text;
} kw_value;

/* A filter is a postfix program over a small stack of booleans: predicates push one, AND and OR take argc (at least one)
 * and push one, NOT takes one; exactly one is left at the end. An empty program admits every item.
 *
 * Fields name members of the metadata object by their exact name, or a member of a member with the path's names
 * joined by '/' when no member has the whole name. A predicate over a field that the item does not have is false (NE
 * and NOT_IN too are "has the field and differs"; use NOT for the rest). Integers and doubles compare by value; values
 * of other different kinds are unequal and unordered; text orders by bytes. Of a field that is a list, EQ to GE, IN,
 * BETWEEN, PREFIX and MATCH hold if they hold for any element; NE and NOT_IN hold if they hold for every element.
 * Bit positions in kw_vector_info.filter_ops are these numbers. A program with an operation that a backend does not
 * declare is refused with KW_UNIMPLEMENTED; the host never sends one. */
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
#define KW_FILTER_BETWEEN 19u /* values[0] <= field <= values[1] */
#define KW_FILTER_ALL_OF 20u  /* a list that has every one of values as an element; a single value is a list of one */
#define KW_FILTER_SIZE 21u    /* values[0] <= elements of a list, or Unicode scalars of a text <= values[1]; both integers */
#define KW_FILTER_IS_EMPTY 22u /* null, "", [] or {} */
#define KW_FILTER_MATCH 23u   /* every word of values[0] is a word of the text; words are runs of ASCII letters, digits and
                               * bytes from 0x80 on; ASCII case counts only if values[1] is true */
#define KW_FILTER_GEO_RADIUS 24u /* an object with numbers "lat" and "lon" in degrees, at most values[2] metres from
                               * values[0], values[1], along the great circle of a sphere of radius 6371008.8 m */
#define KW_FILTER_NATIVE 25u  /* values[0] = dialect, values[1] = a condition in the backend's own language; field is empty */

#define KW_FILTER_MAX_DEPTH 64u
#define KW_FILTER_MAX_LENGTH 4096u

typedef struct kw_finst_1 {
    kw_hdr h;
    uint32_t op;   /* KW_FILTER_* */
    uint32_t argc; /* operands taken from the stack */
    kw_str field;
    kw_span values KW_OF(kw_value);
} kw_finst;

/* ---- operations' structs -------------------------------------------------------------------------------- */

#define KW_VECTOR_PERSISTENT 1u /* features: survives the process, if the instance has a data folder */
#define KW_VECTOR_EXACT 2u      /* features: scans are exact unless asked otherwise */
#define KW_VECTOR_TEXT 4u       /* features: keeps and returns the items' text */
#define KW_VECTOR_SPARSE 8u     /* features: sparse vectors */
#define KW_VECTOR_NAMED 16u     /* features: several named vectors an item */
#define KW_VECTOR_TEXT_SEARCH 32u /* features: kw_query.query_text */
#define KW_VECTOR_FUSION 64u    /* features: ranks by several of vector, sparse and query_text at once */
#define KW_VECTOR_MMR 128u      /* features: kw_query.mmr_fetch */
#define KW_VECTOR_GROUPS 256u   /* features: kw_query.group_by */
#define KW_VECTOR_EXAMPLES 512u /* features: kw_query.like and unlike */
#define KW_VECTOR_EXPIRY 1024u  /* features: items that end by themselves */
#define KW_VECTOR_VERSIONS 2048u /* features: replies commit versions and honours kw_query.consistency */
#define KW_VECTOR_APPROXIMATE 4096u /* features: has an approximate index */

typedef struct kw_vector_info_1 {
    kw_hdr h;
    kw_str backend;       /* "flat-vectors" */
    kw_str location;      /* file, folder or address; no secrets */
    uint64_t features;    /* KW_VECTOR_* */
    uint64_t filter_ops;  /* mask: 1 << KW_FILTER_*; the host evaluates the rest */
    uint32_t metrics;     /* mask of KW_METRIC_* */
    uint32_t elements;    /* mask of KW_ELEMENT_* it stores */
    uint32_t max_dims, max_top_k; /* 0 = any */
    uint32_t max_batch, max_queries; /* items per upsert, queries per call; 0 = any */
    kw_span index_kinds KW_OF(kw_str); /* "flat", "hnsw"; the first is the default */
    kw_span dialects KW_OF(kw_str); /* of KW_FILTER_NATIVE */
} kw_vector_info;

typedef struct kw_repo_in_1 {
    kw_hdr h;
    kw_str repo;
} kw_repo_in;

/* Field `repo` of all structs: a name of 1-200 bytes of UTF-8, chosen by the caller; data of one repository is never
 * visible from another. */
typedef struct kw_vector_field_1 {
    kw_hdr h;
    kw_str name;         /* not empty: the field without a name is kw_repo_spec's own */
    uint32_t dims;       /* 0 = sparse */
    uint32_t metric;     /* KW_METRIC_* */
    uint32_t element;    /* KW_ELEMENT_* */
    uint32_t reserved;   /* 0 */
} kw_vector_field;

typedef struct kw_repo_spec_1 {
    kw_hdr h;
    kw_str repo;
    uint32_t dims;       /* not 0 */
    uint32_t metric;     /* KW_METRIC_* */
    uint32_t element;    /* KW_ELEMENT_* stored; the backend may refuse with KW_UNIMPLEMENTED */
    uint32_t reserved;   /* 0 */
    kw_str embedder_id;  /* identity of the vector space, or empty: not checked */
    kw_str index_json;   /* {"kind":"flat", ...}, or empty: the default */
    kw_span fields KW_OF(kw_vector_field); /* further vectors an item */
} kw_repo_spec;

typedef struct kw_repo_info_1 {
    kw_hdr h;
    kw_str repo;
    uint32_t dims, metric, element, reserved;
    uint64_t items, bytes;
    kw_str embedder_id;
    kw_str index_json;
    kw_span fields KW_OF(kw_vector_field);
    uint64_t version; /* of the last commit, 0 = not counted */
} kw_repo_info;

typedef struct kw_repos_out_1 {
    kw_hdr h;
    kw_span repos KW_OF(kw_repo_info); /* sorted by name */
} kw_repos_out;

/* Rows of one named field, one an item. */
typedef struct kw_field_rows_1 {
    kw_hdr h;
    kw_str name;
    const void *rows KW_SIZED_BY(rows_size);
    uint64_t rows_size;  /* bytes */
    uint64_t row_stride; /* bytes */
    uint32_t dims, element;
    kw_span sparse KW_OF(kw_sparse); /* one an item, for a sparse field; then there are no rows */
} kw_field_rows;

typedef struct kw_upsert_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span ids KW_OF(kw_str); /* 1-512 bytes each; an id that exists is replaced whole, the last of equal ones wins */
    const void *rows KW_SIZED_BY(rows_size); /* ids.count rows, aligned at least for the element */
    uint64_t rows_size;  /* bytes */
    uint64_t row_stride; /* bytes, a multiple of 4 */
    uint32_t dims;       /* must equal the repository's; a repository that does not exist is made (cosine) */
    uint32_t element;    /* KW_ELEMENT_F32 or the repository's own, KW_UNIMPLEMENTED for others */
    kw_span texts KW_OF(kw_str); /* one an item, or empty */
    kw_span metadata_json KW_OF(kw_str); /* one JSON object an item (or an empty string), or empty */
    kw_str embedder_id;  /* refused with KW_FAILED_PRECONDITION if it and the repository's are set and differ */
    kw_span fields KW_OF(kw_field_rows); /* vectors of further fields */
    kw_span expires_unix_ns KW_OF(int64_t); /* one an item, of the Unix clock, 0 = never; or empty */
} kw_upsert_in;

typedef struct kw_count_out_1 {
    kw_hdr h;
    uint64_t count;
    uint64_t version;    /* of the commit, for kw_query.consistency; 0 = not counted */
} kw_count_out;

#define KW_INCLUDE_METADATA 1u
#define KW_INCLUDE_TEXT 2u
#define KW_INCLUDE_VECTOR 4u

#define KW_EXACTNESS_ANY 0u
#define KW_EXACTNESS_EXACT 1u
#define KW_EXACTNESS_EFFORT 2u     /* approximate, as thorough as `effort` says (HNSW: ef) */
#define KW_EXACTNESS_MIN_RECALL 3u /* at least min_recall of the true neighbours */

#define KW_QUERY_MIN_SCORE 1u /* kw_query.set: min_score counts */

#define KW_FUSION_NONE 0u
#define KW_FUSION_RECIPROCAL_RANK 1u
#define KW_FUSION_WEIGHTED 2u /* of normalised scores, by the weights */
#define KW_FUSION_SERVER 3u   /* as the backend thinks best */

typedef struct kw_query_1 {
    kw_hdr h;
    const void *vector KW_ELEMENTS(dims, element); /* NULL = none: ranked by sparse, query_text or like alone */
    uint32_t dims;        /* 0 without a vector */
    uint32_t element;     /* as in kw_upsert_in */
    uint32_t top_k;       /* 0 gives no hits */
    uint32_t offset;      /* hits to pass over first */
    uint32_t include;     /* KW_INCLUDE_* */
    uint32_t exactness;   /* KW_EXACTNESS_* */
    uint64_t set;         /* KW_QUERY_* */
    double min_score;
    kw_span filter KW_OF(kw_finst);
    kw_str embedder_id;   /* as in kw_upsert_in */
    kw_str field;         /* which vectors; empty = those without a name */
    kw_span sparse KW_OF(kw_sparse); /* 0 or 1 */
    kw_str query_text;    /* full text to rank by, or empty */
    kw_span like KW_OF(kw_str), unlike KW_OF(kw_str); /* ids of items whose vectors to seek and to avoid */
    uint32_t fusion;      /* KW_FUSION_* */
    uint32_t effort;      /* for KW_EXACTNESS_EFFORT */
    double vector_weight, sparse_weight, text_weight; /* for KW_FUSION_WEIGHTED */
    double min_recall;    /* for KW_EXACTNESS_MIN_RECALL */
    double mmr_lambda;    /* 1 = nearest only, 0 = most different only */
    uint32_t mmr_fetch;   /* candidates to choose top_k from, so that hits differ (MMR); 0 = no */
    uint32_t group_size;  /* hits a group */
    kw_str group_by;      /* metadata field; top_k then counts groups; empty = no groups */
    uint64_t consistency; /* wait until this version is visible; 0 = as it is */
} kw_query;

typedef struct kw_query_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span queries KW_OF(kw_query);
} kw_query_in;

typedef struct kw_hit_1 {
    kw_hdr h;
    kw_str id;
    double score;          /* higher is nearer, whatever the metric: cosine, dot product, or -distance */
    double distance;       /* cosine: 1 - score; dot: -score; else the distance */
    kw_str metadata_json, text; /* if included and present */
    const void *vector KW_ELEMENTS(dims, element); /* if included, else NULL */
    uint32_t dims, element;
    kw_str group;          /* the value of group_by as JSON, or empty */
} kw_hit;

#define KW_RESULT_EXACT 1u    /* no nearer item exists */
#define KW_RESULT_COMPLETE 2u /* fewer than top_k hits means that no more match */

typedef struct kw_query_result_1 {
    kw_hdr h;
    kw_span hits KW_OF(kw_hit); /* nearest first, equal scores by id */
    uint64_t flags;   /* KW_RESULT_* */
    uint64_t scanned; /* items looked at */
    kw_str index;     /* the index that answered: "flat", "hnsw" */
    int64_t took_ns;
} kw_query_result;

typedef struct kw_query_out_1 {
    kw_hdr h;
    kw_span results KW_OF(kw_query_result); /* one a query, in order */
} kw_query_out;

typedef struct kw_filter_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span filter KW_OF(kw_finst);
} kw_filter_in;

#define KW_ITEM_MISSING 1u /* kw_item.flags, of get: there is no item of this id */

typedef struct kw_item_1 {
    kw_hdr h;
    kw_str id;
    const void *vector KW_ELEMENTS(dims, element); /* if included, else NULL */
    uint32_t dims, element;
    kw_str metadata_json, text; /* if included and present */
    int64_t expires_unix_ns; /* 0 = never */
    uint64_t version;      /* of the commit that wrote it, 0 = not counted */
    uint64_t flags;        /* KW_ITEM_* */
} kw_item;

typedef struct kw_get_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span ids KW_OF(kw_str);
    uint32_t include;      /* KW_INCLUDE_* */
    uint32_t reserved;     /* 0 */
} kw_get_in;

typedef struct kw_items_out_1 {
    kw_hdr h;
    kw_span items KW_OF(kw_item); /* one an id, in order */
} kw_items_out;

typedef struct kw_scan_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span filter KW_OF(kw_finst);
    kw_str after;          /* only ids that sort behind this one, by bytes; empty = from the start */
    uint64_t limit;        /* items, 0 = all */
    uint32_t include;      /* KW_INCLUDE_* */
    uint32_t reserved;     /* 0 */
} kw_scan_in;

typedef struct kw_scan_out_1 {
    kw_hdr h;
    uint64_t count;        /* items emitted */
    kw_str next;           /* give as `after` to go on; empty = that was all */
} kw_scan_out;

typedef struct kw_update_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_span filter KW_OF(kw_finst);
    kw_str set_json;       /* an object: its members replace those of the metadata, null removes one */
} kw_update_in;

#define KW_FLUSH_COMPACT 1u /* give space of removed items back, too */

typedef struct kw_flush_in_1 {
    kw_hdr h;
    kw_str repo;
    uint64_t flags;        /* KW_FLUSH_* */
} kw_flush_in;

#define KW_RESTORE_REPLACE 1u /* an existing repository is replaced; else it is KW_ALREADY_EXISTS */

/* path is absolute and names a file. In a worker it lies in the instance's data folder or in a granted one. */
typedef struct kw_snapshot_in_1 {
    kw_hdr h;
    kw_str repo;
    kw_str path;
    uint64_t flags;        /* KW_RESTORE_*, of restore; else 0 */
} kw_snapshot_in;

typedef struct kw_vector_backend_1 {
    kw_hdr h;
    KW_OP(info, kw_none, kw_vector_info) KW_IDEMPOTENT; /* constant over an instance's life. [op] */
    KW_OP(repos, kw_none, kw_repos_out) KW_IDEMPOTENT; /* every repository. [op] */
    /* Makes a repository, or checks one: KW_DIMENSION_MISMATCH, or KW_FAILED_PRECONDITION for another metric or
     * embedder, if it exists with others. Replies what is there. [op] */
    KW_OP(ensure, kw_repo_spec, kw_repo_info);
    /* All items or none; durable when it returns, if the backend is persistent. Replies how many were written. [op] */
    KW_OP(upsert, kw_upsert_in, kw_count_out);
    /* KW_NOT_FOUND if there is no such repository, KW_DIMENSION_MISMATCH if dims differ. [op] */
    KW_OP(query, kw_query_in, kw_query_out) KW_IDEMPOTENT;
    /* Removes the items that the filter admits, all or none; replies how many. An empty filter removes all. [op] */
    KW_OP(remove, kw_filter_in, kw_count_out);
    KW_OP(count, kw_filter_in, kw_count_out) KW_IDEMPOTENT; /* how many the filter admits. [op] */
    /* Drops the repository itself, whole or not at all; KW_NOT_FOUND if there is none. [op] */
    KW_OP(wipe, kw_repo_in, kw_none);
    /* Items by id. NULL: the host cannot offer it. [op] */
    KW_OP(get, kw_get_in, kw_items_out) KW_IDEMPOTENT;
    /* Emits ITEMS events, by rising id; sees one state of the repository from start to end. [op] */
    KW_OP(scan, kw_scan_in, kw_scan_out) KW_IDEMPOTENT KW_EMITS;
    /* Changes metadata, not vectors, of what the filter admits; all or none. Replies how many. [op] */
    KW_OP(update, kw_update_in, kw_count_out);
    /* Everything is durable when it returns. [op] */
    KW_OP(flush, kw_flush_in, kw_none);
    /* Writes one state of a repository to a file that appears whole or not at all. [op] */
    KW_OP(snapshot, kw_snapshot_in, kw_none);
    /* Makes a repository from such a file; KW_DATA_LOSS if the file is damaged: then nothing has changed. [op] */
    KW_OP(restore, kw_snapshot_in, kw_repo_info);
} kw_vector_backend;

#if defined(__cplusplus)
}
#endif
#endif
