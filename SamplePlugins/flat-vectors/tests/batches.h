/* Items k00000, k00001, ... of three dimensions, many at once, and the filter that admits every second. */
#ifndef FLAT_VECTORS_TESTS_BATCHES_H
#define FLAT_VECTORS_TESTS_BATCHES_H

#include "fixture.h"

static inline void put_many(kw_instance *i, const char *repo, uint32_t from, uint32_t count)
{
    char(*names)[16] = calloc(count, sizeof *names), (*json)[48] = calloc(count, sizeof *json);
    kw_str *ids = calloc(count, sizeof *ids), *metadata = calloc(count, sizeof *metadata);
    float(*rows)[3] = calloc(count, sizeof *rows);
    for (uint32_t n = 0; n < count; n++) {
        snprintf(names[n], sizeof names[n], "k%05u", from + n);
        snprintf(json[n], sizeof json[n], "{\"n\":%u,\"even\":%s}", from + n, (from + n) % 2 ? "false" : "true");
        ids[n] = kw_string(names[n]);
        metadata[n] = kw_string(json[n]);
        rows[n][0] = (float)(from + n);
        rows[n][1] = 1;
    }
    CHECK(upsert(i, repo, count, ids, rows[0], 3, metadata, NULL) == KW_OK);
    free(names);
    free(json);
    free(ids);
    free(metadata);
    free(rows);
}

static inline kw_span even(kw_finst *step, kw_value *yes)
{
    *yes = (kw_value) { .h = KW_HDR(kw_value), .kind = KW_VALUE_BOOL, .integer = 1 };
    *step = (kw_finst) { .h = KW_HDR(kw_finst), .op = KW_FILTER_EQ, .field = KW_STR("even"),
                         .values = kw_span_of(yes, 1, sizeof *yes) };
    return kw_span_of(step, 1, sizeof *step);
}

#endif
