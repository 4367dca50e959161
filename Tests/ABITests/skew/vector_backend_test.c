/* Queries with filters with values, results with hits: three levels in, two out. */
#include "host.h"

#define QUERIES 2u
#define STEPS 2u
#define VALUES 3u

void test_vector_backend(const loaded *l)
{
    kw_vector_backend table;
    uint64_t present;
    CHECK(kwc_import_table(&table, sizeof table, host_interface(l, KW_VECTOR_BACKEND_ID), &present) == KW_OK);

    kw_span queries = make_input(QUERIES, sizeof(kw_query), l->padding);
    for (uint32_t i = 0; i < QUERIES; i++) {
        kw_query *query = input_at(queries, i);
        query->top_k = 5 + i;
        query->filter = make_input(STEPS, sizeof(kw_finst), l->padding);
        SET_ADDED(query, 200 + i);
        for (uint32_t j = 0; j < STEPS; j++) {
            kw_finst *step = input_at(query->filter, j);
            step->op = KW_FILTER_IN;
            step->field = kw_string(j == 0 ? "colour" : "size");
            step->values = make_input(VALUES, sizeof(kw_value), l->padding);
            for (uint32_t k = 0; k < VALUES; k++) {
                kw_value *value = input_at(step->values, k);
                value->kind = KW_VALUE_DOUBLE;
                value->number = 100 * i + 10 * j + k;
                SET_ADDED(value, 300 + k);
            }
        }
    }
    kw_query_in in = { .h = KW_HDR(kw_query_in), .repo = KW_STR("r"), .queries = queries };
    test_call c;
    call_run(&c, l, kwc_slot(&table, SLOT(kw_vector_backend, query)), exact_copy(&in), sizeof(kw_query_out), NULL,
             NULL);
    const kw_query_out *out = (const kw_query_out *)(const void *)c.reply;
    CHECK(c.status == KW_OK && out->results.count == QUERIES);
    CHECK(ADDED_NUMBER(out) == FROM_PLUGIN(l, ADDED_BY_PLUGIN));
    for (uint32_t i = 0; i < out->results.count; i++) {
        kw_query_result result;
        CHECK(kw_read_at(&result, out->results, i) && result.hits.count == STEPS * VALUES && result.scanned == 5 + i);
        CHECK(ADDED_NUMBER(&result) == FROM_PLUGIN(l, ADDED_BY_PLUGIN + 200 + i));
        for (uint32_t j = 0; j < result.hits.count; j++) {
            kw_hit hit;
            uint32_t step = j / VALUES, value = j % VALUES;
            CHECK(kw_read_at(&hit, result.hits, j));
            CHECK(kw_equal(hit.id, kw_string(step == 0 ? "colour" : "size")));
            CHECK(hit.score == (double)(100 * i + 10 * step + value));
            CHECK(hit.distance == (double)FROM_PLUGIN(l, 300 + value));
            CHECK(ADDED_NUMBER(&hit) == FROM_PLUGIN(l, ADDED_BY_PLUGIN + j));
        }
    }
    call_end(&c);

    kw_flush_in flush = { .h = KW_HDR(kw_flush_in), .repo = KW_STR("r") };
    call_run(&c, l, kwc_slot(&table, SLOT(kw_vector_backend, flush)), exact_copy(&flush), sizeof(kw_none), NULL, NULL);
    CHECK(c.status == KW_UNIMPLEMENTED && (present >> SLOT(kw_vector_backend, flush) & 1) == 0);
    call_end(&c);
}
