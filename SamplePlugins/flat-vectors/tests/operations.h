/* Operations, each a function of its number alone, and the state that they lead to. */
#ifndef FLAT_VECTORS_TESTS_OPERATIONS_H
#define FLAT_VECTORS_TESTS_OPERATIONS_H

#include "contents.h"

#define DIMS 48u
#define REPOSITORY "r"

typedef enum operation { PUT, PUT_MANY, REMOVE, UPDATE, CLEAR, COMPACT, FLUSH, SNAPSHOT, RESTORE, WIPE, OPERATIONS } operation;

static inline kw_status put_items(kw_instance *i, uint32_t count)
{
    static char names[64][16], json[64][96], text[64][1200];
    static float rows[64][DIMS];
    kw_str ids[64], metadata[64];
    test_call call;
    kw_str texts[64];
    for (uint32_t n = 0; n < count; n++) {
        uint32_t number = random_below(40), length = random_below(1100);
        snprintf(names[n], sizeof names[n], "n%u", number);
        snprintf(json[n], sizeof json[n], "{\"number\":%u,\"x\":%u}", number, random_below(1000));
        memset(text[n], 'a' + (int)random_below(26), length);
        text[n][length] = '\0';
        for (uint32_t d = 0; d < DIMS; d++)
            rows[n][d] = random_float();
        ids[n] = kw_string(names[n]);
        metadata[n] = kw_string(json[n]);
        texts[n] = kw_string(text[n]);
    }
    kw_upsert_in in = { .h = KW_HDR(kw_upsert_in), .repo = KW_STR(REPOSITORY), .ids = kw_span_of(ids, count, sizeof ids[0]),
                        .rows = rows, .rows_size = sizeof rows, .row_stride = sizeof rows[0], .dims = DIMS,
                        .element = KW_ELEMENT_F32, .texts = kw_span_of(texts, count, sizeof texts[0]),
                        .metadata_json = kw_span_of(metadata, count, sizeof metadata[0]) };
    test_call_begin(&call);
    return done(&call, backend->upsert(i, &call.call, &in));
}

/* Runs operation `number` of a series. `place` is where its snapshots go. */
static inline kw_status operate(kw_instance *i, const char *place, operation what, uint32_t series, uint32_t number)
{
    uint64_t count;
    char path[600], set[64];
    kw_value bounds[2] = { { .h = KW_HDR(kw_value), .kind = KW_VALUE_INT },
                           { .h = KW_HDR(kw_value), .kind = KW_VALUE_INT } };
    kw_finst between = { .h = KW_HDR(kw_finst), .op = KW_FILTER_BETWEEN, .field = KW_STR("number"),
                         .values = KW_SPAN(bounds) };
    kw_span some = kw_span_of(&between, 1, sizeof between);
    random_state = (uint64_t)series * 1000003 + number * 7919 + 1;
    for (int n = 0; n < 8; n++)
        random_bits();
    bounds[0].integer = random_below(40);
    bounds[1].integer = bounds[0].integer + random_below(12);
    snprintf(path, sizeof path, "%s/saved", place);
    switch (what) {
    case PUT:
        return put_items(i, 1 + random_below(4));
    case PUT_MANY:
        return put_items(i, 64);
    case REMOVE:
        return removed(i, REPOSITORY, some, &count);
    case UPDATE:
        snprintf(set, sizeof set, "{\"x\":null,\"y\":{\"z\":%u}}", number);
        return updated(i, REPOSITORY, some, set, &count);
    case CLEAR:
        return removed(i, REPOSITORY, (kw_span) { NULL, 0, 0 }, &count);
    case COMPACT:
        return flush(i, REPOSITORY, KW_FLUSH_COMPACT);
    case FLUSH:
        return flush(i, REPOSITORY, 0);
    case SNAPSHOT:
        return snapshot(i, REPOSITORY, path);
    case RESTORE:
        return restore(i, REPOSITORY, path, KW_RESTORE_REPLACE);
    default:
        return wipe(i, REPOSITORY);
    }
}

typedef struct state {
    kw_status status;  /* of the operation that led here */
    uint64_t items, hash, version, saved; /* items is UINT64_MAX if there is no repository; saved: of the snapshot */
} state;

static inline uint64_t version_of(kw_instance *i)
{
    test_call call;
    uint64_t version = 0;
    kw_filter_in in = { .h = KW_HDR(kw_filter_in), .repo = KW_STR(REPOSITORY) };
    test_call_begin(&call);
    kw_status status = backend->count(i, &call.call, &in);
    if (status == KW_OK)
        version = ((const kw_count_out *)call.reply)->version;
    done(&call, status);
    return version;
}

static inline state state_of(kw_instance *i, const char *place, kw_status status)
{
    char path[600];
    contents all = contents_of(i, REPOSITORY);
    state s = { .status = status, .items = all.count, .hash = all.hash, .version = version_of(i) };
    snprintf(path, sizeof path, "%s/saved", place);
    kw_instance *other = open_instance(NULL, "");
    if (restore(other, "saved", path, 0) == KW_OK)
        s.saved = contents_of(other, "saved").hash;
    else
        CHECK(access(path, F_OK) != 0); /* there is none, or it is whole */
    close_instance(other);
    return s;
}

static inline int same_state(const state *a, const state *b)
{
    return a->items == b->items && a->hash == b->hash && a->version == b->version && a->saved == b->saved;
}

#endif
