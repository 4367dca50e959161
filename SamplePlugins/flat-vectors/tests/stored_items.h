/* Items of four dimensions in files of one folder: where the files lie, and whether an item is what was written. */
#ifndef FLAT_VECTORS_TESTS_STORED_ITEMS_H
#define FLAT_VECTORS_TESTS_STORED_ITEMS_H

#include "file_name.h"
#include "fixture.h"

static char folder[512];

static inline char *path_of(const char *repo)
{
    static char path[1024];
    char name[FILE_NAME_SIZE];
    file_name_of(kw_string(repo), name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline void row_of(uint32_t seed, float row[4])
{
    for (uint32_t d = 0; d < 4; d++)
        row[d] = (float)((seed * 31 + d * 7) % 101) - 50.25f;
}

static inline kw_status put_numbered(kw_instance *i, const char *repo, uint32_t number, uint32_t seed)
{
    char id[16], json[48];
    float row[4];
    snprintf(id, sizeof id, "n%u", number);
    snprintf(json, sizeof json, "{\"seed\":%u}", seed);
    row_of(seed, row);
    return put(i, repo, id, row, 4, json);
}

/* Is the item there, with the row, text and metadata that belong to seed? */
static inline int holds(kw_instance *i, const char *repo, uint32_t number, uint32_t seed)
{
    char id[16], json[48];
    float row[4];
    test_call call;
    kw_status status;
    snprintf(id, sizeof id, "n%u", number);
    snprintf(json, sizeof json, "{\"seed\":%u}", seed);
    row_of(seed, row);
    kw_value value = { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = kw_string(id) };
    kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = kw_span_of(&value, 1, sizeof value) };
    kw_query q = query_of(row, 4, 2);
    q.filter = kw_span_of(&step, 1, sizeof step);
    q.include = KW_INCLUDE_METADATA | KW_INCLUDE_TEXT | KW_INCLUDE_VECTOR;
    const kw_query_result *r = search(i, repo, &q, &call, &status);
    int held = 0;
    if (status == KW_OK && r->hits.count == 1) {
        const kw_hit *h = r->hits.ptr;
        held = kw_equal(h->id, kw_string(id)) && kw_equal(h->text, kw_string(id))
            && kw_equal(h->metadata_json, kw_string(json)) && memcmp(h->vector, row, sizeof row) == 0;
    }
    test_call_end(&call);
    return held;
}

#endif
