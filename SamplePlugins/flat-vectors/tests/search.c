/* Searching against a brute-force oracle in double precision, and everything a caller may get wrong. */
#define _GNU_SOURCE
#include "fixture.h"
#include "scan.h"

#define ITEMS 700

static char names[ITEMS][16];
static kw_str ids[ITEMS];

static void make_ids(void)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        snprintf(names[i], sizeof names[i], "item-%04u", i);
        ids[i] = kw_string(names[i]);
    }
}

static double oracle(uint32_t metric, const float *a, const float *b, uint32_t dims)
{
    double dot = 0, aa = 0, bb = 0, distance = 0;
    for (uint32_t i = 0; i < dims; i++) {
        dot += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
        distance += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    }
    if (metric == KW_METRIC_COSINE)
        return aa > 0 && bb > 0 ? dot / sqrt(aa) / sqrt(bb) : 0;
    return metric == KW_METRIC_DOT ? dot : -sqrt(distance);
}

static const double *sort_scores;

static int by_score(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (sort_scores[x] != sort_scores[y])
        return sort_scores[x] > sort_scores[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void results_equal_the_oracles(const char *level, uint32_t metric, uint32_t dims)
{
    char config[64];
    snprintf(config, sizeof config, "{\"scan\":\"%s\"}", level);
    kw_instance *instance = open_instance(NULL, config);
    float *rows = malloc((size_t)ITEMS * dims * sizeof *rows), *vector = malloc(dims * sizeof *vector);
    double scores[ITEMS];
    uint32_t order[ITEMS];
    for (size_t i = 0; i < (size_t)ITEMS * dims; i++)
        rows[i] = random_float();
    memset(rows + 5 * dims, 0, dims * sizeof *rows);                /* a zero vector */
    memcpy(rows + 8 * dims, rows + 7 * dims, dims * sizeof *rows);  /* a tie */
    for (uint32_t d = 0; d < dims; d++)
        vector[d] = random_float();
    CHECK(ensure(instance, "r", dims, metric, "") == KW_OK);
    CHECK(upsert(instance, "r", ITEMS, ids, rows, dims, NULL, NULL) == KW_OK);
    for (uint32_t i = 0; i < ITEMS; i++) {
        scores[i] = oracle(metric, vector, rows + (size_t)i * dims, dims);
        order[i] = i;
    }
    sort_scores = scores;
    qsort(order, ITEMS, sizeof order[0], by_score);

    static const uint32_t ks[] = { 0, 1, 10, ITEMS, ITEMS + 50, UINT32_MAX };
    for (size_t n = 0; n < sizeof ks / sizeof ks[0]; n++) {
        test_call call;
        kw_status status;
        kw_query q = query_of(vector, dims, ks[n]);
        q.offset = n == 2 ? 3 : 0;
        q.include = KW_INCLUDE_VECTOR | KW_INCLUDE_TEXT;
        const kw_query_result *r = search(instance, "r", &q, &call, &status);
        CHECK(status == KW_OK && r->flags == (KW_RESULT_EXACT | KW_RESULT_COMPLETE));
        CHECK(r->hits.count == (ks[n] < ITEMS ? ks[n] : ITEMS));
        for (uint32_t i = 0; i < r->hits.count; i++) {
            const kw_hit *h = kw_at(r->hits, i);
            uint32_t expected = order[i + q.offset];
            CHECK(kw_equal(h->id, ids[expected]) && kw_equal(h->text, ids[expected]));
            CHECK(fabs(h->score - scores[expected]) <= 1e-9 * dims);
            CHECK(fabs(h->distance - (metric == KW_METRIC_COSINE ? 1 - h->score : -h->score)) < 1e-12);
            CHECK(memcmp(h->vector, rows + (size_t)expected * dims, dims * sizeof *rows) == 0 && h->dims == dims);
        }
        test_call_end(&call);
    }
    kw_query q = query_of(vector, dims, ITEMS);
    test_call call;
    kw_status status;
    q.set = KW_QUERY_MIN_SCORE;
    q.min_score = (scores[order[19]] + scores[order[20]]) / 2;
    const kw_query_result *r = search(instance, "r", &q, &call, &status);
    CHECK(status == KW_OK && r->hits.count == 20);
    CHECK(((const kw_hit *)r->hits.ptr)->vector == NULL && ((const kw_hit *)r->hits.ptr)->text.len == 0);
    test_call_end(&call);
    free(rows);
    free(vector);
    close_instance(instance);
}

static void dispatch_levels_agree(void)
{
    for (size_t width = SCAN_LANES; width <= 1040; width += SCAN_LANES) {
        float *a = aligned_alloc(64, width * 4 * sizeof *a), *b = a + width, scores[3];
        for (size_t i = 0; i < width * 4; i++)
            a[i] = random_float();
        for (int level = SCAN_SCALAR; level <= SCAN_AVX512; level++) {
            const scan_kernels *k = scan_kernels_of((scan_level)level);
            CHECK(k->level <= scan_best_level());
            k->dot(a, b, width, 3, scores);
            for (size_t i = 0; i < 3; i++)
                CHECK(fabs((double)scores[i] - scan_dot_exact(a, b + i * width, width)) < 1e-4);
            k->squared_distance(a, b, width, 3, scores);
            for (size_t i = 0; i < 3; i++)
                CHECK(fabs((double)scores[i] - scan_squared_distance_exact(a, b + i * width, width)) < 1e-3);
        }
        free(a);
    }
}

static void values_at_the_edge_of_f32_work(void)
{
    kw_instance *instance = open_instance(NULL, "");
    float rows[2][4] = { { 3e38f, 3e38f, 3e38f, 3e38f }, { -3e38f, 3e38f, 3e38f, 3e38f } };
    for (uint32_t metric = KW_METRIC_COSINE; metric <= KW_METRIC_L2; metric++) {
        char repo[2] = { (char)('a' + metric), 0 };
        test_call call;
        kw_status status;
        CHECK(ensure(instance, repo, 4, metric, "") == KW_OK);
        CHECK(upsert(instance, repo, 2, ids, rows[0], 4, NULL, NULL) == KW_OK);
        kw_query q = query_of(rows[1], 4, 2);
        const kw_query_result *r = search(instance, repo, &q, &call, &status);
        CHECK(status == KW_OK && r->hits.count == 2);
        const kw_hit *first = kw_at(r->hits, 0);
        CHECK(kw_equal(first->id, ids[1]) && isfinite(first->score));
        test_call_end(&call);
    }
    close_instance(instance);
}

static void repositories_do_not_see_each_other(void)
{
    kw_instance *instance = open_instance(NULL, "");
    float one[2] = { 1, 0 }, two[2] = { 0, 1 };
    uint64_t count;
    CHECK(put(instance, "a", "x", one, 2, "") == KW_OK && put(instance, "b", "x", two, 2, "") == KW_OK);
    CHECK(put(instance, "b", "y", two, 2, "") == KW_OK);
    CHECK(items_of(instance, "a") == 1 && items_of(instance, "b") == 2);
    CHECK(removed(instance, "b", (kw_span) { NULL, 0, 0 }, &count) == KW_OK && count == 2);
    CHECK(items_of(instance, "a") == 1 && items_of(instance, "b") == 0);
    CHECK(wipe(instance, "a") == KW_OK && items_of(instance, "a") == UINT64_MAX);
    CHECK(wipe(instance, "a") == KW_NOT_FOUND && items_of(instance, "b") == 0);
    close_instance(instance);
}

static void of_equal_ids_the_last_wins(void)
{
    kw_instance *instance = open_instance(NULL, "");
    float rows[4][2] = { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } };
    kw_str twice[4] = { ids[0], ids[1], ids[0], ids[0] };
    uint64_t written = 0;
    test_call call;
    kw_status status;
    CHECK(upsert(instance, "r", 4, twice, rows[0], 2, NULL, &written) == KW_OK && written == 2);
    CHECK(upsert(instance, "r", 4, twice, rows[0], 2, NULL, &written) == KW_OK && written == 2);
    CHECK(items_of(instance, "r") == 2);
    kw_query q = query_of(rows[3], 2, 1);
    const kw_query_result *r = search(instance, "r", &q, &call, &status);
    CHECK(status == KW_OK && kw_equal(((const kw_hit *)r->hits.ptr)->id, ids[0]));
    CHECK(fabs(((const kw_hit *)r->hits.ptr)->score - 1) < 1e-12);
    test_call_end(&call);
    close_instance(instance);
}

/* Ids collide in the index, and removed ones leave no gap that hides another. */
static void every_id_is_found_after_many_removals(void)
{
    kw_instance *instance = open_instance(NULL, "");
    static float rows[ITEMS][2];
    int present[ITEMS];
    uint32_t held = ITEMS;
    uint64_t count;
    for (uint32_t i = 0; i < ITEMS; i++) {
        rows[i][0] = (float)i + 1;
        present[i] = 1;
    }
    CHECK(upsert(instance, "r", ITEMS, ids, rows[0], 2, NULL, NULL) == KW_OK);
    for (int round = 0; round < 400; round++) {
        kw_value gone[8];
        for (int g = 0; g < 8; g++) {
            uint32_t i = random_below(ITEMS);
            gone[g] = (kw_value) { .h = KW_HDR(kw_value), .kind = KW_VALUE_STRING, .text = ids[i] };
            held -= (uint32_t)present[i];
            present[i] = 0;
        }
        kw_finst step = { .h = KW_HDR(kw_finst), .op = KW_FILTER_IDS, .values = KW_SPAN(gone) };
        CHECK(removed(instance, "r", kw_span_of(&step, 1, sizeof step), &count) == KW_OK);
        CHECK(items_of(instance, "r") == held);
        for (uint32_t i = 0; i < ITEMS; i++) /* one that is there must be found, or it would be added again */
            if (present[i] && random_below(8) == 0)
                CHECK(upsert(instance, "r", 1, &ids[i], rows[i], 2, NULL, NULL) == KW_OK);
        CHECK(items_of(instance, "r") == held);
        for (int back = 0; back < 8; back++) {
            uint32_t i = random_below(ITEMS);
            CHECK(upsert(instance, "r", 1, &ids[i], rows[i], 2, NULL, NULL) == KW_OK);
            held += !present[i];
            present[i] = 1;
        }
    }
    close_instance(instance);
}

static void bad_input_changes_nothing_and_says_why(void)
{
    kw_instance *instance = open_instance(NULL, "");
    float good[3] = { 1, 2, 3 }, rows[2][3] = { { 1, 2, 3 }, { 4, NAN, 6 } };
    char long_id[600];
    memset(long_id, 'x', sizeof long_id);
    CHECK(put(instance, "r", "a", good, 3, "{}") == KW_OK);
    CHECK(upsert(instance, "r", 2, ids, rows[0], 3, NULL, NULL) == KW_INVALID_ARGUMENT);
    CHECK(strstr(last_message, "item-0001") != NULL);
    rows[1][1] = INFINITY;
    CHECK(upsert(instance, "r", 2, ids, rows[0], 3, NULL, NULL) == KW_INVALID_ARGUMENT);
    CHECK(put(instance, "r", "b", good, 2, "") == KW_DIMENSION_MISMATCH);
    CHECK(put(instance, "r", "", good, 3, "") == KW_INVALID_ARGUMENT);
    CHECK(put(instance, "", "a", good, 3, "") == KW_INVALID_ARGUMENT);
    CHECK(put(instance, "r\xff", "a", good, 3, "") == KW_INVALID_ARGUMENT);
    kw_str too_long = { long_id, sizeof long_id };
    CHECK(upsert(instance, "r", 1, &too_long, good, 3, NULL, NULL) == KW_INVALID_ARGUMENT);
    static const char *const broken[] = { "{", "[]", "1", "{\"a\":}", "{\"a\":01}", "{\"a\":1,}", "{\"a\":\"\\ud800\"}",
                                          "{\"a\":1e999}", "{\"a\":nul}", "{} x", "{\"a\":\"\x01\"}",
                                          "{\"a\":\"\xc0\x80\"}",
                                          "{\"a\" 1}", "{'a':1}", "{\"a\":[1,]}", "{\"a\":.5}", "{\"a\":-}" };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        CHECK(put(instance, "r", "b", good, 3, broken[i]) == KW_INVALID_ARGUMENT);
    char deep[201];
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    deep[200] = '\0';
    char nested[256];
    snprintf(nested, sizeof nested, "{\"a\":%s}", deep);
    CHECK(put(instance, "r", "b", good, 3, nested) == KW_INVALID_ARGUMENT && strstr(last_message, "deep") != NULL);
    CHECK(items_of(instance, "r") == 1);

    kw_query q = query_of(rows[1], 3, 1);
    CHECK(query_status(instance, "r", &q) == KW_INVALID_ARGUMENT);
    q = query_of(good, 2, 1);
    CHECK(query_status(instance, "r", &q) == KW_DIMENSION_MISMATCH);
    q = query_of(good, 3, 1);
    CHECK(query_status(instance, "none", &q) == KW_NOT_FOUND);
    q.element = KW_ELEMENT_F16;
    CHECK(query_status(instance, "r", &q) == KW_UNIMPLEMENTED);
    CHECK(ensure(instance, "r", 3, KW_METRIC_DOT, "") == KW_FAILED_PRECONDITION);
    CHECK(ensure(instance, "r", 4, KW_METRIC_COSINE, "") == KW_DIMENSION_MISMATCH);
    CHECK(ensure(instance, "q", 4, KW_METRIC_HAMMING, "") == KW_UNIMPLEMENTED);
    CHECK(ensure(instance, "q", 0, KW_METRIC_DOT, "") == KW_INVALID_ARGUMENT);
    CHECK(ensure(instance, "e", 3, KW_METRIC_DOT, "one") == KW_OK);
    CHECK(ensure(instance, "e", 3, KW_METRIC_DOT, "two") == KW_FAILED_PRECONDITION);
    q = query_of(good, 3, 1);
    q.embedder_id = kw_string("two");
    CHECK(query_status(instance, "e", &q) == KW_FAILED_PRECONDITION);
    CHECK(open_instance(NULL, "{\"scan\":\"mmx\"}") == NULL && open_instance(NULL, "{\"lockWaitMs\":-1}") == NULL);
    CHECK(open_instance(NULL, "{") == NULL);
    close_instance(instance);
}

static void a_batch_answers_each_query_and_a_full_arena_is_an_error(void)
{
    kw_instance *instance = open_instance(NULL, "");
    float rows[3][2] = { { 1, 0 }, { 0, 1 }, { -1, 0 } };
    CHECK(upsert(instance, "r", 3, ids, rows[0], 2, NULL, NULL) == KW_OK);
    kw_query queries[3];
    for (int i = 0; i < 3; i++)
        queries[i] = query_of(rows[i], 2, 1);
    kw_query_in in = { .h = KW_HDR(kw_query_in), .repo = kw_string("r"), .queries = KW_SPAN(queries) };
    test_call call;
    test_call_begin(&call);
    CHECK(backend->query(instance, &call.call, &in) == KW_OK);
    const kw_query_out *out = call.reply;
    CHECK(out->results.count == 3);
    for (uint32_t i = 0; i < out->results.count; i++) {
        const kw_query_result *r = kw_at(out->results, i);
        CHECK(r->hits.count == 1 && kw_equal(((const kw_hit *)r->hits.ptr)->id, ids[i]));
    }
    test_call_end(&call);
    for (uint64_t quota = 0; quota < 800; quota += 40) {
        test_call_begin(&call);
        call.quota = quota;
        kw_status status = backend->query(instance, &call.call, &in);
        CHECK(status == KW_OK || status == KW_RESOURCE_EXHAUSTED);
        CHECK(quota > 200 || status == KW_RESOURCE_EXHAUSTED);
        done(&call, status);
    }
    test_call_begin(&call);
    test_call_cancel(&call);
    CHECK(done(&call, backend->query(instance, &call.call, &in)) == KW_CANCELLED);
    test_call_begin(&call);
    call.call.deadline_ns = 1;
    CHECK(done(&call, backend->query(instance, &call.call, &in)) == KW_DEADLINE_EXCEEDED);
    close_instance(instance);
}

int main(void)
{
    static const char *const levels[] = { "scalar", "avx2", "avx512", "auto" };
    static const uint32_t dims[] = { 1, 3, 16, 33, 384 };
    start();
    make_ids();
    dispatch_levels_agree();
    for (size_t l = 0; l < 4; l++)
        for (uint32_t metric = KW_METRIC_COSINE; metric <= KW_METRIC_L2; metric++)
            for (size_t d = l == 3 ? 0 : 2; d < 5; d++)
                if (dims[d] > 1 || metric != KW_METRIC_COSINE) /* in one dimension every cosine is a tie */
                    results_equal_the_oracles(levels[l], metric, dims[d]);
    values_at_the_edge_of_f32_work();
    repositories_do_not_see_each_other();
    of_equal_ids_the_last_wins();
    every_id_is_found_after_many_removals();
    bad_input_changes_nothing_and_says_why();
    a_batch_answers_each_query_and_a_full_arena_is_an_error();
    return test_finish();
}
